"""Collects the chunks of a container as rows and gives each its comments."""

import re
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from chunkflow.model.chunk import Chunk
from chunkflow.private import blake2b

# A comment above the first statement that speaks of the whole file, even if nothing is between.
_LICENCE = re.compile(rb"copyright|\blicen[cs]e|@preserve|spdx-|^/\*!", re.IGNORECASE)
_FILE_DOC = re.compile(
    rb"@(?:fileoverview|file|module|packageDocumentation|license|licence)\b", re.IGNORECASE
)
# A documentation comment need not touch these to be theirs.
_DOCUMENTED = frozenset(
    "function class method constructor accessor property index_signature interface type enum"
    " namespace variable".split()
)


Row: TypeAlias = list[Any]
"""A chunk before its digest is made: `[start, end, decl_start, decl_end, kind, name, scope]`,
offsets in bytes. A list, since one is made for every chunk and most are never touched again."""

SPACE_BYTES = b" \t\r\n\v\f"
GAP_BYTES = SPACE_BYTES + b")]};"
"""What may stand between chunks, of one byte each."""

_SPACE = ord(" ")

START, END, DECL_START, DECL_END, KIND, NAME, SCOPE = range(7)


class RowBuilder:
    """Collects the chunks of one container, in order, and gives each its comments.

    `out` receives the rows; several containers of a file share it.
    """

    __slots__ = ("_end", "_groups", "_last", "_overloaded", "_top", "out", "scope", "source")

    def __init__(
        self,
        out: list[Row],
        source: bytes,
        scope: tuple[str, ...],
        *,
        header: Row | None = None,
        top: bool = False,
    ) -> None:
        self.out = out
        self.scope = scope
        self.source = source
        self._top = top
        self._last = header
        # Where a container ended, while nothing has come after it.
        self._end = -1
        # The last chunk, if it is a signature, and what its overloads are equal in.
        self._overloaded: tuple[Row | None, str] = (None, "")
        self._groups: list[list[int]] = []

    @property
    def _at_top(self) -> bool:
        """Whether nothing of the file has come yet."""
        return self._top and not self.out

    @property
    def _last_end(self) -> int:
        """Where the last chunk ends; -1 where there is none."""
        return self._end if self._last is None else int(self._last[END])

    def add_comment(self, start: int, end: int) -> None:
        """Add a comment. It belongs to the chunk before it on its line, to the next, or to none."""
        groups, count = self._groups, self.source.count
        if self.source[end - 1] <= _SPACE:
            end = start + len(self.source[start:end].rstrip())
        if groups:
            if count(b"\n", groups[-1][1], start) <= 1:
                groups[-1][1] = end
                groups[-1][2] = start
                return
        else:
            last_end = self._last_end
            if last_end >= 0 and self.source.find(b"\n", last_end, start) < 0:
                self._trail(start, end)
                return
        groups.append([start, end, start])

    def add(
        self, start: int, end: int, kind: str, name: str | None, signature: str | None = None
    ) -> Row:
        """Add a declaration and the comments before it that belong to it.

        An overload or implementation after it must have the same `signature`; None means that
        the declaration has a body.
        """
        row = [start, end, start, end, kind, name, self.scope]
        if self._groups:
            row[START] = self._claim(row)
        self.out.append(row)
        self._last = row
        if signature is not None:
            self._overloaded = (row, signature)
        return row

    def merge_overload(self, end: int, signature: str, *, has_body: bool) -> bool:
        """Extend the last chunk to `end` if it has the same signature; returns whether it has."""
        row, known = self._overloaded
        if row is None or row is not self._last or known != signature:
            return False
        self.extend(end)
        if has_body:
            self._overloaded = (None, "")
        return True

    def extend(self, end: int) -> None:
        """Extend the last declaration to `end`, for instance over its semicolon."""
        if self._last is not None:
            self._groups.clear()
            self._last[END] = self._last[DECL_END] = end

    def add_error(self, start: int, end: int) -> None:
        """Add text that is no declaration; it joins such text right before it."""
        last = self._last
        if start >= end:
            return
        if last is None or last[KIND] != "error" or self._groups:
            self.add(start, end, "error", None)
        elif self.source.count(b"\n", self._last_end, start) <= 1:
            self.extend(end)
        else:
            self.add(start, end, "error", None)

    def add_alone(self, start: int, end: int, kind: str, name: str | None) -> Row:
        """Add a chunk that takes no comments."""
        row = [start, end, start, end, kind, name, self.scope]
        self.out.append(row)
        return row

    def add_trailing(self, end: int) -> None:
        """Add comments up to `end` that the grammar included in the last declaration."""
        if end > self._last_end:
            self.add_comment(self.source.find(b"/", self._last_end), end)

    def end_container(self, end: int) -> None:
        """End a container: a comment on its last line belongs to no declaration."""
        self._last = None
        self._end = end

    def flush(self) -> None:
        """Make chunks of the comments that belong to no declaration."""
        for start, end, _ in self._groups:
            self.add_alone(start, end, "comment", None)
        self._groups.clear()

    def _trail(self, start: int, end: int) -> None:
        if self._last is not None:
            self._last[END] = end
        else:
            self.add_alone(start, end, "comment", None)
            self._end = end

    def _claim(self, row: Row) -> int:
        """Take the comments that belong to a row and return its start; the rest become chunks."""
        groups, source, start = self._groups, self.source, int(row[START])
        documented = False
        while groups:
            first, end, last = groups[-1]
            jsdoc = source.startswith(b"/**", last)
            touches = source.count(b"\n", end, start) <= 1
            if not touches and not (
                jsdoc
                and not documented
                and row[KIND] in _DOCUMENTED
                and not self._is_of_file(groups)
            ):
                break
            if touches and self._is_licence(groups):
                break
            documented = documented or jsdoc
            start = first
            groups.pop()
        self.flush()
        return start

    def _is_licence(self, groups: list[list[int]]) -> bool:
        return (
            self._at_top
            and len(groups) == 1
            and _LICENCE.search(self.source, groups[0][0], groups[0][1]) is not None
        )

    def _is_of_file(self, groups: list[list[int]]) -> bool:
        if len(groups) > 1 or not self._at_top:
            return False
        start, end, _ = groups[0]
        return any(p.search(self.source, start, end) for p in (_LICENCE, _FILE_DOC))


