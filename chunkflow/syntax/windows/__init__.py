"""Chunks files that are too large to be parsed as a whole, window by window."""

from chunkflow.syntax.windows.cutter import Window, cut_windows

__all__ = ["Window", "cut_windows"]
