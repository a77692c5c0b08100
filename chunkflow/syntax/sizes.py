"""How much of a file is parsed and held at a time."""

WINDOW_BYTES = 64 * 1024
"""Larger windows make a repeated parse cost more; smaller ones save nothing."""
WHOLE_BYTES = 2 * WINDOW_BYTES
"""A file up to this size is one window and is always held whole."""
MOST_HELD_BYTES = 8 * 1024 * 1024
"""A larger file is never held whole, whatever the settings."""
