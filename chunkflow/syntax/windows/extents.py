"""Finds the end of a run of statements from a scan, where the parser cannot."""

from collections.abc import Iterator
from typing import NamedTuple

from chunkflow.syntax.scan import Boundary, find_depth, find_first_boundaries, may_break

AHEAD_BYTES = 256
"""A boundary is sure only if what follows it is there to be seen."""
_MOST_BYTES = 1024 * 1024
_MOST_DEPTH = 500


def is_too_large(text: bytes, whole_bytes: int) -> bool:
    """Whether a run is too large to be parsed, because its tree would fill the memory.

    Args:
        text: the run.
        whole_bytes: what is smaller is parsed, whatever it is.
    """
    if len(text) <= whole_bytes:
        return False
    return len(text) > _MOST_BYTES or find_depth(text) > _MOST_DEPTH


class End(NamedTuple):
    """Where a run may end."""

    end: int
    start: int
    """Where the next one's first statement begins; only comments and white space are between."""


class Run(NamedTuple):
    """A run of statements whose end is wanted."""

    start_byte: int
    """Where it is in the file."""
    error: int
    """Where in it the first error is, which it has to hold; -1 without one."""
    most_bytes: int
    """How long it is to be, statements allowing."""
    is_last: bool
    """Whether the text is all that is left of the file."""


class Extents:
    """Finds where runs of statements may end in one file, from its start to its end.

    Brackets are trusted until one is not closed in a megabyte. Then, for as much text as was looked
    through in vain, a declaration at the start of a line begins a statement. So no text is looked
    through for long again and again, and what an unclosed bracket does is over before long.
    """

    def __init__(self) -> None:
        self._broken_until = 0

    def find_ends(self, text: bytes, place: Run) -> Iterator[End]:
        """Where a run may end that begins a text, the best end first.

        There may be none: then more of the text is to be seen.

        Args:
            text: from the start of the run on.
            place: the run.
        """
        ahead = text if place.is_last else text[:-AHEAD_BYTES]
        if place.start_byte >= self._broken_until:
            found = _list_ends(ahead, place.error, broken=False)
            if found or not (place.is_last or len(text) >= _MOST_BYTES):
                return _order_ends(found, place.most_bytes)
        found = []
        if place.start_byte < self._broken_until or may_break(ahead, place.error):
            found = _list_ends(ahead, place.error, broken=True)
        if found:
            self._broken_until = max(self._broken_until, place.start_byte + len(text))
        return _order_ends(found, place.most_bytes)


def _list_ends(text: bytes, error: int, *, broken: bool) -> list[End]:
    boundaries = find_first_boundaries(text, broken=broken)
    ends = (
        End(_find_line_end(text, each), each.start) for each in boundaries if each.start > error
    )
    return [end for end in ends if end.end > 0]


def _find_line_end(text: bytes, boundary: Boundary) -> int:
    """Where a run may end at a boundary; 0 where a comment stands in the way."""
    end = text.find(b"\n", boundary.after - 1) + 1
    if boundary.after <= end <= boundary.start:
        return end if not text[boundary.after : end].strip() else 0
    return boundary.start if not text[boundary.after : boundary.start].strip() else 0


def _order_ends(ends: list[End], most_bytes: int) -> Iterator[End]:
    """The last within the size; then further and further ones, in steps that double."""
    fitting = sum(one.end <= most_bytes for one in ends)
    least = 0
    for one in ends[max(fitting - 1, 0) :]:
        if one.end >= least:
            least = 2 * one.end
            yield one
