"""Repair: what the grammar lacks of TypeScript is put in words, as long, that it has."""

from chunkflow.syntax.repair.rounds import repaired

__all__ = ["repaired"]
