"""From marks to the figures of functions."""

from bisect import bisect_left
from typing import NamedTuple

from chunkflow.model.chunk import Chunk
from chunkflow.processors.metrics.counts import STRAIGHT, counted
from chunkflow.processors.metrics.functions import FieldIds, bound_head_of, head_of
from chunkflow.processors.metrics.lines import count_lines
from chunkflow.processors.metrics.marks import FoundFunction, Marks, OutsideName


class Figures(NamedTuple):
    """A function and its figures."""

    name: str | None
    kind: str
    start_line: int
    """From 1 at the chunk's start."""
    end_line: int
    """The last line."""
    cyclomatic: int
    cognitive: int
    nesting: int
    parameters: int
    sloc: int
    place: int
    """Among all functions found in the file."""


# A NamedTuple's own `__new__` takes twice as long, and one is made for every function.
_new = tuple.__new__


class Meter:
    """Measures the functions of one chunk after the other; the chunks come in order.

    A function that reaches beyond its chunk holds chunks of its own and is passed over.
    """

    def __init__(self, marks: Marks, source: bytes, fields: FieldIds) -> None:
        marks.sort()
        self.source = source
        self._marks = marks
        self._fields = fields
        self._counts = counted(marks)
        bounds = {bound for found in marks.functions for bound in found[3:5]}
        self._lines = count_lines(source, bounds, marks.comments)
        self._names = _names_of(marks)
        self._decorators = {end: start for start, end in marks.decorators}
        self._place = 0

    def functions(self, chunk: Chunk) -> list[Figures]:
        """The chunk's functions in source order."""
        found, counts, lines = self._marks.functions, self._counts, self._lines
        chunk_start, chunk_end, above = chunk.start_byte, chunk.end_byte, chunk.start_line - 1
        functions = []
        for place in range(self._place, len(found)):
            inner_start, _, _, start, end, kind, name, parameters, _ = found[place]
            if inner_start >= chunk_end:
                break
            self._place = place + 1
            if start < chunk_start or end > chunk_end:
                continue
            first, empty_before = lines[start]
            last, empty = lines[end]
            sloc = last - first + 1 - empty + empty_before
            figures = (*counts.get(place, STRAIGHT), parameters, sloc, place)
            if not name:
                name = self._outside_name(place, name)
            functions.append(_new(Figures, (name, kind, first - above, last - above, *figures)))
        return functions

    def head(self, function: Figures) -> tuple[int, int]:
        """What of a function to point at: byte offsets."""
        place = function.place
        found = self._marks.functions[place]
        around = self._names.get(place)
        if around is not None:
            return (around.start, around.end) if around.is_key else head_of(found, self._fields)
        field = self._field_of(place)
        if field is not None:
            return bound_head_of(field, self._fields)
        start, end = head_of(found, self._fields)
        if place and found.nests and self._decorators:
            start = self._with_decorators(start)
        return start, end

    def _outside_name(self, place: int, own: str | None) -> str | None:
        """The name that what stands around a function gives to it, or else its own."""
        around = self._names.get(place)
        if around is not None:
            return _text_of(around, self.source)
        field = self._field_of(place)
        return own if field is None else field.name

    def _field_of(self, place: int) -> FoundFunction | None:
        """The class field of which a function is all of the initialiser."""
        found = self._marks.functions[place]
        if not place or not found.nests:
            return None
        field = self._marks.functions[place - 1]
        return field if field.kind == "field" and field[3:5] == found[3:5] else None

    def _with_decorators(self, start: int) -> int:
        """Where a head starts; a method's decorators are beside it in the tree."""
        end = start
        while end:
            if self.source[end - 1 : end].isspace():
                end -= 1
            elif end in self._decorators:
                start = end = self._decorators[end]
            else:
                break
        return start


def _names_of(marks: Marks) -> dict[int, OutsideName]:
    """Place of a function → the name it is given. It is the next one after the name."""
    return {bisect_left(marks.functions, (name.end,)): name for name in marks.names}


def _text_of(name: OutsideName, source: bytes) -> str:
    text = source[name.start : name.end].decode("utf-8", "replace")
    if text[0] in ("'", '"'):
        return text[1:-1]
    return text if text[0] == "[" else text.rpartition(".")[2]
