"""A file's records are found for all processors at once, or those of what it last held."""

from pathlib import Path

import pytest

from chunkflow.cache.database import open_store
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.files import File
from chunkflow.engine.lookup import FileRecords
from chunkflow.engine.manifest import Signature
from chunkflow.engine.options import RunProcessor
from chunkflow.engine.records.files import local_keys
from chunkflow.engine.records.writer import Columns, RecordWriter
from chunkflow.model.finding import Outcome
from chunkflow.syntax.chunker import chunk_source

SOURCE = b"let a = 1\nlet b = 2\n"
FIRST = RunProcessor("first", b"1" * 16)
SECOND = RunProcessor("second", b"2" * 16)


@pytest.fixture
def file() -> File:
    return File("a.ts", "/p/a.ts", "typescript", Signature(20, 0, 0, 0), 0, None, False)


def record(*, error: str | None = None, value: int = 0) -> bytes:
    chunks = chunk_source(SOURCE, "typescript")
    outcomes = [Outcome(value=value), Outcome(error=error)]
    writer = RecordWriter()
    columns = Columns(SOURCE, start_line=1, start_column=1)
    writer.add(chunks, outcomes, local_keys(chunks, alone=False), columns)
    return writer.finish(len(SOURCE))


def keep(tiers: Tiers, file: File, processor: RunProcessor, digest: bytes, payload: bytes) -> None:
    (key,) = FileRecords(tiers, [processor]).keys(file, digest)
    tiers.put_many([(key, payload)])


def test_file_is_known_when_every_processor_has_said_all(tiers: Tiers, file: File) -> None:
    records = FileRecords(tiers, [FIRST, SECOND])
    keep(tiers, file, FIRST, b"d", record(value=1))
    assert records.find([(file, b"d")]) == {}
    keep(tiers, file, SECOND, b"d", record(value=2))
    known = records.find([(file, b"d")])[file.path]
    assert [told.values[0].value for told in known.contents] == [1, 2]
    assert (known.digest, known.tier) == (b"d", "l1")


def test_file_with_a_failed_chunk_is_not_known(tiers: Tiers, file: File) -> None:
    keep(tiers, file, FIRST, b"d", record(error="no"))
    assert FileRecords(tiers, [FIRST]).find([(file, b"d")]) == {}


def hollow_record() -> bytes:
    return record(value=1).replace(b"[[0,", b"[{0,")


def test_record_that_cannot_be_decoded_counts_as_missing(tiers: Tiers, file: File) -> None:
    for payload in (b"no record", hollow_record()):
        keep(tiers, file, FIRST, b"d", payload)
        assert FileRecords(tiers, [FIRST]).find([(file, b"d")]) == {}


def test_values_are_not_decoded_for_a_report_without(tiers: Tiers, file: File) -> None:
    keep(tiers, file, FIRST, b"d", hollow_record())
    known = FileRecords(tiers, [FIRST], with_values=False).find([(file, b"d")])
    assert known[file.path].contents[0].values == []


def test_key_holds_the_path_only_for_who_sees_it(tiers: Tiers, file: File) -> None:
    moved = file._replace(shown="b.ts")
    blind, seeing = (
        FileRecords(tiers, [FIRST]),
        FileRecords(tiers, [FIRST._replace(context=("path",))]),
    )
    assert blind.keys(file, b"d") == blind.keys(moved, b"d")
    assert seeing.keys(file, b"d") != seeing.keys(moved, b"d")


def test_what_the_file_last_held_serves_its_next_version(tiers: Tiers, file: File) -> None:
    keep(tiers, file, SECOND, b"old", record(value=2))
    edited = file._replace(last_digest=b"old")
    previous = FileRecords(tiers, [FIRST, SECOND]).find_previous([(edited, b"new")])
    assert previous[file.path] == ((b"", record(value=2)), "l1")


def test_what_failed_is_all_that_its_own_record_lacks(tiers: Tiers, file: File) -> None:
    keep(tiers, file, FIRST, b"old", record(value=1))
    keep(tiers, file, FIRST, b"new", record(value=2, error="no"))
    edited = file._replace(last_digest=b"old")
    previous = FileRecords(tiers, [FIRST]).find_previous([(edited, b"new")])
    assert previous[file.path].records == (record(value=2, error="no"),)


def test_file_without_a_record_has_no_previous(tiers: Tiers, file: File) -> None:
    assert FileRecords(tiers, [FIRST]).find_previous([(file, b"new")]) == {}


def test_tier_is_where_a_run_found_a_record_first(project: Path, file: File) -> None:
    store = open_store(project / "cache", limit_bytes=1 << 20, warn=lambda _: None)
    keep(Tiers(MemoryTier(0), store, warn=lambda _: None), file, FIRST, b"d", record(error="no"))
    records = FileRecords(Tiers(MemoryTier(1 << 20), store, warn=lambda _: None), [FIRST])
    for _ in range(2):
        assert records.find([(file, b"d")]) == {}
    assert records.find_previous([(file, b"d")])[file.path].tier == "l3"
    store.close()
