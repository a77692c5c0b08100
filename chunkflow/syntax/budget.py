"""Limits what a parse may take, so that no text holds up a run or fills the memory.

What a parse may take is counted in the parser's own steps, by the size of its text: the same text
has the same result on any machine, under any load. The clock and the memory in use are looked at
too, as a last resort.
"""

import os
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
    """When to give up on a file.

    Args:
        limit_s: how long it may take from now on; None sets no limit.
    """

    __slots__ = ("_end_s", "limit_s")

    def __init__(self, limit_s: float | None = None) -> None:
        self.limit_s = limit_s
        self._end_s = None if limit_s is None else monotonic() + limit_s

    def restart(self) -> None:
        """Let the time count from now on: what it limits has begun anew."""
        if self.limit_s is not None:
            self._end_s = monotonic() + self.limit_s

    def check(self) -> None:
        """Raise `TimeLimitReached` once the deadline has passed."""
        if self._end_s is not None and monotonic() > self._end_s:
            raise TimeLimitReached(f"it took longer than {self.limit_s:g} s")


NO_DEADLINE = Deadline()


class Budget:
    """Limits all parses of one text together.

    Args:
        size_bytes: the size of the text.
        deadline: checked during a parse; past it, `TimeLimitReached` is raised.
    """

    __slots__ = ("_deadline", "_left")

    def __init__(self, size_bytes: int, deadline: Deadline = NO_DEADLINE) -> None:
        self._left = _PARSES * _count_steps(size_bytes)
        self._deadline = deadline

    def parse(self, parser: Parser, source: bytes, size_bytes: int) -> Node | None:
        """Parse a text; returns the root, or None if the budget ran out.

        Args:
            parser: with its language and, possibly, the ranges to parse.
            source: the whole text.
            size_bytes: how much of it is parsed.
        """
        return self._parse(parser, source, size_bytes, to_error=False)[0]

    def parse_to_error(
        self, parser: Parser, source: bytes, size_bytes: int
    ) -> tuple[Node | None, int]:
        """Parse up to an error; returns the root, or None and roughly where the error is.

        If the budget ran out, that is where the parser was. Not every error ends the parse, so
        the tree may have some.
        """
        return self._parse(parser, source, size_bytes, to_error=True)

    def _parse(
        self, parser: Parser, source: bytes, size_bytes: int, *, to_error: bool
    ) -> tuple[Node | None, int]:
        most = min(_count_steps(size_bytes), self._left)
        if most <= 0:
            return None, 0
        steps, place, look = 0, 0, min(_STEPS_A_LOOK, most)
        watch: _Watch | None = None

        def is_over(offset: int) -> bool:
            nonlocal place, look, watch
            place = offset
            if steps >= most:
                return True
            look = min(look + _STEPS_A_LOOK, most)
            if watch is None:
                watch = _Watch(size_bytes, self._deadline)
            return watch.is_over()

        # Called some fifty times a file, so it does as little as it can.
        def count(offset: int, _has_error: bool) -> bool:
            nonlocal steps
            steps += 1
            return steps >= look and is_over(offset)

        def count_to_error(offset: int, has_error: bool) -> bool:
            nonlocal place
            if has_error:
                place = offset
            return has_error or count(offset, has_error)

        views = _Views(memoryview(source))
        try:
            callback = count_to_error if to_error else count
            return parser.parse(views.read, progress_callback=callback).root_node, -1
        except BaseException as exc:  # noqa: BLE001 - whatever it is, it goes on
            # Or it would go on with this text at the next call.
            parser.reset()
            if isinstance(exc, ValueError):
                return None, place
            raise _find_cause(exc) from None
        finally:
            self._left -= steps
            views.release()


def _find_cause(exc: BaseException) -> BaseException:
    """What ended a parse: what a signal raises while the parser reads is behind its own error."""
    cause: BaseException | None = exc
    while cause is not None and isinstance(cause, SystemError):
        cause = cause.__cause__ or cause.__context__
    return cause or exc


class _Views(dict[int, memoryview]):
    """What a parser reads a text with: a view from each place on that it asks for.

    It asks for the same place again and again, and py-tree-sitter 0.26 never lets go of what it was
    given to read: a view each time, and, were it not released, its source.
    """

    __slots__ = ("_whole",)

    def __init__(self, whole: memoryview) -> None:
        super().__init__()
        self[0] = self._whole = whole

    def __missing__(self, offset: int) -> memoryview:
        """Make the view; it is kept."""
        view = self[offset] = self._whole[offset:]
        return view

    def read(self, offset: int, _point: object) -> memoryview:
        """The text from there on."""
        return self[offset]

    def release(self) -> None:
        """Let go of the text."""
        for view in self.values():
            view.release()


class _Watch:
    """Watches the clock and the memory during a parse."""

    __slots__ = ("_before_bytes", "_deadline", "_end_s")

    def __init__(self, size_bytes: int, deadline: Deadline) -> None:
        self._deadline = deadline
        self._end_s = monotonic() + _BASE_S + size_bytes / _BYTES_PER_S
        self._before_bytes = _read_resident_bytes()

    def is_over(self) -> bool:
        """Whether the parse has taken too long or too much; past the deadline, raises."""
        self._deadline.check()
        return (
            monotonic() > self._end_s or _read_resident_bytes() - self._before_bytes > _MOST_BYTES
        )


def _count_steps(size_bytes: int) -> int:
    return _BASE_STEPS + size_bytes // _BYTES_PER_STEP


def _read_resident_bytes() -> int:
    """How much memory the process holds; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