def make_chunks(rows: list[Row], source: bytes, language: str) -> list[Chunk]:
    """Make chunks of rows that are in the order of the file."""
    count = source.count
    chunks: list[Chunk] = []
    line, place = 1, 0
    for start, end, decl_start, decl_end, kind, name, scope in rows:
        text = source[start:end]
        first = line + count(b"\n", place, start)
        line = first + text.count(b"\n")
        place = end
        chunks.append(
            Chunk(
                path=None,
                language=language,
                kind=kind,
                name=name,
                scope=scope,
                start_byte=start,
                end_byte=end,
                decl_start_byte=decl_start,
                decl_end_byte=decl_end,
                start_line=first,
                end_line=line,
                digest=blake2b(text, digest_size=16).digest(),
                source=text,
            )
        )
    return chunks


def fill_gaps(
    rows: list[Row], source: bytes, *, unparsed: Sequence[tuple[int, int]] = ()
) -> list[Row]:
    """Turn the rows of a tree with errors into a partition of the text.

    The rows come back trimmed, and none overlaps another. Text that no row has and no gap may hold
    becomes rows of kind `error`. So does each span of `unparsed`.
    """
    if unparsed:
        errors = [[start, end, start, end, "error", None, ()] for start, end in unparsed]
        rows = sorted(rows + errors, key=itemgetter(START))
    out: list[Row] = []
    place = 0
    for row in rows:
        start, end = _trim(source, max(row[START], place), row[END], SPACE_BYTES)
        if start >= end:
            continue
        _add_gap(out, source, place, start)
        row[START], row[END] = start, end
        if row[KIND] == "error":
            row[DECL_START], row[DECL_END] = start, end
        else:
            row[DECL_START] = max(row[DECL_START], start)
            # Where a repair has put a semicolon, the text has the end of a line.
            row[DECL_END] = _trim(source, row[DECL_START], row[DECL_END], SPACE_BYTES)[1]
        out.append(row)
        place = end
    _add_gap(out, source, place, len(source))
    return out


def _add_gap(out: list[Row], source: bytes, start: int, end: int) -> None:
    start, end = _trim(source, start, end, GAP_BYTES)
    if start < end:
        out.append([start, end, start, end, "error", None, ()])


def _trim(source: bytes, start: int, end: int, what: bytes) -> tuple[int, int]:
    text = source[start:end]
    return start + len(text) - len(text.lstrip(what)), start + len(text.rstrip(what))
