"""A file as a worker sees it: all of it at once, or, if it is large, window by window."""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from chunkflow.cache.keys import DIGEST_BYTES, digest_content
from chunkflow.engine.allocator import give_back
from chunkflow.engine.messages import FileTask
from chunkflow.engine.reading import bytes_to_hold, check_text, open_source, read_if_small
from chunkflow.engine.records.writer import Columns
from chunkflow.engine.worker.calls import join_imports
from chunkflow.errors import SourceError
from chunkflow.model.chunk import Chunk
from chunkflow.private import blake2b
from chunkflow.syntax import sizes
from chunkflow.syntax.budget import NO_DEADLINE, Deadline
from chunkflow.syntax.chunker import Chunker

if TYPE_CHECKING:
    from tree_sitter import Node


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
    imports: str | None = None
    """Those of the whole file, where they were asked for; None where the section is all of it."""


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
            most_bytes = bytes_to_hold(streaming_bytes)
            self._whole = read_if_small(task.path, task.shown, most_bytes)

    def sections(
        self,
        chunker: Chunker,
        max_bytes: int | None,
        *,
        with_imports: bool = False,
        deadline: Deadline = NO_DEADLINE,
    ) -> Iterator[Section]:
        """The sections in order.

        They depend on the text alone, not on whether it is held whole.

        Args:
            chunker: cuts them.
            max_bytes: cut declarations that are larger.
            with_imports: tell of each section the imports of the whole file; a large file is gone
                through twice.
            deadline: when it is to be over.

        Raises:
            TimeLimitReached: the deadline is past.
        """
        whole = self._whole
        if whole is not None and len(whole) <= sizes.WHOLE_BYTES:
            parsed = chunker.parse(whole, max_bytes=max_bytes, deadline=deadline)
            yield Section(whole, parsed.chunks, parsed.roots, note=parsed.note)
            self._settle(digest_content(whole), len(whole))
            return
        imports = None
        if with_imports:
            sections = self._in_windows(chunker, max_bytes, deadline)
            imports = join_imports(chunk for section in sections for chunk in section.chunks)
        for section in self._in_windows(chunker, max_bytes, deadline):
            yield section._replace(imports=imports)

    def _in_windows(
        self, chunker: Chunker, max_bytes: int | None, deadline: Deadline
    ) -> Iterator[Section]:
        whole = self._whole
        if whole is None:
            yield from self._read(chunker, max_bytes, deadline)
        else:
            yield from self._windows(BytesIO(whole).read, chunker, max_bytes, deadline)
            self._settle(digest_content(whole), len(whole))

    def _read(
        self, chunker: Chunker, max_bytes: int | None, deadline: Deadline
    ) -> Iterator[Section]:
        give_back()
        task, hasher = self._task, blake2b(digest_size=DIGEST_BYTES)
        size_bytes = 0
        with open_source(task.path, task.shown) as file:

            def read(most: int) -> bytes:
                nonlocal size_bytes
                data = file.read(most)
                hasher.update(data)
                size_bytes += len(data)
                return data

            yield from self._windows(read, chunker, max_bytes, deadline)
        self._settle(hasher.digest(), size_bytes)

    def _windows(
        self,
        read: Callable[[int], bytes],
        chunker: Chunker,
        max_bytes: int | None,
        deadline: Deadline,
    ) -> Iterator[Section]:
        from chunkflow.syntax.windows import cut_windows  # noqa: PLC0415 - few files are so large

        shown, column = self._task.shown, 1
        for window in cut_windows(read, chunker, max_bytes=max_bytes, deadline=deadline):
            source, start_line = window.source, window.start_line
            check_text(source, shown, start_line=start_line, start_byte=window.start_byte)
            yield Section(source, window.chunks, window.roots, start_line, column, window.note)
            columns = Columns(source, start_line=start_line, start_column=column)
            column = columns.at(len(source))

    def _settle(self, digest: bytes, size_bytes: int) -> None:
        if self.digest not in (b"", digest):
            shown = self._task.shown
            raise SourceError(f"cannot read {shown}: it changed while it was read; run again")
        self.digest, self.size_bytes = digest, size_bytes
