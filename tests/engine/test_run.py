"""A run does only what no record holds, and says the same whatever the cache held."""

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from reports import counts
from runs import Runner

from chunkflow.cache.keys import digest_content
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine import plan, processing
from chunkflow.engine import run as run_module
from chunkflow.engine.dispatch import dispatch
from chunkflow.engine.manifest import Manifest
from chunkflow.engine.plan import Records, look
from chunkflow.engine.run import run_files
from chunkflow.model.framing import join, split
from chunkflow.model.report import FileReport, Hits
from chunkflow.pool.protocol import Pool

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
    monkeypatch.setattr(processing, "read_and_digest", pytest.fail)
    monkeypatch.setattr(plan, "read_source", pytest.fail)
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

    def open_pool(*, small: bool) -> Pool:
        path.write_text("let late = 1\n")
        return options.open_pool(small=small)

    runner.run("a.ts", options=options._replace(open_pool=open_pool))
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

    def open_pool(*, small: bool) -> Pool:
        path.unlink()
        return options.open_pool(small=small)

    reports = runner.run("a.ts", "b.ts", options=options._replace(open_pool=open_pool))
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


def test_many_files_are_answered_in_batches(
    runner: Runner, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "_LOOKUP_FILES", 100)
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
    file = look(wanted.shown, wanted.path, manifest, options.clock_ns(), named=True)
    assert file is not None
    (key,) = Records(tiers, options.processors).keys(file, digest_content(SOURCE.encode()))
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


def test_files_are_looked_at_as_they_are_processed(
    runner: Runner, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "_LOOKUP_FILES", 2)
    monkeypatch.setattr(processing, "_BATCH_FILES", 1)
    monkeypatch.setattr(dispatch, "_IN_LINE_BYTES", 0)
    names = [f"{number}.ts" for number in range(20)]
    for name in names:
        save(name, SOURCE)
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


def test_of_an_unchanged_file_its_entry_is_held_and_little_else(
    runner: Runner, save: Save, tiers: Tiers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "_LOOKUP_FILES", 64)
    names = [f"{number // 50}/{number}.ts" for number in range(2000)]
    for name in names:
        save(name, SOURCE)
    options = runner.options("metrics", with_values=False)
    wanted = runner.wanted(*names)
    run_files(wanted, tiers, options)
    tracemalloc.start()
    try:
        reports = run_files(wanted, tiers, options)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert {report.status for report in reports} == {"reused"}
    assert peak_bytes < 500 * len(names)
