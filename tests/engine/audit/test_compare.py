"""Records that say the same are equal, whatever else; those that do not differ chunk by chunk."""

from collections.abc import Sequence

import pytest

from chunkflow.cache.keys import make_chunk_key
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.audit.compare import Differing, compare_chunk_records, compare_records
from chunkflow.engine.options import RunProcessor
from chunkflow.engine.records.chunks import pack_chunk
from chunkflow.engine.records.files import FileRecord, local_keys, unpack
from chunkflow.engine.records.writer import Columns, RecordWriter
from chunkflow.model.finding import Finding, Outcome
from chunkflow.syntax.chunker import chunk_source

SOURCE = b"let a = 1\nlet b = 2\nlet c = 3\n"
CHUNKS = chunk_source(SOURCE, "typescript")
KEYS = local_keys(CHUNKS, alone=False)
PROCESSOR = RunProcessor("p", b"p" * 16, own=b"o" * 16, expensive=True)
VALUES = [Outcome(value=1), Outcome(), Outcome((Finding("bad"),))]


def record(outcomes: Sequence[Outcome], *, size_bytes: int = len(SOURCE)) -> FileRecord:
    writer = RecordWriter()
    columns = Columns(SOURCE, start_line=1, start_column=1)
    writer.add(CHUNKS[: len(outcomes)], outcomes, KEYS[: len(outcomes)], columns)
    unpacked = unpack(writer.finish(size_bytes))
    assert unpacked is not None
    return unpacked


def test_what_says_the_same_does_not_differ() -> None:
    assert list(compare_records(record(VALUES), record(VALUES))) == []


@pytest.mark.parametrize(
    ("index", "outcome", "expected"),
    [
        (0, Outcome(value=2), [Differing(0, "value")]),
        (0, Outcome(value=1.0), [Differing(0, "value")]),
        (0, Outcome(value=True), [Differing(0, "value")]),
        (0, Outcome(), [Differing(0, "value")]),
        (1, Outcome(value=0), [Differing(1, "value")]),
        (2, Outcome(), [Differing(2, "findings")]),
        (2, Outcome((Finding("worse"),)), [Differing(2, "findings")]),
        (0, Outcome((Finding("a"),), 2), [Differing(0, "findings"), Differing(0, "value")]),
    ],
)
def test_chunk_that_differs_is_named(
    index: int, outcome: Outcome, expected: list[Differing]
) -> None:
    other = [outcome if number == index else value for number, value in enumerate(VALUES)]
    assert list(compare_records(record(VALUES), record(other))) == expected


def test_record_of_other_chunks_differs_as_a_whole() -> None:
    expected = [Differing(None, "chunks")]
    assert list(compare_records(record(VALUES[:2]), record(VALUES))) == expected
    assert list(compare_records(record(VALUES, size_bytes=9), record(VALUES))) == expected


def test_chunk_records_are_compared_with_the_file_record(tiers: Tiers) -> None:
    keys = [make_chunk_key(PROCESSOR.own, key) for key in KEYS]
    assert list(compare_chunk_records(tiers, PROCESSOR, record(VALUES))) == []
    right = [pack_chunk(c, o) for c, o in zip(CHUNKS, VALUES, strict=True)]
    tiers.put_many(zip(keys, right, strict=True))
    assert list(compare_chunk_records(tiers, PROCESSOR, record(VALUES))) == []
    tiers.put_many([(keys[0], b"no record")])
    tiers.put_many([(keys[1], pack_chunk(CHUNKS[1], Outcome(value=3)))])
    expected = [Differing(1, "chunk record")]
    assert list(compare_chunk_records(tiers, PROCESSOR, record(VALUES))) == expected
