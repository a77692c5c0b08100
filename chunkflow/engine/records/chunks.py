"""A chunk record: what an expensive processor said of one chunk, wherever that chunk stands.

It is laid out as the file record of a file that holds this chunk alone, and as little trusted.
"""

from chunkflow.engine.records.files import reusable, unpack
from chunkflow.engine.records.writer import Columns, RecordWriter
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome

_ANY_KEY = b"k"


def pack_chunk(chunk: Chunk, outcome: Outcome) -> bytes:
    """The record of a chunk whose positions count from its own start.

    Raises:
        ValueError: a value is not a plain one; `TypeError` and `RecursionError` likewise.
    """
    writer = RecordWriter()
    columns = Columns(chunk.source, start_line=1, start_column=1)
    writer.add([chunk], [outcome], [_ANY_KEY], columns)
    return writer.finish(len(chunk.source))


def unpack_chunk(payload: bytes) -> Outcome | None:
    """What was said, or None where the bytes are no chunk record."""
    record = unpack(payload)
    if record is None or record.chunks != 1 or not record.complete:
        return None
    return reusable(record).get(_ANY_KEY)
