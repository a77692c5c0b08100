"""Parsing within a budget of time: no text, however odd, holds a run up for long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from tree_sitter import Node, Parser

# Some twenty times what source takes on a slow machine; only nonsense comes near.
_BASE_S = 5.0
_BYTES_PER_S = 100_000
# Shorter text cannot take long.
_SHORT_BYTES = 16 * 1024


class Budget:
    """The time that the parses of one text may take together."""

    __slots__ = ("_end_s",)

    def __init__(
        self, size_bytes: int, *, base_s: float | None = None, bytes_per_s: int = _BYTES_PER_S
    ) -> None:
        base_s = _BASE_S if base_s is None else base_s
        self._end_s = monotonic() + base_s + size_bytes / bytes_per_s

    def parse(self, parser: Parser, source: bytes, size_bytes: int) -> Node | None:
        """The root of the tree, or None where the time did not suffice.

        Args:
            parser: with its language and, possibly, the ranges to parse.
            source: the whole text.
            size_bytes: how much of it is parsed.
        """
        end_s = self._end_s
        if size_bytes < _SHORT_BYTES:
            return None if monotonic() > end_s else parser.parse(source).root_node

        def is_spent(_offset: int, _has_error: bool) -> bool:
            # Every hundred steps, which costs a parse 2 %. That there are errors is not always told
            # before its end, so that is no reason not to look at the clock.
            return monotonic() > end_s

        with _reading(source) as read:
            try:
                return parser.parse(read, progress_callback=is_spent).root_node
            except ValueError:
                parser.reset()  # or it would go on with this text at the next call
                return None

    def parse_to_error(self, parser: Parser, source: bytes) -> tuple[Node | None, int]:
        """The root of a tree; or None, and about where the first error is.

        Where the time did not suffice, it is None and -1. Not every error ends it: the tree may
        have some.
        """
        end_s, error = self._end_s, -1

        def is_enough(offset: int, has_error: bool) -> bool:
            nonlocal error
            if has_error:
                error = offset
            return has_error or monotonic() > end_s

        with _reading(source) as read:
            try:
                return parser.parse(read, progress_callback=is_enough).root_node, -1
            except ValueError:
                parser.reset()
                return None, error


@contextmanager
def _reading(source: bytes) -> Iterator[Callable[[int, object], memoryview]]:
    """What a parser reads a text with."""
    views: list[memoryview] = []

    def read(offset: int, _point: object) -> memoryview:
        views.append(memoryview(source)[offset:])
        return views[-1]

    try:
        yield read
    finally:
        # py-tree-sitter 0.26 never lets go of what it was given to read: a source a parse.
        for view in views:
            view.release()
