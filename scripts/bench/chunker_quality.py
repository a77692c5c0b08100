"""How good the chunks of one file are, whoever made them: for chunkers.py."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from bench.chunker_peers import Piece
from compare.boundaries import Span

_GAP = re.compile(rb"(?:\s|\xef\xbb\xbf|[)\]};])*+")
_TRIVIA = re.compile(rb"(?:\s|\xef\xbb\xbf|[)\]};,]|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+")


class Marks(NamedTuple):
    """The boundaries that the compiler sees in one file, in bytes."""

    spans: frozenset[Span]
    """Statements and members, as compare/boundaries.py reports them."""
    opens: Sequence[int]
    """Where the first member of a container may stand: its header ends there."""


class Quality(NamedTuple):
    """Counts over chunks, which add up over files."""

    files: int = 0
    lossless: int = 0
    """Files that the chunks give back."""
    chunks: int = 0
    with_offsets: int = 0
    right_offsets: int = 0
    on_boundaries: int = 0
    sizes: tuple[int, ...] = ()


def total(found: Sequence[Quality]) -> Quality:
    """All together."""
    return Quality(
        sum(each.files for each in found),
        sum(each.lossless for each in found),
        sum(each.chunks for each in found),
        sum(each.with_offsets for each in found),
        sum(each.right_offsets for each in found),
        sum(each.on_boundaries for each in found),
        tuple(size for each in found for size in each.sizes),
    )


def quality_of(pieces: Sequence[Piece], source: bytes, marks: Marks) -> Quality:
    """What can be said of the chunks of one file."""
    spans = locate(pieces, source)
    boundaries = _Boundaries(source, marks)
    return Quality(
        files=1,
        lossless=int(_is_lossless(pieces, spans, source)),
        chunks=len(pieces),
        with_offsets=sum(piece.start is not None for piece in pieces),
        right_offsets=sum(is_right(piece, source) for piece in pieces),
        on_boundaries=sum(span is not None and boundaries.hold(span) for span in spans),
        sizes=tuple(len(piece.text.encode()) for piece in pieces),
    )


def is_right(piece: Piece, source: bytes) -> bool:
    """Whether the reported offsets lead to the chunk's text."""
    if piece.start is None or piece.end is None or piece.start < 0:
        return False
    return source[piece.start : piece.end] == piece.text.encode()


def locate(pieces: Sequence[Piece], source: bytes) -> list[Span | None]:
    """Where each chunk stands: where it says, else where its text comes next; None if nowhere."""
    spans: list[Span | None] = []
    place = 0
    for piece in pieces:
        span = _reported(piece, source) or _found(piece, source, place)
        spans.append(span)
        place = span[1] if span else place
    return spans


def _reported(piece: Piece, source: bytes) -> Span | None:
    if piece.start is None or piece.end is None or not is_right(piece, source):
        return None
    return piece.start, piece.end


def _found(piece: Piece, source: bytes, place: int) -> Span | None:
    text = piece.text.strip().encode()
    start = source.find(text, place)
    return None if start < 0 or not text else (start, start + len(text))


def _is_lossless(pieces: Sequence[Piece], spans: Sequence[Span | None], source: bytes) -> bool:
    """Whether the chunks, in order, give the file back but for white space and brackets."""
    place = 0
    for piece, span in zip(pieces, spans, strict=True):
        if piece.start is not None and not is_right(piece, source):
            return False
        if span is None or span[0] < place or not _is_gap(source, place, span[0]):
            return False
        place = span[1]
    return _is_gap(source, place, len(source))


def _is_gap(source: bytes, start: int, end: int) -> bool:
    return _GAP.fullmatch(source, start, end) is not None


class _Boundaries:
    def __init__(self, source: bytes, marks: Marks) -> None:
        self._source = source
        self._spans = marks.spans
        self._opens = sorted(marks.opens)
        self._starts = frozenset(start for start, _ in marks.spans)
        self._ends = sorted({*self._opens, *(end for _, end in marks.spans)})

    def hold(self, span: Span) -> bool:
        """Whether a chunk begins and ends where declarations do, comments around them aside."""
        start, end = span
        begin = self._skip(start, end)
        if begin == end:
            return self._is_between(span)
        last = self._ends[: bisect_right(self._ends, end)][-1:]
        if begin not in self._starts or not last or last[0] <= begin:
            return False
        return self._skip(last[0], end) == end

    def _skip(self, start: int, end: int) -> int:
        found = _TRIVIA.match(self._source, start, end)
        return found.end() if found else start

    def _is_between(self, span: Span) -> bool:
        """Whether comments alone stand between declarations, not in one."""
        around = [(s, e) for s, e in self._spans if s <= span[0] and span[1] <= e]
        if not around:
            return True
        inmost, _ = max(around)
        first = bisect_left(self._opens, inmost)
        return first < len(self._opens) and self._opens[first] <= span[0]
