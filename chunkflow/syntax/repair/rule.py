"""A rule of the repair."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from chunkflow.syntax.repair.code import Code, Edit


class RepairRule(NamedTuple):
    """One construct that the grammar lacks."""

    name: str
    words: tuple[bytes, ...]
    """The rule concerns only files that contain one of these."""
    find: Callable[[Code], Iterable[Edit]]

    def concerns(self, text: bytes) -> bool:
        """Whether the rule could find anything in a masked text."""
        return any(word in text for word in self.words)
