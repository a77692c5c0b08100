"""How much of a file is parsed at a time."""

WINDOW_BYTES = 64 * 1024
"""With larger windows, a parse that has to be done again costs more; smaller ones save nothing."""
WHOLE_BYTES = 2 * WINDOW_BYTES
"""A file that is no larger is one window, and is always held whole."""
MOST_HELD_BYTES = 8 * 1024 * 1024
"""A larger file is never held whole, whatever the settings say."""
