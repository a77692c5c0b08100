"""The processor as the engine sees it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome

if TYPE_CHECKING:
    from tree_sitter import Node


class Processor(Protocol):
    """Turns chunks into outcomes, in a worker."""

    # What findings, reports and settings call it.
    name: str
    # Raised by its author when results change for the same chunk.
    version: str
    # What else it may see of a chunk: some of "path", "scope", "container", "imports".
    context: tuple[str, ...]
    # Largest chunk it wants, in bytes; None never cuts a declaration.
    max_chunk_bytes: int | None

    # Whether a chunk is worth a task and a record of its own.
    expensive: bool
    # Whether it sees each chunk alone: positions count from the chunk's own start, `source` is of
    # no use, there is no tree, and the key of a result is made from the very chunk it was handed.
    # Else it may go by a chunk's text, kind and language, and by the tree over it.
    alone: bool

    # Code that it was seen to load and its key does not have: name → the file that stands for it.
    # From the first on its outcomes are uncertain.
    @property
    def unknown_code(self) -> Mapping[str, str]: ...

    # Whether a call has done something to the process that cannot be undone.
    is_spoiled: bool

    # One outcome a chunk, in order. `chunks` are some of the chunks of one parsed file, positions
    # counting from the file's start; `source` is the file, `roots` are the syntax trees over it,
    # in order, with the file's offsets. What it raises at a chunk is that chunk's error.
    def process(
        self, chunks: Sequence[Chunk], source: bytes, roots: Sequence["Node"]
    ) -> Iterator[Outcome]: ...


class BuiltIn(Processor, Protocol):
    """A processor of chunkflow's own, which may also be made in the process of a run."""

    # Digests, in hexadecimal and by name, of what its results depend on besides chunk and version:
    # `settings` and `source`, as far as there are any.
    def parts(self) -> dict[str, str]: ...
