"""Cuts declarations that are larger than a limit."""

from chunkflow.syntax.cutting.rows import cut_rows

__all__ = ["cut_rows"]
