"""From marks to the figures of functions.

All counting is bisection in sorted lists of offsets, and a figure of a function alone is that of
all its text less that of the functions in it. So the marks are not walked over one by one in
Python: that took twice as long.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate

from chunkflow.model.chunk import Chunk
from chunkflow.processors.metrics.lines import count_lines
from chunkflow.processors.metrics.marks import FoundFunction, Marks, OutsideName


class Function:
    """A function and its figures."""

    __slots__ = (
        "branches",
        "cognitive",
        "cyclomatic",
        "end",
        "end_line",
        "flat_branches",
        "found",
        "head",
        "name",
        "nesting",
        "nesting_branches",
        "sloc",
        "start",
        "start_line",
        "statements",
    )

    def __init__(self, found: FoundFunction) -> None:
        self.found = found
        self.name = found.name
        self.head = found.head
        self.start = found.start
        self.end = found.end
        self.cyclomatic = 1
        self.cognitive = self.nesting = 0
        self.start_line = self.end_line = self.sloc = 1
        # Of all its text, until the functions in it take theirs away.
        self.branches = self.nesting_branches = self.flat_branches = 0
        # Those of the marked statements that may still be its own.
        self.statements = (0, 0)


class Meter:
    """Measures the functions of one chunk after the other; the chunks come in order.

    A function that reaches beyond its chunk holds chunks of its own and is passed over.
    """

    def __init__(self, marks: Marks, source: bytes) -> None:
        marks.sort()
        self._marks = marks
        self._source = source
        self._level_sums = [0, *accumulate(map(self._level, marks.nesting_branches))]
        self._depths = [1 + self._depth(place) for place in marks.statements]
        self._names = _names_of(marks)
        self._decorators = {end: start for start, end in marks.decorators}
        self._place = 0

    def functions(self, chunk: Chunk) -> list[Function]:
        """The chunk's functions in source order."""
        functions: list[Function] = []
        opened: list[Function] = []
        found, start, end = self._marks.functions, chunk.start_byte, chunk.end_byte
        place, count = self._place, len(found)
        while place < count and found[place].inner_start < end:
            if found[place].start >= start and found[place].end <= end:
                function = self._measured(place)
                while opened and opened[-1].end <= function.start:
                    opened.pop()
                if opened:
                    self._take_away(opened[-1], function)
                opened.append(function)
                functions.append(function)
            place += 1
        self._place = place
        if functions:
            self._finish(functions, start)
        return functions

    def _measured(self, place: int) -> Function:
        """The function with what all its text holds."""
        marks = self._marks
        found = marks.functions[place]
        function = Function(found)
        self._name(function, place)
        start, end = found.inner_start, found.end
        first = bisect_left(marks.branches, start)
        function.branches = bisect_left(marks.branches, end, first) - first
        first = bisect_left(marks.statements, start)
        last = bisect_left(marks.statements, end, first)
        function.statements = first, last
        if function.branches or first < last:
            self._add_cognitive(function, start, end)
        return function

    def _add_cognitive(self, function: Function, start: int, end: int) -> None:
        marks = self._marks
        first = bisect_left(marks.flat_branches, start)
        flat_count = bisect_left(marks.flat_branches, end, first) - first
        first = bisect_left(marks.nesting_branches, start)
        last = bisect_left(marks.nesting_branches, end, first)
        level = self._level(start - (not function.found.nests)) - 1
        cost = self._level_sums[last] - self._level_sums[first] - level * (last - first)
        function.flat_branches = flat_count
        function.nesting_branches = last - first
        function.cognitive = flat_count + cost

    def _name(self, function: Function, place: int) -> None:
        """Take what stands around the function for its name, and for what to point at."""
        found = function.found
        around = self._names.get(place)
        if around is not None:
            function.name = found.name or _text_of(around, self._source)
            if around.is_key:
                function.head = around.start, around.end
        elif place and found.nests:
            field = self._marks.functions[place - 1]
            if field.bound_head and field.start == found.start and field.end == found.end:
                function.name = found.name or field.name
                function.head = field.bound_head
            elif self._decorators:
                function.head = self._with_decorators(found), found.head[1]

    def _with_decorators(self, found: FoundFunction) -> int:
        """Where the head starts; a method's decorators are beside it in the tree."""
        start = found.head[0]
        end = start
        while end:
            if self._source[end - 1 : end].isspace():
                end -= 1
            elif end in self._decorators:
                start = end = self._decorators[end]
            else:
                break
        return start

    def _take_away(self, outer: Function, inner: Function) -> None:
        outer.branches -= inner.branches
        outer.flat_branches -= inner.flat_branches
        outer.nesting_branches -= inner.nesting_branches
        first, last = inner.statements
        self._deepen(outer, first)
        outer.statements = last, outer.statements[1]

    def _finish(self, functions: list[Function], chunk_start: int) -> None:
        places = {place for function in functions for place in (function.start, function.end)}
        counts = count_lines(self._source, chunk_start, places, self._marks.comments)
        for function in functions:
            first, empty_before = counts[function.start]
            last, empty = counts[function.end]
            function.start_line, function.end_line = first, last
            function.sloc = last - first + 1 - (empty - empty_before)
            function.cyclomatic = 1 + function.branches
            if not function.nesting_branches:
                # It only declares the functions in it, so what they cost is not its own.
                function.cognitive = function.flat_branches
            self._deepen(function, function.statements[1])
            if function.nesting:
                function.nesting -= self._depth(function.found.inner_start)

    def _deepen(self, function: Function, last: int) -> None:
        first = function.statements[0]
        if first < last:
            function.nesting = max(function.nesting, *self._depths[first:last])

    def _level(self, place: int) -> int:
        marks = self._marks
        return bisect_right(marks.level_starts, place) - bisect_right(marks.level_ends, place)

    def _depth(self, place: int) -> int:
        marks = self._marks
        return bisect_right(marks.block_starts, place) - bisect_right(marks.block_ends, place)


def _names_of(marks: Marks) -> dict[int, OutsideName]:
    """Place of a function → the name it is given. It is the next one after the name."""
    return {bisect_left(marks.functions, (name.end,)): name for name in marks.names}


def _text_of(name: OutsideName, source: bytes) -> str:
    text = source[name.start : name.end].decode("utf-8", "replace")
    if text[0] in ("'", '"'):
        return text[1:-1]
    return text if text[0] == "[" else text.rpartition(".")[2]
