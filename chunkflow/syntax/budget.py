"""Parsing within a budget of time: no text, however odd, holds a run up for long."""

import time

from tree_sitter import Node, Parser

# Some twenty times what source takes on a slow machine; only nonsense comes near.
_BASE_S = 5.0
_BYTES_PER_S = 100_000
# Shorter text cannot take long, and to ask for the time costs a parse 2 %.
_SHORT_BYTES = 16 * 1024


class Budget:
    """The processor time that the parses of one text may take; seconds of this thread."""

    def __init__(self, size_bytes: int) -> None:
        self._end_s = time.thread_time() + _BASE_S + size_bytes / _BYTES_PER_S

    @property
    def is_spent(self) -> bool:
        """Whether no time is left."""
        return time.thread_time() > self._end_s

    def parse(self, parser: Parser, source: bytes, size_bytes: int) -> Node | None:
        """The root of the tree, or None where the time did not suffice.

        Args:
            parser: with its language and, possibly, the ranges to parse.
            source: the whole text.
            size_bytes: how much of it is parsed.
        """
        if size_bytes < _SHORT_BYTES:
            return None if self.is_spent else parser.parse(source).root_node
        try:
            tree = parser.parse(
                # The parser asks once, from the start, and keeps what it is given.
                lambda offset, _point: source[offset:] if offset else source,
                progress_callback=lambda _offset, _has_error: self.is_spent,
            )
        except ValueError:
            parser.reset()  # or it would go on with this text at the next call
            return None
        return tree.root_node
