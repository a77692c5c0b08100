"""Parsing within a budget, so that no text, however odd, holds a run up or fills the memory.

What a parse may take is counted in the parser's own steps, by the size of its text: the same text
has the same result on any machine, under any load. The clock and the memory in use are looked at
too, as the last stop.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from tree_sitter import Node, Parser

from chunkflow.errors import TimeLimitReached

# A step here is a hundred of the parser's operations: it tells of its progress so often. Source
# takes one for 40 to 110 bytes; broken and hostile text, where it ends at all, one for 20.
_BASE_STEPS = 200
_BYTES_PER_STEP = 8
# A text is parsed up to some times: whole, repaired, and piece by piece.
_PARSES = 4
_STEPS_A_LOOK = 64
# A hundred times what source takes on a slow machine: for steps that are long themselves.
_BASE_S = 2.0
_BYTES_PER_S = 50_000
_MOST_BYTES = 160 * 1024 * 1024
"""By how much a process may grow in one parse; ordinary text takes 0.1 KB a byte."""


class Deadline:
    """When work on a file is to be over.

    Args:
        limit_s: how long it may take from now on; None for ever.
    """

    __slots__ = ("_end_s", "limit_s")

    def __init__(self, limit_s: float | None = None) -> None:
        self.limit_s = limit_s
        self._end_s = None if limit_s is None else monotonic() + limit_s

    def check(self) -> None:
        """Raise `TimeLimitReached` where it is past."""
        if self._end_s is not None and monotonic() > self._end_s:
            raise TimeLimitReached(f"it took longer than {self.limit_s:g} s")


NO_DEADLINE = Deadline()


class Budget:
    """What the parses of one text may take together.

    Args:
        size_bytes: the size of the text.
        deadline: looked at while a parse lasts; past it, `TimeLimitReached` is raised.
    """

    __slots__ = ("_deadline", "_left")

    def __init__(self, size_bytes: int, deadline: Deadline = NO_DEADLINE) -> None:
        self._left = _PARSES * _steps(size_bytes)
        self._deadline = deadline

    def parse(self, parser: Parser, source: bytes, size_bytes: int) -> Node | None:
        """The root of the tree, or None where the budget did not suffice.

        Args:
            parser: with its language and, possibly, the ranges to parse.
            source: the whole text.
            size_bytes: how much of it is parsed.
        """
        return self._parse(parser, source, size_bytes, to_error=False)[0]

    def parse_to_error(
        self, parser: Parser, source: bytes, size_bytes: int
    ) -> tuple[Node | None, int]:
        """The root of a tree; or None, and about where the first error is.

        Where the budget did not suffice, that is where the parser was. Not every error ends it:
        the tree may have some.
        """
        return self._parse(parser, source, size_bytes, to_error=True)

    def _parse(
        self, parser: Parser, source: bytes, size_bytes: int, *, to_error: bool
    ) -> tuple[Node | None, int]:
        steps, place = 0, 0
        most = min(_steps(size_bytes), self._left)
        before_bytes = -1
        end_s = monotonic() + _BASE_S + size_bytes / _BYTES_PER_S

        def is_enough(offset: int, has_error: bool) -> bool:
            nonlocal steps, place, before_bytes
            steps += 1
            if steps > most or (to_error and has_error):
                place = offset
                return True
            if not steps % _STEPS_A_LOOK:
                self._deadline.check()
                now_bytes = _resident_bytes()
                if before_bytes < 0:
                    before_bytes = now_bytes
                elif now_bytes - before_bytes > _MOST_BYTES or monotonic() > end_s:
                    place = offset
                    return True
            return False

        if most <= 0:
            return None, 0
        try:
            with _reading(source) as read:
                return parser.parse(read, progress_callback=is_enough).root_node, -1
        except ValueError:
            return None, place
        finally:
            self._left -= steps
            # Or it would go on with this text at the next call.
            parser.reset()


def _steps(size_bytes: int) -> int:
    return _BASE_STEPS + size_bytes // _BYTES_PER_STEP


def _resident_bytes() -> int:
    """How much memory the process holds; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


@contextmanager
def _reading(source: bytes) -> Iterator[Callable[[int, object], memoryview]]:
    """What a parser reads a text with."""
    whole = memoryview(source)
    # The parser asks for the same place again and again, and py-tree-sitter 0.26 never lets go of
    # what it was given to read: a view each time, and, were it not released, its source.
    views: dict[int, memoryview] = {}

    def read(offset: int, _point: object) -> memoryview:
        view = views.get(offset)
        if view is None:
            view = views[offset] = whole[offset:]
        return view

    try:
        yield read
    finally:
        for view in views.values():
            view.release()
        whole.release()
