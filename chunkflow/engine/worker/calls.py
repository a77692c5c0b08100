"""Calls processors, so that whatever one raises at a chunk costs that chunk alone."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.processors.protocol import Processor

if TYPE_CHECKING:
    from tree_sitter import Node


def call(
    processor: Processor, chunks: Sequence[Chunk], source: bytes, roots: "Sequence[Node]"
) -> list[Outcome]:
    """One outcome a chunk; where the processor raises, only that chunk's is an error.

    Raises:
        MemoryError: there is no memory; what can be done about that, the pool knows.
    """
    outcomes: list[Outcome] = []
    try:
        outcomes.extend(processor.process(chunks, source, roots))
    except MemoryError:
        raise
    except Exception as exc:  # noqa: BLE001 - whatever a processor raises
        if len(chunks) == 1:
            cause = f"{type(exc).__name__}: {exc}".removesuffix(": ")
            return [Outcome(error=f'processor "{processor.name}" raised {cause}')]
        # It told nothing of the rest. One by one, each chunk answers for itself.
        for chunk in chunks[len(outcomes) :]:
            outcomes += call(processor, [chunk], source, roots)
    if len(outcomes) != len(chunks):
        count = f"{len(outcomes)} outcomes for {len(chunks)} chunks"
        return [Outcome(error=f'processor "{processor.name}" gave {count}')] * len(chunks)
    return outcomes


class Context:
    """Gives the chunks of a file what a processor declared that it sees besides them."""

    def __init__(self, declared: Sequence[str], shown: str) -> None:
        self._declared = declared
        self._shown = shown

    def of(self, chunks: list[Chunk], imports: str | None = None) -> list[Chunk]:
        """The chunks of a section of the file.

        Args:
            chunks: of the section.
            imports: of the whole file; None where the section is all of it.
        """
        if "path" in self._declared:
            chunks = [chunk._replace(path=self._shown) for chunk in chunks]
        if "imports" in self._declared:
            text = join_imports(chunks) if imports is None else imports
            chunks = [chunk._replace(imports=text) for chunk in chunks]
        if "container" in self._declared:
            headers = list(_headers(chunks))
            chunks = [c._replace(container=h) for c, h in zip(chunks, headers, strict=True)]
        return chunks


def join_imports(chunks: Iterable[Chunk]) -> str:
    """The imports among chunks, as a processor sees them."""
    return "\n".join(chunk.text for chunk in chunks if chunk.kind == "import")


def _headers(chunks: list[Chunk]) -> Iterator[str | None]:
    """For each chunk the header of the innermost class that it is in."""
    open_classes: list[Chunk] = []
    for chunk in chunks:
        while open_classes and chunk.start_byte >= open_classes[-1].decl_end_byte:
            open_classes.pop()
        yield open_classes[-1].text if open_classes else None
        if chunk.kind == "class":
            open_classes.append(chunk)
