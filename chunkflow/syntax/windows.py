"""Chunking a file window by window: memory follows the window, not the file.

A window ends at a top-level statement that is surely whole, with its line. The chunks are those
that the whole file would give; a statement that is larger than the window makes it grow.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from tree_sitter import Node

from chunkflow.model.chunk import Chunk
from chunkflow.syntax.budget import Budget
from chunkflow.syntax.chunker import Chunker, ParsedFile
from chunkflow.syntax.rows import SPACE_BYTES
from chunkflow.syntax.scan import Boundary, first_boundaries

# A boundary is sure only if what follows it is there to be seen.
_AHEAD_BYTES = 256
_TRIES = 50
# Behind an error the grammar may search the longer, the more text follows: a parse that takes some
# times as long as source does is tried again with a quarter of the text, down to this much.
_SMALL_BYTES = 8 * 1024
_PATIENCE_S = 0.03
_PATIENCE_BYTES_PER_S = 4_000_000
_FIRST_LINES = (
    b"\nexport ",
    b"\nimport ",
    b"\nfunction ",
    b"\nconst ",
    b"\nclass ",
    b"\ninterface ",
    b"\ntype ",
    b"\ndeclare ",
)
_BLANK_BYTES = SPACE_BYTES + b"\xef\xbb\xbf"  # a byte order mark is no code
_FUNCTION = re.compile(
    rb"(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:async\s+)?function\b\s*\*?\s*"
    rb"([\w$\x80-\xff]+)?"
)
_OTHERS = frozenset({"empty_statement", "hash_bang_line"})


_Found: TypeAlias = tuple[int, ParsedFile]
_SLOW: _Found = (-1, ParsedFile([], []))


class Window(NamedTuple):
    """A run of whole statements of a file."""

    source: bytes
    chunks: list[Chunk]
    """Positions count from the start of `source`; see `in_file`."""
    roots: list[Node]
    """The syntax trees; they may reach over the end of `source`."""
    start_byte: int
    """Where `source` begins in the file."""
    start_line: int
    """The line of the file, from 1, that `source` begins with."""
    note: str | None = None
    """What is to be said of the file, though it has its chunks."""

    def in_file(self) -> list[Chunk]:
        """The chunks, positions counting from the start of the file."""
        if not self.start_byte:
            return self.chunks
        start, lines = self.start_byte, self.start_line - 1
        return [
            chunk._replace(
                start_byte=chunk.start_byte + start,
                end_byte=chunk.end_byte + start,
                decl_start_byte=chunk.decl_start_byte + start,
                decl_end_byte=chunk.decl_end_byte + start,
                start_line=chunk.start_line + lines,
                end_line=chunk.end_line + lines,
            )
            for chunk in self.chunks
        ]


def windows(
    read: Callable[[int], bytes],
    chunker: Chunker,
    *,
    window_bytes: int,
    max_bytes: int | None = None,
) -> Iterator[Window]:
    """The windows of a file, in order; together they are its text. One may hold no chunk.

    Args:
        read: gives at most so many further bytes of the file; none at its end.
        chunker: cuts them.
        window_bytes: how much is held at a time, statements allowing.
        max_bytes: cut declarations that are larger.
    """
    text, start, line = b"", 0, 1
    wanted = limit = window_bytes
    more = True
    while more or text:
        while more and len(text) < wanted:
            piece = read(wanted - len(text))
            more = bool(piece)
            text += piece
        goes_on = more or len(text) > limit
        if goes_on:
            found = _first_statements(text[:limit], chunker, top=not start, max_bytes=max_bytes)
        else:
            found = len(text), chunker.parse(text, max_bytes=max_bytes, top=not start)
        if found is _SLOW:
            limit = min(limit, len(text)) // 4
            continue
        if found is None:
            limit += limit // 2 + 1
            wanted = max(wanted, limit)
            continue
        end, parsed = found
        source = text[:end]
        yield Window(source, parsed.chunks, parsed.roots, start, line, parsed.note)
        del found, parsed  # the trees take more than the text by far
        start, line = start + end, line + source.count(b"\n")
        text, wanted = text[end:], window_bytes
        # Where there are errors, what comes before the next is parsed again for each of them: so
        # not much; and step by step more when they are over.
        limit = min(window_bytes, max(2 * end, _SMALL_BYTES))


def _first_statements(
    text: bytes, chunker: Chunker, *, top: bool, max_bytes: int | None
) -> _Found | None:
    """The statements at the start of a text that goes on, and where they end.

    None where there is no whole one; `_SLOW` where a shorter text is to be tried.
    """
    # In the middle of a statement the grammar may search very long for what is missing. Before a
    # line that looks like a declaration's first, nothing is; and if it is one, whatever parses
    # without errors up to there is whole.
    likely = _last_first_line(text, len(text) - _AHEAD_BYTES)
    broken = 0
    while likely:
        end = _before_comments(text, likely)
        if not end:
            likely = _last_first_line(text, likely - 1)
            continue
        budget = Budget(end, base_s=_PATIENCE_S, bytes_per_s=_PATIENCE_BYTES_PER_S)
        found, error = chunker.parse_sound(text[:end], budget, max_bytes=max_bytes, top=top)
        if found is None:
            if error < 0 and len(text) > _SMALL_BYTES:
                return _SLOW
            # To parse on behind an error may take very long; what comes before it is sound.
            broken = broken or error
            likely = min(likely - 1, error)
        elif _goes_on(found, text, likely):
            likely = found.chunks[-1].start_byte + 1
        else:
            return end, found
        likely = _last_first_line(text, likely)
    for boundary in _boundaries(text, broken):
        end = _line_end(text, boundary)
        if end:
            parsed = chunker.parse(text[:end], max_bytes=max_bytes, top=top)
            if not _goes_on(parsed, text, boundary.start):
                return end, parsed
    return None


def _last_first_line(text: bytes, end: int) -> int:
    """Where the last line before `end` begins that looks like a declaration's first; or 0."""
    return max(text.rfind(line, 0, max(end, 0)) for line in _FIRST_LINES) + 1


