"""Compares what the cache holds of a file with what a run without it has made of the same bytes."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from chunkflow.cache.keys import make_chunk_key
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.options import RunProcessor
from chunkflow.engine.records.chunks import unpack_chunk
from chunkflow.engine.records.files import (
    FileRecord,
    PlacedFindings,
    PlacedValue,
    contents_of,
    keys_in,
    reusable,
)


class Differing(NamedTuple):
    """A chunk of a file of which the cache says something else."""

    chunk_index: int | None
    """None where it is about the file as a whole."""
    what: str
    """One of `DIFFERENCES`."""


def compare_records(cached: FileRecord, fresh: FileRecord) -> Iterator[Differing]:
    """How a file record of the cache differs from a fresh one, in the order of the file."""
    if (cached.local_keys, cached.size_bytes) != (fresh.local_keys, fresh.size_bytes):
        yield Differing(None, "chunks")
        return
    before, now = contents_of(cached), contents_of(fresh)
    assert before is not None  # or it were not said to be in the cache
    assert now is not None
    found = [
        *(Differing(index, "findings") for index in _unequal(before.findings, now.findings)),
        *(Differing(index, "value") for index in _unequal(before.values, now.values)),
    ]
    yield from sorted(found)


def compare_chunk_records(
    tiers: Tiers, processor: RunProcessor, fresh: FileRecord
) -> Iterator[Differing]:
    """How the records of single chunks differ from what a fresh file record says of them."""
    outcomes = reusable(fresh)
    keys = {make_chunk_key(processor.own, key): key for key in outcomes}
    wrong = set()
    for key, hit in tiers.peek_many(list(keys)).items():
        outcome = unpack_chunk(hit.payload)
        # One that cannot be read is a miss, and nothing wrong comes of it.
        if outcome is not None and _text(outcome) != _text(outcomes[keys[key]]):
            wrong.add(keys[key])
    for index, local_key in enumerate(keys_in(fresh)):
        if local_key in wrong:
            yield Differing(index, "chunk record")


def _unequal(
    before: Sequence[PlacedFindings | PlacedValue], now: Sequence[PlacedFindings | PlacedValue]
) -> set[int]:
    """The chunks of which not both say the same, byte for byte."""
    one, other = _by_index(before), _by_index(now)
    return {index for index in one.keys() | other.keys() if one.get(index) != other.get(index)}


def _by_index(placed: Iterable[PlacedFindings | PlacedValue]) -> dict[int, str]:
    return {one.chunk_index: _text(one) for one in placed}


def _text(value: object) -> str:
    return json.dumps(value)
