"""Lines and columns, counted in the bytes of a file."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TypeAlias

_SPACES = b" \t\r\f\v"
_BLANKED = bytes(10 if byte == 10 else 32 for byte in range(256))
"""For `bytes.translate`: leaves newlines, and spaces for the rest."""

LineCount: TypeAlias = tuple[int, int]
"""The line that a place is on, from 1 on, and how many lines before it hold no code: blank, or
comment alone; one within a template literal counts as well."""


def count_lines(
    source: bytes, start: int, places: Iterable[int], comments: Sequence[tuple[int, int]]
) -> dict[int, LineCount]:
    """The lines from `start` up to each of the places, which must be next to code.

    `comments` are starts and ends of all comments of the file, in order. Takes time in proportion
    to the text, however many functions stand in each other.
    """
    ordered = sorted(places)
    first = ordered[0]
    text = _without_comments(source, first, ordered[-1], comments)
    number, without_code = source.count(b"\n", start, first) + 1, 0
    counts = {}
    last = 0
    for place in ordered:
        offset = place - first
        newlines = text.count(b"\n", last, offset)
        # Between code and code it takes two for a line without any.
        if newlines > 1:
            without_code += _empty_lines(text[last:offset])
        number += newlines
        counts[place] = (number, without_code)
        last = offset
    return counts


def _without_comments(
    source: bytes, start: int, end: int, comments: Sequence[tuple[int, int]]
) -> bytes | bytearray:
    """The text with spaces for comments."""
    first = bisect_left(comments, (start, 0))
    last = bisect_left(comments, (end, 0), first)
    text = source[start:end]
    if first == last:
        return text
    blanked = bytearray(text)
    for comment_start, comment_end in comments[first:last]:
        part = slice(comment_start - start, comment_end - start)
        blanked[part] = blanked[part].translate(_BLANKED)
    return blanked


def _empty_lines(text: bytes | bytearray) -> int:
    # A dozen times as fast as a regular expression or a loop over the lines.
    lines: list[bytes] = bytes(text.translate(None, _SPACES)).split(b"\n")
    # The first and the last are parts of lines.
    return lines.count(b"") - (not lines[0]) - (not lines[-1])


def column(source: bytes, start: int, place: int) -> int:
    """The column of the byte at `place` in code points, from 1; on the first line from `start`."""
    line_start = max(start, source.rfind(b"\n", start, place) + 1)
    return len(source[line_start:place].decode("utf-8", "replace")) + 1
