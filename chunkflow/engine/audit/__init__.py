"""What the cache holds, looked at and checked without changing it."""
