"""A file as a worker sees it: all of it at once, or, if it is large, window by window."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from chunkflow.cache.keys import DIGEST_BYTES, content_digest
from chunkflow.engine.allocator import give_back
from chunkflow.engine.messages import FileTask
from chunkflow.engine.reading import check_text, opened, read_if_small
from chunkflow.engine.records.writer import Columns
from chunkflow.errors import SourceError
from chunkflow.model.chunk import Chunk
from chunkflow.model.digest import blake2b
from chunkflow.syntax.chunker import Chunker

if TYPE_CHECKING:
    from tree_sitter import Node

# With larger ones, a parse that has to be done again costs more; smaller ones save nothing.
_WINDOW_BYTES = 64 * 1024


class Section(NamedTuple):
    """A run of whole statements of a file; a file that is not large is one section."""

    source: bytes
    chunks: list[Chunk]
    """Positions count from the start of `source`."""
    roots: "Sequence[Node]"
    start_line: int = 1
    """Where in the file it begins; so does the column, in code points."""
    start_column: int = 1
    note: str | None = None
    """What is to be said of the file, though it has its chunks."""


class SourceText:
    """The text of one file. Its bytes are read once for each call of `sections`, or only once.

    Raises:
        SourceError: it cannot be read; from `sections` too.
    """

    def __init__(self, task: FileTask, *, streaming_bytes: int | None) -> None:
        self._task = task
        self.digest = b""
        """Of the content; known when sections have been gone through."""
        self.size_bytes = 0
        self._whole = task.source
        if self._whole is None:
            most_bytes = sys.maxsize if streaming_bytes is None else streaming_bytes
            self._whole = read_if_small(task.path, task.shown, most_bytes)

    def sections(self, chunker: Chunker, max_bytes: int | None) -> Iterator[Section]:
        """The sections in order, declarations larger than `max_bytes` cut."""
        if self._whole is None:
            yield from self._windows(chunker, max_bytes)
            return
        parsed = chunker.parse(self._whole, max_bytes=max_bytes)
        self.digest, self.size_bytes = content_digest(self._whole), len(self._whole)
        yield Section(self._whole, parsed.chunks, parsed.roots, note=parsed.note)

    def _windows(self, chunker: Chunker, max_bytes: int | None) -> Iterator[Section]:
        from chunkflow.syntax.windows import windows  # noqa: PLC0415 - few files are so large

        give_back()
        task, hasher, column = self._task, blake2b(digest_size=DIGEST_BYTES), 1
        size_bytes = 0
        with opened(task.path, task.shown) as file:

            def read(most: int) -> bytes:
                nonlocal size_bytes
                data = file.read(most)
                hasher.update(data)
                size_bytes += len(data)
                return data

            found = windows(read, chunker, window_bytes=_WINDOW_BYTES, max_bytes=max_bytes)
            for window in found:
                source, start_line = window.source, window.start_line
                check_text(source, task.shown, start_line=start_line, start_byte=window.start_byte)
                yield Section(source, window.chunks, window.roots, start_line, column, window.note)
                columns = Columns(source, start_line=start_line, start_column=column)
                column = columns.at(len(source))
        self._settle(hasher.digest(), size_bytes)

    def _settle(self, digest: bytes, size_bytes: int) -> None:
        if self.digest not in (b"", digest):
            shown = self._task.shown
            raise SourceError(f"cannot read {shown}: it changed while it was read; run again")
        self.digest, self.size_bytes = digest, size_bytes
