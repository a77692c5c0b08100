"""Chunks a file window by window, so that memory follows the window and not the file.

Where a window ends depends on the text alone, so all who chunk a file get the same chunks. A window
ends at a top-level statement that is surely whole, with its line; a statement that is larger than
the window makes it grow.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from tree_sitter import Node

from chunkflow.model.chunk import Chunk
from chunkflow.syntax import sizes
from chunkflow.syntax.budget import NO_DEADLINE, Budget, Deadline
from chunkflow.syntax.parsed import ParsedFile
from chunkflow.syntax.rows import SPACE_BYTES
from chunkflow.syntax.windows.extents import AHEAD_BYTES, Extents, Run, is_too_large

# After an error a window has at least so much.
_SMALL_BYTES = 8 * 1024
# Behind an error a run is short: what is parsed piece by piece is parsed several times.
_RUN_BYTES = 16 * 1024
_LOOK_BACK_BYTES = 80
# How often a window is tried to end before an error; most often the first time will do.
_TRIES = 8
_FIRST_LINE = re.compile(rb"\n(?=(?:export|import|function|const|class|interface|type|declare) )")
_BLANK_BYTES = SPACE_BYTES + b"\xef\xbb\xbf"  # a byte order mark is no code
_FUNCTION = re.compile(
    rb"(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:async\s+)?function\b\s*\*?\s*"
    rb"([\w$\x80-\xff]+)?"
)
_EXPORT_ALONE = re.compile(rb"(?:\A|[\s;}])export\s*\Z")


class TextChunker(Protocol):
    """Chunks runs of whole statements; `Chunker` does."""

    # Whatever the bytes of a run.
    def parse(  # noqa: D102 - see above
        self,
        source: bytes,
        *,
        max_bytes: int | None = None,
        top: bool = True,
        deadline: Deadline = NO_DEADLINE,
    ) -> ParsedFile: ...

    # Of a run without errors; else None, and about where the first is.
    def parse_clean(  # noqa: D102 - see above
        self, source: bytes, budget: Budget, *, max_bytes: int | None, top: bool
    ) -> tuple[ParsedFile | None, int]: ...

    # Without parsing it.
    def chunk_unparsed(self, source: bytes, *, top: bool) -> ParsedFile: ...  # noqa: D102 - see above


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
    """A warning about the file for the user; the chunks are valid in spite of it."""

    def in_file(self) -> list[Chunk]:
        """The chunks, with positions that count from the start of the file."""
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


class _Text:
    """The part of a file that was read and is in no window yet."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._has_more = True
        self.held = b""
        self.start_byte = 0
        self.start_line = 1

    def is_over(self, size_bytes: int) -> bool:
        """Whether the file has no more than so many bytes left; reads that many."""
        pieces, held_bytes = [self.held], len(self.held)
        while self._has_more and held_bytes <= size_bytes:
            pieces.append(self._read(size_bytes + 1 - held_bytes))
            held_bytes += len(pieces[-1])
            self._has_more = bool(pieces[-1])
        if len(pieces) > 1:
            self.held = b"".join(pieces)
        return len(self.held) <= size_bytes

    def take(self, end: int) -> bytes:
        """Take the first bytes away."""
        taken, self.held = self.held[:end], self.held[end:]
        self.start_byte += end
        self.start_line += taken.count(b"\n")
        return taken


