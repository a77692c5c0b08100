"""The built-in processor `chunks`: says nothing, so that a run only cuts files and keeps that."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chunkflow.errors import SettingsError
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome

if TYPE_CHECKING:
    from tree_sitter import Node

_NOTHING = Outcome()


class Chunks:
    """What a run without processors runs."""

    name = "chunks"
    version = "1"
    context: tuple[str, ...] = ()
    max_chunk_bytes: int | None = None
    expensive = False
    alone = False
    unknown_code: Mapping[str, str] = {}
    is_spoiled = False

    def __init__(self, settings: Mapping[str, object]) -> None:
        for key in settings:
            raise SettingsError(f'unknown setting "processors.chunks.{key}"; it has none')

    def parts(self) -> dict[str, str]:
        """There are none: nothing that it says can change."""
        return {}

    def process(
        self,
        chunks: Sequence[Chunk],
        source: bytes,  # noqa: ARG002 - the protocol's
        roots: Sequence["Node"],  # noqa: ARG002
    ) -> Iterator[Outcome]:
        """The same nothing for every chunk."""
        return iter([_NOTHING] * len(chunks))
