"""Files on their way to a worker."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from chunkflow.engine.messages import FILES, FileTask, joined
from chunkflow.engine.plan import NOTHING_PREVIOUS, File, Previous


class Sent(NamedTuple):
    """A file on its way to a worker."""

    file: File
    source: bytes | None = None
    """None where the worker reads it: nothing is stored yet that it could be known by, or it is
    large."""
    previous: Previous = NOTHING_PREVIOUS
    tries: int = 0
    """How often it was sent alone."""
    apart: bool = False
    """Whether every processor that is not trusted is called chunk by chunk."""

    def task(self) -> FileTask:
        """What the worker gets."""
        file = self.file
        known = self.previous.records
        return FileTask(file.shown, file.path, file.language, self.source, known, self.apart)


Batch: TypeAlias = Sequence[Sent]
"""Files that go to a worker together."""


def payload_of(batch: Batch) -> bytes:
    """What a worker gets for a batch."""
    return joined(FILES, [one.task().encode() for one in batch])


def weight_bytes(batch: Batch) -> int:
    """What a batch counts for."""
    return sum(one.file.signature.size_bytes for one in batch)
