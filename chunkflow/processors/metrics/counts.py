"""Complexity and nesting of functions, counted from marks.

All counting is bisection in sorted lists of offsets, and a figure of a function alone is that of
all its text less that of the functions in it. So the marks are not walked over one by one in
Python: that took twice as long.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TypeAlias

from chunkflow.processors.metrics.marks import FoundFunction, Marks

Counts: TypeAlias = tuple[int, int, int]
"""Cyclomatic and cognitive complexity, and nesting."""

STRAIGHT: Counts = (1, 0, 0)
"""Of a function without a branch."""


def counted(marks: Marks) -> dict[int, Counts]:
    """Place of a function among those found → its counts; what has no branch is left out.

    The marks are sorted. A function that a search found twice counts for less than it holds.
    """
    if not marks.branches and not marks.statements:
        return {}
    tally = _Tally(marks)
    opened: list[_Branching] = []
    branching = []
    for place, found in enumerate(marks.functions):
        function = tally.all_of(place, found)
        if function is None:
            continue
        while opened and opened[-1].end <= function.start:
            opened.pop()
        if opened:
            tally.take_away(opened[-1], function)
        opened.append(function)
        branching.append(function)
    return {function.place: tally.finished(function) for function in branching}


class _Branching:
    """What is counted of a function that has branches or control statements in its text."""

    __slots__ = (
        "branches",
        "cognitive",
        "end",
        "flat_branches",
        "nesting",
        "nesting_branches",
        "place",
        "start",
        "statements",
    )

    def __init__(self, place: int, start: int, end: int) -> None:
        self.place = place
        self.start = start
        self.end = end
        self.cognitive = self.nesting = 0
        # Of all its text, until the functions in it take theirs away.
        self.branches = self.nesting_branches = self.flat_branches = 0
        # Those of the marked statements that may still be its own.
        self.statements = (0, 0)


class _Tally:
    """Counts in sorted marks."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        levels = _depths(marks.nesting_branches, marks.level_starts, marks.level_ends)
        self._level_sums = [0, *accumulate(levels)]
        depths = _depths(marks.statements, marks.block_starts, marks.block_ends)
        self._depths = [1 + depth for depth in depths]

    def all_of(self, place: int, found: FoundFunction) -> _Branching | None:
        """What all text of a function holds; None if there is nothing that counts."""
        marks = self._marks
        start, _, nests, _, end, *_ = found
        first_branch, last_branch = _between(marks.branches, start, end)
        statements = _between(marks.statements, start, end)
        if first_branch == last_branch and statements[0] == statements[1]:
            return None
        function = _Branching(place, start, end)
        function.statements = statements
        function.branches = last_branch - first_branch
        first, last = _between(marks.flat_branches, start, end)
        function.flat_branches = function.cognitive = last - first
        first, last = _between(marks.nesting_branches, start, end)
        function.nesting_branches = last - first
        if first < last:
            level = _depth(start - (not nests), marks.level_starts, marks.level_ends) - 1
            cost = self._level_sums[last] - self._level_sums[first] - level * (last - first)
            function.cognitive += cost
        return function

    def take_away(self, outer: _Branching, inner: _Branching) -> None:
        """What is in the inner function is not the outer's own."""
        outer.branches -= inner.branches
        outer.flat_branches -= inner.flat_branches
        outer.nesting_branches -= inner.nesting_branches
        first, last = inner.statements
        self._deepen(outer, first)
        outer.statements = last, outer.statements[1]

    def finished(self, function: _Branching) -> Counts:
        """A function's counts, once all functions in it have taken theirs away."""
        cognitive = function.cognitive
        if not function.nesting_branches:
            # It only declares the functions in it, so what they cost is not its own.
            cognitive = function.flat_branches
        self._deepen(function, function.statements[1])
        nesting = function.nesting
        if nesting:
            marks = self._marks
            nesting -= _depth(function.start, marks.block_starts, marks.block_ends)
        return 1 + function.branches, cognitive, nesting

    def _deepen(self, function: _Branching, last: int) -> None:
        first = function.statements[0]
        if first < last:
            deepest = max(self._depths[first:last])
            function.nesting = max(function.nesting, deepest)


def _between(marks: list[int], start: int, end: int) -> tuple[int, int]:
    first = bisect_left(marks, start)
    return first, bisect_left(marks, end, first)


def _depth(place: int, starts: list[int], ends: list[int]) -> int:
    return bisect_right(starts, place) - bisect_right(ends, place)


def _depths(places: list[int], starts: list[int], ends: list[int]) -> list[int]:
    """How many of the spans are around each of the places."""
    return [bisect_right(starts, place) - bisect_right(ends, place) for place in places]
