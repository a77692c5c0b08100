"""What a processor is to the engine."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome

if TYPE_CHECKING:
    from tree_sitter import Node


class Processor(Protocol):
    """Turns chunks into outcomes. Instances are rebuilt in each worker from `(name, settings)`."""

    # What findings, reports and settings call it.
    name: str
    # Raised by its author when results change for the same chunk.
    version: str
    # What else it may see of a chunk: some of "path", "scope", "container", "imports".
    context: tuple[str, ...]
    # Largest chunk it wants, in bytes; None never cuts a declaration.
    max_chunk_bytes: int | None

    # Whether a chunk is worth a task and a record of its own. It is then given alone: positions
    # count from its own start, `source` is its text, and there is no tree.
    expensive: bool

    # Everything but the chunk that a result depends on: settings and source. The same in every
    # process.
    def fingerprint(self) -> bytes: ...

    # Digests of what the fingerprint is made of, by name: `settings` and `source`, as far as there
    # are any. No key depends on them; they tell a user which of the two has changed.
    def parts(self) -> dict[str, bytes]: ...

    # One outcome a chunk, in order. `chunks` are some of the chunks of one parsed file, positions
    # counting from the file's start; `source` is the file, `roots` are the syntax trees over it,
    # in order, with the file's offsets. What it raises at a chunk is that chunk's error.
    def process(
        self, chunks: Sequence[Chunk], source: bytes, roots: Sequence["Node"]
    ) -> Iterator[Outcome]: ...
