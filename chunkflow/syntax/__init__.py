"""Turns bytes into chunks. It knows no cache, no process and no file."""
