"""What is known of a file before it is processed."""

import os
from pathlib import Path

import pytest

from chunkflow.cache.database import open_store
from chunkflow.cache.keys import digest_content
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.manifest import Manifest, Seen
from chunkflow.engine.plan import (
    File,
    Records,
    RunProcessor,
    look,
    noted,
    read_and_digest,
)
from chunkflow.engine.records.files import local_keys
from chunkflow.engine.records.writer import Columns, RecordWriter
from chunkflow.errors import SourceError
from chunkflow.model.finding import Outcome
from chunkflow.syntax import sizes
from chunkflow.syntax.chunker import chunk_source

LATER_NS = 1 << 62
SOURCE = b"let a = 1\nlet b = 2\n"
FIRST = RunProcessor("first", b"1" * 16, sees_path=False)
SECOND = RunProcessor("second", b"2" * 16, sees_path=False)


@pytest.fixture
def manifest(tiers: Tiers, project: Path) -> Manifest:
    return Manifest(tiers, [str(project / "a.ts")])


@pytest.fixture
def file(project: Path, manifest: Manifest) -> File:
    (project / "a.ts").write_bytes(SOURCE)
    return seen_now(project, manifest)


def seen_now(project: Path, manifest: Manifest) -> File:
    file = look("a.ts", str(project / "a.ts"), manifest, LATER_NS, named=True)
    assert file is not None
    return file


def record(*, error: str | None = None, value: int = 0) -> bytes:
    chunks = chunk_source(SOURCE, "typescript")
    outcomes = [Outcome(value=value), Outcome(error=error)]
    writer = RecordWriter()
    columns = Columns(SOURCE, start_line=1, start_column=1)
    writer.add(chunks, outcomes, local_keys(chunks, alone=False), columns)
    return writer.finish(len(SOURCE))


def keep(tiers: Tiers, file: File, processor: RunProcessor, digest: bytes, payload: bytes) -> None:
    (key,) = Records(tiers, [processor]).keys(file, digest)
    tiers.put_many([(key, payload)])


def test_new_file_was_never_seen(file: File) -> None:
    assert (file.language, file.last_digest, file.unchanged) == ("typescript", None, False)


def test_unchanged_file_is_known_by_its_signature(
    project: Path, file: File, manifest: Manifest
) -> None:
    manifest.note(file.path, Seen(noted(file), b"d" * 16))
    again = seen_now(project, manifest)
    assert (again.last_digest, again.unchanged) == (b"d" * 16, True)


def test_changed_file_is_known_by_what_it_last_held(
    project: Path, file: File, manifest: Manifest
) -> None:
    manifest.note(file.path, Seen(noted(file), b"d" * 16))
    (project / "a.ts").write_bytes(b"")
    again = seen_now(project, manifest)
    assert (again.last_digest, again.unchanged) == (b"d" * 16, False)


def test_file_that_was_just_written_is_not_trusted(project: Path, manifest: Manifest) -> None:
    (project / "a.ts").write_bytes(SOURCE)
    now_ns = os.stat(project / "a.ts").st_ctime_ns
    file = look("a.ts", str(project / "a.ts"), manifest, now_ns, named=True)
    assert file is not None
    assert noted(file) != file.signature


def make_nothing(path: Path) -> None:
    """The file is gone."""


def make_broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


def make_directory(path: Path) -> None:
    path.mkdir()


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_nothing, "no such file"),
        (make_broken_link, "it is a link to nothing"),
        (make_directory, "it is a directory"),
        (make_fifo, "it is not a regular file"),
        (make_loop, "too many levels"),
    ],
)
def test_named_path_that_is_no_file_is_told(
    project: Path, manifest: Manifest, make: object, message: str
) -> None:
    assert callable(make)
    make(project / "a.ts")
    with pytest.raises(SourceError, match=f"cannot read a.ts: {message}"):
        look("a.ts", str(project / "a.ts"), manifest, LATER_NS, named=True)


@pytest.mark.parametrize("make", [make_nothing, make_broken_link, make_directory, make_fifo])
def test_found_path_that_is_no_file_is_passed_over(
    project: Path, manifest: Manifest, make: object
) -> None:
    assert callable(make)
    make(project / "a.ts")
    assert look("a.ts", str(project / "a.ts"), manifest, LATER_NS, named=False) is None


def test_found_link_to_itself_is_told(project: Path, manifest: Manifest) -> None:
    make_loop(project / "a.ts")
    with pytest.raises(SourceError, match="too many levels"):
        look("a.ts", str(project / "a.ts"), manifest, LATER_NS, named=False)


def test_found_file_that_may_not_be_looked_at_is_told(
    project: Path, tiers: Tiers, permissions_count: None
) -> None:
    (project / "in").mkdir()
    (project / "in" / "a.ts").touch()
    path = str(project / "in" / "a.ts")
    (project / "in").chmod(0o600)
    with pytest.raises(SourceError, match="permission denied"):
        look("in/a.ts", path, Manifest(tiers, [path]), LATER_NS, named=False)
    (project / "in").chmod(0o700)


