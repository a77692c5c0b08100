"""Counts the complexity and nesting of functions from marks.

All counting is bisection in sorted lists of offsets, and the figure of a function alone is that of
all its text less that of the functions in it. A loop over the marks in Python takes twice as long.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TypeAlias

from chunkflow.processors.metrics.marks import FoundFunction, Marks

BranchCounts: TypeAlias = tuple[int, int, int]
"""Cyclomatic complexity, cognitive complexity, and nesting."""

STRAIGHT: BranchCounts = (1, 0, 0)
"""The counts of a function without a branch."""


def count_branches(marks: Marks) -> dict[int, BranchCounts]:
    """Map the place of a function among those found to its counts; without a branch it is left out.

    The marks must be sorted. A function that a search found twice counts for less than it holds.
    """
    if not marks.branches and not marks.statements:
        return {}
    tally = _Tally(marks)
    opened: list[_Branching] = []
    branching = []
    for place, found in enumerate(marks.functions):
        function = tally.count_all(place, found)
        if function is None:
            continue
        while opened and opened[-1].end <= function.start:
            opened.pop()
        if opened:
            tally.subtract(opened[-1], function)
        opened.append(function)
        branching.append(function)
    return {function.place: tally.complete(function) for function in branching}


class _Branching:
    """The running counts of a function that has branches or control statements in its text."""

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
        # Of all its text, until those of inner functions are subtracted.
        self.branches = self.nesting_branches = self.flat_branches = 0
        # The marked statements that may still be its own.
        self.statements = (0, 0)


class _Tally:
    """Counts in sorted marks."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        levels = _compute_depths(marks.nesting_branches, marks.level_starts, marks.level_ends)
        self._level_sums = [0, *accumulate(levels)]
        depths = _compute_depths(marks.statements, marks.block_starts, marks.block_ends)
        self._depths = [1 + depth for depth in depths]

    def count_all(self, place: int, found: FoundFunction) -> _Branching | None:
        """Count what all text of a function holds; None if nothing in it counts."""
        marks = self._marks
        start, _, nests, _, end, *_ = found
        first_branch, last_branch = _find_between(marks.branches, start, end)
        statements = _find_between(marks.statements, start, end)
        if first_branch == last_branch and statements[0] == statements[1]:
            return None
        function = _Branching(place, start, end)
        function.statements = statements
        function.branches = last_branch - first_branch
        first, last = _find_between(marks.flat_branches, start, end)
        function.flat_branches = function.cognitive = last - first
        first, last = _find_between(marks.nesting_branches, start, end)
        function.nesting_branches = last - first
        if first < last:
            level = _compute_depth(start - (not nests), marks.level_starts, marks.level_ends) - 1
            cost = self._level_sums[last] - self._level_sums[first] - level * (last - first)
            function.cognitive += cost
        return function

    def subtract(self, outer: _Branching, inner: _Branching) -> None:
        """Subtract what belongs to an inner function."""
        outer.branches -= inner.branches
        outer.flat_branches -= inner.flat_branches
        outer.nesting_branches -= inner.nesting_branches
        first, last = inner.statements
        self._deepen(outer, first)
        outer.statements = last, outer.statements[1]

    def complete(self, function: _Branching) -> BranchCounts:
        """A function's counts, once those of all inner functions are subtracted."""
        cognitive = function.cognitive
        if not function.nesting_branches:
            # It only declares the functions in it, so their cost is not its own.
            cognitive = function.flat_branches
        self._deepen(function, function.statements[1])
        nesting = function.nesting
        if nesting:
            marks = self._marks
            nesting -= _compute_depth(function.start, marks.block_starts, marks.block_ends)
        return 1 + function.branches, cognitive, nesting

    def _deepen(self, function: _Branching, last: int) -> None:
        first = function.statements[0]
        if first < last:
            deepest = max(self._depths[first:last])
            function.nesting = max(function.nesting, deepest)


def _find_between(marks: list[int], start: int, end: int) -> tuple[int, int]:
    first = bisect_left(marks, start)
    return first, bisect_left(marks, end, first)


def _compute_depth(place: int, starts: list[int], ends: list[int]) -> int:
    return bisect_right(starts, place) - bisect_right(ends, place)


def _compute_depths(places: list[int], starts: list[int], ends: list[int]) -> list[int]:
    """Count the spans around each of the places."""
    return [bisect_right(starts, place) - bisect_right(ends, place) for place in places]
