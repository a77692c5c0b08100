"""Decides which stored results a run reuses.

There are three rules, and they are all here:

1. A file's report comes from its records alone if there is a complete one for every processor.
2. Else a chunk's result is reused from the file's last record, by the chunk's local key.
3. Else the result of an expensive processor is reused from the chunk's own record, by its key.
"""

from chunkflow.engine.records.files import Contents, contents_of, reusable, unpack
from chunkflow.model.finding import Outcome


def find_contents(record: bytes, *, with_values: bool = True) -> Contents | None:
    """Rule 1: what a file record says; None where it does not say all of the file."""
    unpacked = unpack(record)
    if unpacked is None or not unpacked.complete:
        return None
    return contents_of(unpacked, with_values=with_values)


def find_outcomes(record: bytes) -> dict[bytes, Outcome]:
    """Rule 2: the outcomes in a file's last record, by local key; none where there is no record."""
    unpacked = unpack(record) if record else None
    return {} if unpacked is None else reusable(unpacked)


def find_outcome(record: bytes) -> Outcome | None:
    """Rule 3: the outcome in a chunk record; None where it has none that can be used."""
    # Here and not above: most runs have no chunk records.
    from chunkflow.engine.records.chunks import unpack_chunk  # noqa: PLC0415

    return unpack_chunk(record)
