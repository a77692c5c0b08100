"""Puts text that the grammar knows in place of valid TypeScript that it does not."""

from chunkflow.syntax.repair.rounds import repair_text

__all__ = ["repair_text"]