def test_unknown_suffix_is_told(project: Path, manifest: Manifest) -> None:
    with pytest.raises(SourceError, match=r"cannot read a\.txt: unknown language"):
        look("a.txt", str(project / "a.txt"), manifest, LATER_NS, named=True)


def test_file_that_is_gone_is_forgotten(project: Path, file: File, manifest: Manifest) -> None:
    manifest.note(file.path, Seen(noted(file), b"d" * 16))
    (project / "a.ts").unlink()
    assert look("a.ts", file.path, manifest, LATER_NS, named=False) is None
    assert manifest.seen(file.path) is None


def test_digest_is_of_the_bytes_that_were_read(file: File) -> None:
    assert read_and_digest(file, None) == (SOURCE, digest_content(SOURCE))
    assert read_and_digest(file, len(SOURCE)) == (SOURCE, digest_content(SOURCE))


def test_file_that_is_large_is_not_held(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "WHOLE_BYTES", 1)
    assert read_and_digest(file, len(SOURCE) - 1) == (None, digest_content(SOURCE))


def test_large_file_that_is_gone_is_told(project: Path, file: File) -> None:
    (project / "a.ts").unlink()
    with pytest.raises(SourceError, match=r"cannot read a\.ts: no such file"):
        read_and_digest(file, 1)


def test_file_is_known_when_every_processor_has_said_all(tiers: Tiers, file: File) -> None:
    records = Records(tiers, [FIRST, SECOND])
    keep(tiers, file, FIRST, b"d", record(value=1))
    assert records.find([(file, b"d")]) == {}
    keep(tiers, file, SECOND, b"d", record(value=2))
    known = records.find([(file, b"d")])[file.path]
    assert [told.values[0].value for told in known.contents] == [1, 2]
    assert (known.digest, known.tier) == (b"d", "l1")


def test_file_with_a_failed_chunk_is_not_known(tiers: Tiers, file: File) -> None:
    keep(tiers, file, FIRST, b"d", record(error="no"))
    assert Records(tiers, [FIRST]).find([(file, b"d")]) == {}


def hollow_record() -> bytes:
    return record(value=1).replace(b"[[0,", b"[{0,")


def test_record_that_cannot_be_decoded_counts_as_missing(tiers: Tiers, file: File) -> None:
    for payload in (b"no record", hollow_record()):
        keep(tiers, file, FIRST, b"d", payload)
        assert Records(tiers, [FIRST]).find([(file, b"d")]) == {}


def test_values_are_not_decoded_for_a_report_without(tiers: Tiers, file: File) -> None:
    keep(tiers, file, FIRST, b"d", hollow_record())
    known = Records(tiers, [FIRST], with_values=False).find([(file, b"d")])
    assert known[file.path].contents[0].values == []


def test_key_holds_the_path_only_for_who_sees_it(tiers: Tiers, file: File) -> None:
    moved = file._replace(shown="b.ts")
    blind, seeing = Records(tiers, [FIRST]), Records(tiers, [FIRST._replace(sees_path=True)])
    assert blind.keys(file, b"d") == blind.keys(moved, b"d")
    assert seeing.keys(file, b"d") != seeing.keys(moved, b"d")


def test_what_the_file_last_held_serves_its_next_version(tiers: Tiers, file: File) -> None:
    keep(tiers, file, SECOND, b"old", record(value=2))
    edited = file._replace(last_digest=b"old")
    previous = Records(tiers, [FIRST, SECOND]).previous([(edited, b"new")])
    assert previous[file.path] == ((b"", record(value=2)), "l1")


def test_what_failed_is_all_that_its_own_record_lacks(tiers: Tiers, file: File) -> None:
    keep(tiers, file, FIRST, b"old", record(value=1))
    keep(tiers, file, FIRST, b"new", record(value=2, error="no"))
    edited = file._replace(last_digest=b"old")
    previous = Records(tiers, [FIRST]).previous([(edited, b"new")])
    assert previous[file.path].records == (record(value=2, error="no"),)


def test_file_without_a_record_has_no_previous(tiers: Tiers, file: File) -> None:
    assert Records(tiers, [FIRST]).previous([(file, b"new")]) == {}


def test_tier_is_where_a_run_found_a_record_first(project: Path, file: File) -> None:
    store = open_store(project / "cache", limit_bytes=1 << 20, warn=lambda _: None)
    keep(Tiers(MemoryTier(0), store, warn=lambda _: None), file, FIRST, b"d", record(error="no"))
    records = Records(Tiers(MemoryTier(1 << 20), store, warn=lambda _: None), [FIRST])
    for _ in range(2):
        assert records.find([(file, b"d")]) == {}
    assert records.previous([(file, b"d")])[file.path].tier == "l3"
    store.close()
