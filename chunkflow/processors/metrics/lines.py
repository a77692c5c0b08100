"""Counts lines and columns in the bytes of a file."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TypeAlias

_EMPTY = re.compile(rb"\n[ \t\r\f\v]*+(?=\n)")
"""From the newline before an empty line to the one that ends it."""

_BLANKED = bytes(10 if byte == 10 else 32 for byte in range(256))
"""For `bytes.translate`: leaves newlines, and spaces for the rest."""

LineCount: TypeAlias = tuple[int, int]
"""The line of a place, from 1, and the number of lines before it without code: blank lines, also
within template literals, and lines that hold only a comment."""


def count_lines(
    source: bytes, places: Iterable[int], comments: Sequence[tuple[int, int]]
) -> dict[int, LineCount]:
    """Count the lines up to each of the places, which must be next to code.

    `comments` are starts and ends of comments, in order; all between places whose counts are
    compared must be among them. The time is proportional to the text, however deeply functions
    are nested.
    """
    ordered = sorted(places)
    if not ordered:
        return {}
    first = ordered[0]
    text = _blank_comments(source, first, ordered[-1], comments)
    empty = [match.start() for match in _EMPTY.finditer(text)]
    number, before, last = source.count(b"\n", 0, first) + 1, 0, 0
    counts = {}
    for place in ordered:
        offset = place - first
        number += text.count(b"\n", last, offset)
        before = bisect_left(empty, offset, before)
        counts[place] = (number, before)
        last = offset
    return counts


def _blank_comments(
    source: bytes, start: int, end: int, comments: Sequence[tuple[int, int]]
) -> bytes | bytearray:
    """The text with comments replaced by spaces."""
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


def compute_column(source: bytes, start: int, place: int) -> int:
    """The column of the byte at `place` in code points, from 1; on the first line from `start`."""
    line_start = max(start, source.rfind(b"\n", start, place) + 1)
    return len(source[line_start:place].decode("utf-8", "replace")) + 1