class _Cutter:
    """Cuts windows off a text."""

    def __init__(
        self,
        text: _Text,
        chunker: TextChunker,
        window_bytes: int,
        max_bytes: int | None,
        deadline: Deadline,
    ) -> None:
        self._text = text
        self._chunker = chunker
        self._window_bytes = self._limit = window_bytes
        self._whole_bytes = 2 * window_bytes
        self._max_bytes = max_bytes
        self._deadline = deadline
        self._extents = Extents()

    def cut(self) -> Iterator[Window]:
        text, whole_bytes = self._text, self._whole_bytes
        while not text.is_over(0):
            if text.is_over(whole_bytes if not text.start_byte else self._limit):
                end, parsed = len(text.held), self._parse(text.held)
            else:
                end, parsed = self._cut_first()
            start_byte, start_line = text.start_byte, text.start_line
            chunks, roots, note = parsed
            yield Window(text.take(end), chunks, roots, start_byte, start_line, note)
            del parsed, chunks, roots  # the trees take more than the text by far
            # Where there are errors, what comes before the next is parsed again for each of them:
            # so not much; and step by step more when they are over.
            self._limit = min(self._window_bytes, max(2 * end, _SMALL_BYTES))

    def _cut_first(self) -> tuple[int, ParsedFile]:
        """The first statements of a text that goes on, and where they end."""
        limit = self._limit
        while True:
            self._deadline.check()
            error = -1
            if limit <= self._whole_bytes:
                end, sound, error = self._parse_clean(self._text.held[:limit])
                if sound is not None:
                    return end, sound
            is_last = self._text.is_over(limit)
            found = self._parse_scanned(limit, error, is_last=is_last)
            if found is not None:
                return found
            if is_last:
                return len(self._text.held), self._parse(self._text.held)
            limit *= 2 if limit <= self._whole_bytes else 4

    def _parse_clean(self, text: bytes) -> tuple[int, ParsedFile | None, int]:
        """The first statements where they have no errors; or where about the first error is.

        In the middle of a statement the grammar may search very long for what is missing. Before a
        line that looks like a declaration's first, nothing is; and if it is one, whatever parses
        without errors up to there is whole.
        """
        broken = -1
        likely = [found.end() for found in _FIRST_LINE.finditer(text, 0, len(text) - AHEAD_BYTES)]
        tries = 0
        while likely and tries < _TRIES:
            place = likely.pop()
            end = _find_end_before_comments(text, place)
            if not end or _EXPORT_ALONE.search(text, max(0, end - _LOOK_BACK_BYTES), end):
                continue
            tries += 1
            found, error = self._parse_run(text[:end])
            if found is None:
                broken = error
            elif _may_go_on(found, text, place):
                error = found.chunks[-1].start_byte + 1
            else:
                return end, found, -1
            while likely and likely[-1] > error:
                likely.pop()
        return 0, None, broken

    def _parse_scanned(
        self, limit: int, error: int, *, is_last: bool
    ) -> tuple[int, ParsedFile] | None:
        """The first statements as the scan finds them; None if it needs more text."""
        text = self._text.held[:limit]
        most_bytes = self._limit if error < 0 else min(self._limit, _RUN_BYTES)
        place = Run(self._text.start_byte, error, most_bytes, is_last)
        for end, start in self._extents.find_ends(text, place):
            parsed = self._parse(text[:end])
            if not _may_go_on(parsed, text, start):
                return end, parsed
        return None

    def _parse_run(self, source: bytes) -> tuple[ParsedFile | None, int]:
        budget = Budget(len(source), self._deadline)
        top = not self._text.start_byte
        return self._chunker.parse_clean(source, budget, max_bytes=self._max_bytes, top=top)

    def _parse(self, source: bytes) -> ParsedFile:
        top = not self._text.start_byte
        if is_too_large(source, self._whole_bytes):
            return self._chunker.chunk_unparsed(source, top=top)
        deadline = self._deadline
        return self._chunker.parse(source, max_bytes=self._max_bytes, top=top, deadline=deadline)


def cut_windows(
    read: Callable[[int], bytes],
    chunker: TextChunker,
    *,
    window_bytes: int | None = None,
    max_bytes: int | None = None,
    deadline: Deadline = NO_DEADLINE,
) -> Iterator[Window]:
    """Chunk a file in windows, which together are its text, in order. One may hold no chunk.

    Args:
        read: gives at most so many further bytes of the file; none at its end.
        chunker: cuts them.
        window_bytes: how much is parsed at a time, statements allowing; a file of twice as much is
            one window. None for what all files are cut in.
        max_bytes: cut declarations that are larger.
        deadline: when to give up.

    Raises:
        TimeLimitReached: the deadline has passed.
    """
    size_bytes = sizes.WINDOW_BYTES if window_bytes is None else window_bytes
    return _Cutter(_Text(read), chunker, size_bytes, max_bytes, deadline).cut()


def _find_end_before_comments(text: bytes, end: int) -> int:
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


def _may_go_on(parsed: ParsedFile, text: bytes, start: int) -> bool:
    """Whether another overload of the last function may start there."""
    last = next((chunk for chunk in reversed(parsed.chunks) if chunk.kind != "comment"), None)
    following = _FUNCTION.match(text, start)
    if following is None or last is None:
        return False
    name = (following[1] or b"default").decode("utf-8", "replace")
    # Parts of a function that was cut have it in their scope.
    return name == (last.name if last.kind == "function" else next(iter(last.scope or ()), None))
