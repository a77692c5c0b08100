"""What runs on a chunk."""
