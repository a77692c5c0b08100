"""A run does only what no record holds, and says the same whatever the cache held."""

import os
import tracemalloc
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import pytest
from reports import counts
from runs import Runner

from chunkflow.cache.keys import digest_content
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Hit, Tiers
from chunkflow.engine import files, scheduler
from chunkflow.engine.files import look
from chunkflow.engine.lookup import FileRecords
from chunkflow.engine.manifest import Manifest
from chunkflow.engine.run import run_files
from chunkflow.engine.workers import Workers
from chunkflow.model.framing import join, split
from chunkflow.model.report import FileReport, Hits
from chunkflow.syntax.chunker import Chunker
from chunkflow.syntax.parsed import ParsedFile

Save = Callable[[str, str], Path]

SOURCE = "function f(a) { return a }\nfunction g(b) { return b }\n"


def told(reports: dict[str, FileReport]) -> dict[str, tuple[object, ...]]:
    """What must not depend on the cache."""
    return {
        path: (r.chunks, r.findings, r.results, r.error, r.size_bytes)
        for path, r in reports.items()
    }


def test_cold_run_reruns_everything(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    report = runner.run("a.ts")["a.ts"]
    assert counts(report) == ("changed", 2, 0)
    assert [result.name for result in report.results["metrics"]] == ["f", "g"]
    assert report.size_bytes == len(SOURCE)


def test_unchanged_file_is_not_even_read(
    runner: Runner, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("a.ts", SOURCE)
    first = runner.run("a.ts")
    monkeypatch.setattr(scheduler, "read_and_digest", pytest.fail)
    monkeypatch.setattr(files, "read_source", pytest.fail)
    second = runner.run("a.ts")
    assert counts(second["a.ts"]) == ("reused", 0, 2)
    assert second["a.ts"].hits == Hits(l1=2)
    assert told(second) == told(first)


def test_touched_file_is_read_and_known(runner: Runner, save: Save) -> None:
    path = save("a.ts", SOURCE)
    runner.run("a.ts")
    os.utime(path, ns=(5, 5))
    assert counts(runner.run("a.ts")["a.ts"]) == ("touched", 0, 2)
    assert counts(runner.run("a.ts")["a.ts"]) == ("reused", 0, 2)


def test_changed_chunk_reruns_alone(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    runner.run("a.ts")
    save("a.ts", SOURCE.replace("return b", "return b + 1"))
    report = runner.run("a.ts")["a.ts"]
    assert counts(report) == ("changed", 1, 1)
    assert report.hits == Hits(l1=1)


def test_file_read_before_its_first_record_is_stored_by_what_was_read(
    runner: Runner, save: Save
) -> None:
    """A file that changes after the look: the record is of what the worker read."""
    path = save("a.ts", SOURCE)
    options = runner.options("metrics")

    def open_workers(*, small: bool) -> Workers:
        path.write_text("let late = 1\n")
        return options.open_workers(small=small)

    runner.run("a.ts", options=options._replace(open_workers=open_workers))
    late = runner.run("a.ts")
    assert counts(late["a.ts"]) == ("touched", 0, 1)


def test_same_size_edit_within_one_tick_is_seen(runner: Runner, save: Save) -> None:
    path = save("a.ts", "let a = 1\n")
    stat = os.stat(path)
    # The clock as it stood when the file was written.
    options = runner.options("metrics", clock_ns=lambda: stat.st_ctime_ns)
    runner.run("a.ts", options=options)
    path.write_text("let b = 1\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert counts(runner.run("a.ts", options=options)["a.ts"]) == ("changed", 1, 0)


def test_file_that_vanishes_before_it_is_read_is_told(runner: Runner, save: Save) -> None:
    path = save("a.ts", SOURCE)
    save("b.ts", SOURCE)
    options = runner.options("metrics")

    def open_workers(*, small: bool) -> Workers:
        path.unlink()
        return options.open_workers(small=small)

    reports = runner.run("a.ts", "b.ts", options=options._replace(open_workers=open_workers))
    assert reports["a.ts"].error == "cannot read a.ts: no such file"
    assert counts(reports["b.ts"]) == ("changed", 2, 0)


def test_file_that_cannot_be_read_for_comparison_is_told(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    save("b.ts", SOURCE)
    runner.run("a.ts", "b.ts")
    (runner.project / "a.ts").write_bytes(b"\xff")
    reports = runner.run("a.ts", "b.ts")
    assert "line 1 is not UTF-8" in str(reports["a.ts"].error)
    assert counts(reports["b.ts"]) == ("reused", 0, 2)


def test_named_file_that_is_gone_is_told(runner: Runner) -> None:
    assert counts(runner.run("a.ts")["a.ts"]) == ("failed", 0, 0)


def test_found_file_that_is_gone_has_no_entry(runner: Runner, tiers: Tiers) -> None:
    wanted = runner.wanted("a.ts", named=False)
    assert run_files(wanted, tiers, runner.options("metrics")) == []


def test_empty_file_is_fine(runner: Runner, save: Save) -> None:
    save("a.ts", "")
    assert counts(runner.run("a.ts")["a.ts"]) == ("changed", 0, 0)
    assert counts(runner.run("a.ts")["a.ts"]) == ("reused", 0, 0)


def test_file_is_known_by_its_content_under_any_name(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    first = runner.run("a.ts")
    (runner.project / "a.ts").rename(runner.project / "b.ts")
    second = runner.run("b.ts")
    assert counts(second["b.ts"]) == ("touched", 0, 2)
    assert second["b.ts"].results == first["a.ts"].results


def test_file_of_another_language_is_another_file(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    runner.run("a.ts")
    (runner.project / "a.ts").rename(runner.project / "a.js")
    assert counts(runner.run("a.js")["a.js"]) == ("changed", 2, 0)


def test_processor_that_is_added_reruns_and_the_others_are_kept(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    runner.run("a.ts", options=runner.options("chunks"))
    assert counts(runner.run("a.ts", options=runner.options("chunks", "metrics"))["a.ts"]) == (
        "changed",
        2,
        0,
    )
    for order in (["chunks"], ["metrics"], ["metrics", "chunks"]):
        assert counts(runner.run("a.ts", options=runner.options(*order))["a.ts"])[1:] == (0, 2)


def test_report_without_values_has_none(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    options = runner.options("metrics", with_values=False)
    assert runner.run("a.ts", options=options)["a.ts"].results == {}
    assert runner.run("a.ts", options=options)["a.ts"].results == {}
    assert runner.run("a.ts")["a.ts"].results != {}


def test_progress_counts_every_file_of_any_fate(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    save("b.ts", SOURCE)
    runner.run("a.ts")
    steps: list[tuple[int, int]] = []
    options = runner.options("metrics", progress=lambda *step: steps.append(step))
    runner.run("a.ts", "b.ts", "gone.ts", options=options)
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_many_files_are_looked_up_in_groups(runner: Runner, save: Save) -> None:
    names = [f"f{number}.ts" for number in range(1_050)]
    for number, name in enumerate(names):
        save(name, f"let a{number} = {number}\n")
    cold = runner.run(*names)
    warm = runner.run(*names)
    assert {counts(r) for r in cold.values()} == {("changed", 1, 0)}
    assert {counts(r) for r in warm.values()} == {("reused", 0, 1)}
    assert told(cold) == told(warm)
    assert len(cold) == len(names)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"[[", b"[{"), (b'"sloc":1', b'"sloc":NaN'), (b'"function"', b'"functions"')],
)
def test_hostile_record_is_missing_and_replaced(
    runner: Runner, save: Save, tiers: Tiers, old: bytes, new: bytes
) -> None:
    save("a.ts", SOURCE)
    first = runner.run("a.ts")
    options = runner.options("metrics")
    (wanted,) = runner.wanted("a.ts")
    manifest = Manifest(tiers, [wanted.path])
    file = look(wanted, manifest, options.clock_ns())
    assert file is not None
    (key,) = FileRecords(tiers, options.processors).keys(file, digest_content(SOURCE.encode()))
    hit = tiers.get_many([key]).get(key)
    assert hit is not None
    head, note, keys, findings, values = split(hit.payload)
    assert old in values
    tiers.put_many([(key, join([head, note, keys, findings, values.replace(old, new)]))])
    second = runner.run("a.ts")
    assert counts(second["a.ts"]) == ("changed", 2, 0)
    assert told(second) == told(first)
    assert counts(runner.run("a.ts")["a.ts"]) == ("reused", 0, 2)


def test_manifest_without_records_is_no_harm(runner: Runner, save: Save, tiers: Tiers) -> None:
    save("a.ts", SOURCE)
    first = runner.run("a.ts")
    kept = Tiers(MemoryTier(1 << 20), None, warn=lambda _: None)
    path = str(runner.project / "a.ts")
    seen = Manifest(tiers, [path]).seen(path)
    assert seen is not None
    manifest = Manifest(kept, [path])
    manifest.note(path, seen)
    manifest.save()
    runner.tiers = kept
    second = runner.run("a.ts")
    assert counts(second["a.ts"]) == ("changed", 2, 0)
    assert told(second) == told(first)


def test_warm_run_writes_nothing(
    runner: Runner, save: Save, tiers: Tiers, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("a.ts", SOURCE)
    runner.run("a.ts")
    monkeypatch.setattr(tiers, "put_many", pytest.fail)
    assert counts(runner.run("a.ts")["a.ts"]) == ("reused", 0, 2)


def test_without_a_cache_nothing_is_reused(runner: Runner, save: Save) -> None:
    runner.tiers = Tiers(MemoryTier(0), None, warn=lambda _: None)
    save("a.ts", SOURCE)
    first, second = runner.run("a.ts"), runner.run("a.ts")
    assert counts(second["a.ts"]) == ("changed", 2, 0)
    assert first == second


def test_run_that_is_asked_to_stop_says_nothing_of_the_rest(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    save("b.ts", "let b\n")
    runner.run("a.ts")
    options = runner.options("metrics", should_stop=lambda: True)
    reports = runner.run("a.ts", "b.ts", options=options)
    assert {path: counts(report) for path, report in reports.items()} == {"a.ts": ("reused", 0, 2)}


def test_files_are_looked_at_as_they_are_processed(runner: Runner, save: Save) -> None:
    names = [f"{number}.ts" for number in range(20)]
    for name in names:
        save(name, SOURCE + " " * 100_000)
    options = runner.options("metrics")
    looked, looked_then = [0], list[int]()

    def clock_ns() -> int:
        looked[0] += 1
        return options.clock_ns()

    def progress(_done: int, _total: int) -> None:
        looked_then.append(looked[0])

    runner.run(*names, options=options._replace(clock_ns=clock_ns, progress=progress))
    assert looked_then[0] < 10
    assert looked_then[-1] == len(looked_then) == len(names)


@pytest.mark.slow
def test_of_an_unchanged_file_its_report_is_held_and_little_else(
    runner: Runner, save: Save, tiers: Tiers
) -> None:
    # The second half costs what is held of each; what is looked up together costs as much as ever.
    names = [f"{number // 50}/{number}.ts" for number in range(4096)]
    for name in names:
        save(name, SOURCE)
    options = runner.options("metrics", with_values=False)
    wanted = runner.wanted(*names)
    run_files(wanted, tiers, options)
    peaks_bytes = []
    for some in (wanted[:2048], wanted):
        tracemalloc.start()
        try:
            reports = run_files(some, tiers, options)
            peaks_bytes.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert {report.status for report in reports} == {"reused"}
    assert peaks_bytes[1] - peaks_bytes[0] < 500 * 2048


def test_file_that_took_too_long_to_parse_is_told_and_cut_anew(
    runner: Runner, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time decided how it was cut, so another run may cut it better."""
    save("a.ts", SOURCE)
    parse = Chunker.parse

    def hurried(self: Chunker, source: bytes, **how: Any) -> ParsedFile:
        return parse(self, source, **how)._replace(note="parsing took too long")

    monkeypatch.setattr(Chunker, "parse", hurried)
    assert counts(runner.run("a.ts")["a.ts"]) == ("changed", 2, 0)
    assert counts(runner.run("a.ts")["a.ts"]) == ("changed", 0, 2)
    assert runner.warnings == ["a.ts: parsing took too long"] * 2
    monkeypatch.undo()
    assert counts(runner.run("a.ts")["a.ts"]) == ("changed", 0, 2)
    assert counts(runner.run("a.ts")["a.ts"]) == ("reused", 0, 2)


def test_first_record_is_stored_at_once(runner: Runner, save: Save, memory: MemoryTier) -> None:
    names = [f"{number}.ts" for number in range(3)]
    for number, name in enumerate(names):
        save(name, f"let a{number} = 1\n".ljust(600_000))
    stored: list[int] = []

    def count_records(_done: int, _total: int) -> None:
        stored.append(len(memory))

    runner.run(*names, options=runner.options("chunks", progress=count_records))
    # The others are stored together in the end, with the manifest of the folder.
    assert stored == [1, 1, 1]
    assert len(memory) == 4


class TestFingerprints:
    """What processors depend on is kept with the results, once."""

    @pytest.fixture(autouse=True)
    def _file(self, save: Save) -> None:
        save("a.ts", SOURCE)

    @pytest.fixture
    def asked(self, tiers: Tiers, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What was read and written of them from then on."""
        told: list[str] = []
        get_many, put_many = tiers.get_many, tiers.put_many

        def get(keys: Collection[bytes]) -> dict[bytes, Hit]:
            told.extend("read" for key in keys if key.startswith(b"x"))
            return get_many(keys)

        def put(items: Iterable[tuple[bytes, bytes]]) -> None:
            listed = list(items)
            told.extend("written" for key, _ in listed if key.startswith(b"x"))
            put_many(listed)

        monkeypatch.setattr(tiers, "get_many", get)
        monkeypatch.setattr(tiers, "put_many", put)
        return told

    @staticmethod
    def run(runner: Runner, version: str) -> None:
        (processor,) = runner.options("metrics").processors
        run = version.encode() * 16
        processor = processor._replace(run=run, parts={"version": version})
        runner.run("a.ts", options=runner.options("metrics", processors=(processor,)))

    def test_they_are_written_when_they_are_new(
        self, runner: Runner, asked: list[str], save: Save
    ) -> None:
        self.run(runner, "1")
        assert asked == ["read", "written"]
        self.run(runner, "2")
        assert asked[2:] == ["read", "written"]
        save("a.ts", SOURCE.replace("a", "b"))
        self.run(runner, "1")
        assert asked[4:] == ["read"]

    def test_where_nothing_is_processed_they_are_not_read(
        self, runner: Runner, asked: list[str], project: Path
    ) -> None:
        self.run(runner, "1")
        self.run(runner, "1")
        os.utime(project / "a.ts", (1, 1))
        self.run(runner, "1")
        assert asked == ["read", "written"]
