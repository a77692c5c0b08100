"""The built-in processor `chunks`: returns nothing, so that a run only cuts files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chunkflow.errors import SettingsError
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome

if TYPE_CHECKING:
    from tree_sitter import Node

_NOTHING = Outcome()


class Chunks:
    """The processor of a run that names none."""

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
        """No digests: its results cannot change."""
        return {}

    def process(
        self,
        chunks: Sequence[Chunk],
        source: bytes,  # noqa: ARG002 - the protocol's
        roots: Sequence["Node"],  # noqa: ARG002
    ) -> Iterator[Outcome]:
        """Return an empty outcome for every chunk."""
        return iter([_NOTHING] * len(chunks))
