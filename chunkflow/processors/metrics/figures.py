"""Computes the figures of functions from marks."""

from bisect import bisect_left
from typing import NamedTuple

from chunkflow.model.chunk import Chunk
from chunkflow.processors.metrics.counts import STRAIGHT, count_branches
from chunkflow.processors.metrics.functions import FieldIds, find_bound_head, find_head
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


class Meter:
    """Measures the functions of one chunk after the other; the chunks come in order.

    A function that reaches beyond its chunk holds chunks of its own and is passed over.
    """

    def __init__(self, marks: Marks, source: bytes, fields: FieldIds) -> None:
        marks.sort()
        self.source = source
        self._marks = marks
        self._fields = fields
        self._counts = count_branches(marks)
        bounds = {bound for found in marks.functions for bound in found[3:5]}
        self._lines = count_lines(source, bounds, marks.comments)
        self._names = _assign_names(marks)
        self._decorators = {end: start for start, end in marks.decorators}
        self._place = 0

    def measure(self, chunk: Chunk) -> list[Figures]:
        """Measure the chunk's functions, in source order."""
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
            cyclomatic, cognitive, nesting = counts.get(place, STRAIGHT)
            functions.append(
                Figures(
                    name=name or self._find_outside_name(place, name),
                    kind=kind,
                    start_line=first - above,
                    end_line=last - above,
                    cyclomatic=cyclomatic,
                    cognitive=cognitive,
                    nesting=nesting,
                    parameters=parameters,
                    sloc=sloc,
                    place=place,
                )
            )
        return functions

    def find_head(self, function: Figures) -> tuple[int, int]:
        """The part of a function that a finding points at, as byte offsets."""
        place = function.place
        found = self._marks.functions[place]
        around = self._names.get(place)
        if around is not None:
            return (around.start, around.end) if around.is_key else find_head(found, self._fields)
        field = self._find_field(place)
        if field is not None:
            return find_bound_head(field, self._fields)
        start, end = find_head(found, self._fields)
        if place and found.nests and self._decorators:
            start = self._include_decorators(start)
        return start, end

    def _find_outside_name(self, place: int, own: str | None) -> str | None:
        """The name that what stands around a function gives to it, or else its own."""
        around = self._names.get(place)
        if around is not None:
            return _decode_name(around, self.source)
        field = self._find_field(place)
        return own if field is None else field.name

    def _find_field(self, place: int) -> FoundFunction | None:
        """The class field of which a function is all of the initialiser."""
        found = self._marks.functions[place]
        if not place or not found.nests:
            return None
        field = self._marks.functions[place - 1]
        return field if field.kind == "field" and field[3:5] == found[3:5] else None

    def _include_decorators(self, start: int) -> int:
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


def _assign_names(marks: Marks) -> dict[int, OutsideName]:
    """Place of a function → the name it is given. It is the next one after the name."""
    return {bisect_left(marks.functions, (name.end,)): name for name in marks.names}


def _decode_name(name: OutsideName, source: bytes) -> str:
    text = source[name.start : name.end].decode("utf-8", "replace")
    if text[0] in ("'", '"'):
        return text[1:-1]
    return text if text[0] == "[" else text.rpartition(".")[2]
