"""Chunking a file window by window: memory follows the window, not the file.

A window ends at a top-level statement that is surely whole, with its line. The chunks are those
that the whole file would give; a statement that is larger than the window makes it grow.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tree_sitter import Node

from chunkflow.model.chunk import Chunk
from chunkflow.syntax.budget import Budget
from chunkflow.syntax.chunker import Chunker, ParsedFile
from chunkflow.syntax.nodes import COMMENTS, STATEMENTS, declaration
from chunkflow.syntax.scan import boundaries

# A boundary is sure only if what follows it is there to be seen.
_AHEAD_BYTES = 256
_TRIES = 50
_FUNCTION = re.compile(
    rb"(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:async\s+)?function\b\s*\*?\s*"
    rb"([\w$\x80-\xff]+)?"
)
_OTHERS = frozenset({"empty_statement", "hash_bang_line"})


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
    """The windows of a file, in order.

    Args:
        read: gives at most so many further bytes of the file; none at its end.
        chunker: cuts them.
        window_bytes: how much is held at a time, statements allowing.
        max_bytes: cut declarations that are larger.
    """
    text, start, line = b"", 0, 1
    wanted = window_bytes
    more = True
    while more or text:
        while more and len(text) < wanted:
            piece = read(wanted - len(text))
            more = bool(piece)
            text += piece
        found = (
            _first_statements(text, chunker, top=not start, max_bytes=max_bytes) if more else None
        )
        if found is None and more:
            wanted *= 2
            continue
        if found is None:
            found = len(text), chunker.parse(text, max_bytes=max_bytes, top=not start)
        end, parsed = found
        source = text[:end]
        if parsed.chunks:
            yield Window(source, parsed.chunks, parsed.roots, start, line)
        start, line = start + end, line + source.count(b"\n")
        text, wanted = text[end:], window_bytes


def _first_statements(
    text: bytes, chunker: Chunker, *, top: bool, max_bytes: int | None
) -> tuple[int, ParsedFile] | None:
    """The statements at the start of a text that goes on, and where they end; None: read more."""
    comment = text.rfind(b"/*")
    if comment >= 0 and text.find(b"*/", comment) < 0:
        text = text[:comment]  # the grammar takes the beginning of a comment for something else
    root = chunker.tree(text, Budget(len(text)))
    whole = None if root is None else _whole_statements(root, text)
    if root is not None and whole is not None:
        count, end = whole
        nodes = root.children[:count]
        return end, chunker.chunks_of(nodes, root, text[:end], max_bytes, top=top)
    limit = len(text) - _AHEAD_BYTES
    for boundary in reversed(boundaries(text, goes_on=True)):
        end = text.find(b"\n", boundary.after - 1) + 1
        if boundary.start < limit and boundary.after <= end <= boundary.start:
            if text[boundary.after : end].strip():
                continue
            parsed = chunker.parse(text[:end], max_bytes=max_bytes, top=top)
            if not _goes_on(parsed, text, boundary.start):
                return end, parsed
    return None


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
    first, second = (declaration(node, node.type, text)[:2] for node in (one, other))
    return first[0] == "function" and first == second
