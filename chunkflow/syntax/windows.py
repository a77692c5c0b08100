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
from chunkflow.syntax.nodes import COMMENTS, SIGNATURES, STATEMENTS, declaration
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
        # What was slow may be over: try more again, step by step.
        limit = min(window_bytes, 2 * limit)


def _first_statements(
    text: bytes, chunker: Chunker, *, top: bool, max_bytes: int | None
) -> _Found | None:
    """The statements at the start of a text that goes on, and where they end.

    None where there is no whole one; `_SLOW` where a shorter text is to be tried.
    """
    # In the middle of a statement the grammar may search very long for what is missing. Before a
    # line that looks like a declaration's first, nothing is.
    likely = _last_first_line(text, len(text))
    comment = text.rfind(b"/*", 0, likely)
    if comment >= 0 and text.find(b"*/", comment, likely) < 0:
        likely = comment  # the grammar takes the beginning of a comment for something else
    broken = 0
    while likely:
        budget = Budget(likely, base_s=_PATIENCE_S, bytes_per_s=_PATIENCE_BYTES_PER_S)
        root, error = chunker.tree_to_error(text[:likely], budget)
        if root is not None:
            whole = _whole_statements(root, text)
            if whole is not None:
                count, end = whole
                nodes = root.children[:count]
                return end, chunker.chunks_of(nodes, root, text[:end], max_bytes, top=top)
            broken = broken or _first_error(root)
            break
        if error < 0:
            if len(text) > _SMALL_BYTES:
                return _SLOW
            break
        # To parse on behind an error may take very long; what comes before it is sound.
        broken = broken or error
        likely = _last_first_line(text, min(error, likely - 1))
    for boundary in _boundaries(text, broken):
        end = _line_end(text, boundary)
        if end:
            parsed = chunker.parse(text[:end], max_bytes=max_bytes, top=top)
            if not _goes_on(parsed, text, boundary.start):
                return end, parsed
    return None


def _last_first_line(text: bytes, end: int) -> int:
    """Where the last line before `end` begins that looks like a declaration's first; or 0."""
    return max(text.rfind(line, 0, end) for line in _FIRST_LINES) + 1


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


def _first_error(root: Node) -> int:
    return next((node.start_byte for node in root.children if not _is_sound(node)), 0)


def _goes_on(parsed: ParsedFile, text: bytes, start: int) -> bool:
    """Whether what starts there may be one more overload of the last function."""
    last = parsed.chunks[-1] if parsed.chunks else None
    following = _FUNCTION.match(text, start)
    if following is None or last is None or last.kind != "function":
        return False
    return (following[1] or b"").decode("utf-8", "replace") == (last.name or "")


def _whole_statements(root: Node, text: bytes) -> tuple[int, int] | None:
    """How many children of a root surely are what the whole file has, and where their line ends.

    Two statements without errors must follow: what follows, a statement can have no more of.
    """
    nodes = root.children
    sound = next((i for i, n in enumerate(nodes) if not _is_sound(n)), len(nodes))
    statements = [i for i in range(min(sound, len(nodes))) if nodes[i].type in STATEMENTS]
    for place in range(len(statements) - 3, max(len(statements) - 3 - _TRIES, -1), -1):
        last, following = nodes[statements[place]], nodes[statements[place + 1]]
        end = text.find(b"\n", last.end_byte) + 1
        between = nodes[statements[place] + 1 : statements[place + 1]]
        if not between and not 0 < end <= following.start_byte:
            end = following.start_byte  # on one line, as in what bundlers make
        on_line = [node for node in between if node.start_byte < end]
        apart = 0 < end <= following.start_byte and all(n.end_byte <= end for n in on_line)
        if apart and not _same_function(last, following, text):
            return statements[place] + 1 + len(on_line), end
    return None


def _is_sound(node: Node) -> bool:
    known = node.type in STATEMENTS or node.type in COMMENTS or node.type in _OTHERS
    return known and not node.has_error


def _same_function(one: Node, other: Node, text: bytes) -> bool:
    """Whether two statements may be overloads of one function, and so one chunk."""
    kind, name, _, inner_type = declaration(one, one.type, text)
    overload = kind == "function" and inner_type in SIGNATURES
    return overload and declaration(other, other.type, text)[:2] == (kind, name)