def _before_comments(text: bytes, end: int) -> int:
    """Where a text that goes on to `end` ends without the comments on its last lines; 0 if unsure.

    They may be those of the statement that begins there.
    """
    while True:
        code = text[:end].rstrip()
        line = code.rfind(b"\n") + 1
        if code.endswith(b"*/"):
            comment = code.rfind(b"/*")
            line = code.rfind(b"\n", 0, max(comment, 0)) + 1
            if comment < 0 or code[line:comment].strip():
                return 0
        elif not code[line:].lstrip(_BLANK_BYTES).startswith(b"//"):
            return end
        end = line


def _boundaries(text: bytes, broken: int) -> Iterator[Boundary]:
    """Sure boundaries, the last first; where there is an error, the first behind it first."""
    found = first_boundaries(text[:-_AHEAD_BYTES])
    if broken:
        return (boundary for boundary in found if boundary.start > broken)
    return reversed(list(found))


def _line_end(text: bytes, boundary: Boundary) -> int:
    """Where a window may end at a boundary; 0 where a comment stands in the way."""
    end = text.find(b"\n", boundary.after - 1) + 1
    if boundary.after <= end <= boundary.start:
        return end if not text[boundary.after : end].strip() else 0
    return boundary.start if not text[boundary.after : boundary.start].strip() else 0


def _goes_on(parsed: ParsedFile, text: bytes, start: int) -> bool:
    """Whether what starts there may be one more overload of the last function."""
    last = next((chunk for chunk in reversed(parsed.chunks) if chunk.kind != "comment"), None)
    following = _FUNCTION.match(text, start)
    if following is None or last is None:
        return False
    name = (following[1] or b"default").decode("utf-8", "replace")
    # Parts of a function that was cut have it in their scope.
    return name == (last.name if last.kind == "function" else next(iter(last.scope or ()), None))
