"""Repair: valid TypeScript that the grammar lacks is put in words of the same length that it has."""

from chunkflow.syntax.repair.rounds import repaired

__all__ = ["repaired"]
