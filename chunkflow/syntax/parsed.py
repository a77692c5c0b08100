"""What chunking a text gives, and what chunks one: between a chunker and those who use it."""

from typing import NamedTuple, Protocol

from tree_sitter import Node

from chunkflow.model.chunk import Chunk
from chunkflow.syntax.budget import NO_DEADLINE, Budget, Deadline


class ParsedFile(NamedTuple):
    """A file's chunks, and the syntax trees that they were found in."""

    chunks: list[Chunk]
    roots: list[Node]
    """In the order of the file, offsets counting from its start."""
    note: str | None = None
    """What is to be said of the file, though it has its chunks."""


class TextChunker(Protocol):
    """Chunks runs of whole statements; see `Chunker`, which is one."""

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
