"""Bytes to chunks; knows no cache, no process and no file."""
