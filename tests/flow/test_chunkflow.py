"""ChunkFlow over a project's history: what reruns, and that the result never depends on it."""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from effort import count_examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reports import lasting

from chunkflow import ChunkFlow
from chunkflow.errors import PoolError, SettingsError, UnknownProcessor, UsageError
from chunkflow.flow import pools
from chunkflow.model.report import Report
from chunkflow.report.json import render_json

Save = Callable[..., Path]
Git = Callable[..., None]
Rules = Callable[[str], Path]

FUNCTIONS = {
    name: f"export function {name}(a: number) {{\n  if (a > {size}) return a\n  return {size}\n}}\n"
    for size, name in enumerate(("first", "second", "third", "fourth"))
}
A = "\n".join(FUNCTIONS.values())
B = "class K {\n  m() { return 1 }\n\n  n() { return 2 }\n}\n"


def run(*paths: str | Path, root: str | Path = ".", **given: Any) -> Report:
    with ChunkFlow(root, **given) as flow:
        return flow.optimize_files(paths or None, processors=["metrics"])


def reran(report: Report) -> int:
    assert report.totals.failed == 0
    assert report.totals.reran + report.totals.reused == report.totals.chunks
    return report.totals.reran


def as_json(report: Report) -> str:
    return lasting("\n".join(render_json(report)))


@pytest.fixture
def two_files(save: Save) -> None:
    """A project of two files, run once."""
    save("src/a.ts", A)
    save("src/b.ts", B)
    assert reran(run()) == 7


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_second_run_reruns_nothing(two_files: None) -> None:
    report = run()
    assert (reran(report), report.totals.reused) == (0, 7)
    assert report.metrics.cache.l3_hits == 7
    assert report.metrics.cache.hit_rate == 1
    assert report.metrics.optimization.chunks_saved == 7


def test_second_run_of_one_object_finds_all_in_memory(two_files: None) -> None:
    with ChunkFlow() as flow:
        flow.optimize_files()
        assert flow.optimize_files().metrics.cache.l1_hits == 7


def test_edited_function_reruns_alone(two_files: None, project: Path) -> None:
    edit(project / "src/a.ts", "return 1", "return 1 + 1")
    assert reran(run()) == 1


def test_edited_functions_rerun_alone(two_files: None, project: Path) -> None:
    edit(project / "src/a.ts", "return 1", "return 1 + 1")
    edit(project / "src/b.ts", "return 2", "return 3")
    assert reran(run()) == 2


def test_inserted_function_reruns_alone(two_files: None, project: Path) -> None:
    edit(project / "src/a.ts", FUNCTIONS["third"], "function new_() {}\n\n" + FUNCTIONS["third"])
    assert reran(run()) == 1


def test_deleted_function_reruns_nothing(two_files: None, project: Path) -> None:
    edit(project / "src/a.ts", FUNCTIONS["second"], "")
    report = run()
    assert (reran(report), report.totals.chunks) == (0, 6)


def test_moved_function_reruns_nothing(two_files: None, project: Path) -> None:
    edit(project / "src/a.ts", FUNCTIONS["second"], "")
    (project / "src/a.ts").write_text(FUNCTIONS["second"] + (project / "src/a.ts").read_text())
    assert reran(run()) == 0


def test_touched_file_reruns_nothing(two_files: None, project: Path) -> None:
    (project / "src/a.ts").touch()
    assert reran(run()) == 0


def test_renamed_file_reruns_nothing(two_files: None, project: Path) -> None:
    (project / "src/a.ts").rename(project / "src/c.ts")
    assert reran(run()) == 0


def test_renamed_directory_reruns_nothing(two_files: None, project: Path) -> None:
    (project / "src").rename(project / "lib")
    report = run()
    assert reran(report) == 0
    assert [file.path for file in report.files] == ["lib/a.ts", "lib/b.ts"]


def test_mtime_set_back_hides_no_edit(two_files: None, project: Path) -> None:
    path = project / "src/a.ts"
    stat = os.stat(path)
    edit(path, "return 1", "return 7")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert os.stat(path).st_size == stat.st_size
    assert reran(run()) == 1


def test_same_size_edit_at_once_is_seen(save: Save) -> None:
    told = set()
    for number in range(8):
        path = save("a.ts", f"let a = b => {number}\n")
        os.utime(path, ns=(1, 1))
        told.add(as_json(run()))
    assert len(told) == 8


def test_branch_and_back_reruns_nothing(git: Git, save: Save, project: Path) -> None:
    save("a.ts", A)
    save("b.ts", B)
    save(".gitignore", ".chunkflow_cache\n")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    assert reran(run()) == 7
    git("checkout", "-q", "-b", "other")
    edit(project / "a.ts", "return 1", "return 11")
    edit(project / "b.ts", "return 2", "return 22")
    git("commit", "-q", "-a", "-m", "two")
    assert reran(run()) == 2
    for branch in ("main", "other", "main"):
        git("checkout", "-q", branch)
        assert reran(run()) == 0


def test_files_that_git_ignores_are_left_out_unless_named(git: Git, save: Save) -> None:
    save(".gitignore", "dist/\n")
    save("a.ts", B)
    save("dist/b.ts", B)
    assert [file.path for file in run().files] == ["a.ts"]
    assert [file.path for file in run("dist/b.ts").files] == ["dist/b.ts"]


def test_result_is_that_of_a_run_without_cache(two_files: None, project: Path) -> None:
    edit(project / "src/a.ts", "return 1", "return 1 + 1")
    assert as_json(run()) == as_json(run(cache=False)) == as_json(run())


LINES = st.sampled_from(
    (
        "let a = 1",
        "function f(a) { return a ? 1 : 2 }",
        "class K {",
        "m() { while (a) { if (b) return } }",
        "}",
        "// a comment",
        "",
        "import x from 'x'",
        "describe('s', () => {",
        "it('t', () => { for (;;) {} })",
        "})",
        "const odd = `",
        "ä = <b>",
    )
)
CONTENT = st.lists(LINES, max_size=12).map("\n".join)
STEP = st.dictionaries(st.sampled_from(("a.ts", "b.tsx", "in/c.js")), CONTENT | st.none())


@pytest.mark.no_cover
@settings(
    max_examples=count_examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=st.lists(STEP, min_size=1, max_size=6))
def test_any_history_gives_what_a_run_from_scratch_gives(
    history: list[Mapping[str, str | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("history")
    with ChunkFlow(root) as kept:
        for step in history:
            for name, content in step.items():
                path = root / name
                path.parent.mkdir(exist_ok=True)
                path.unlink(missing_ok=True)
                if content is not None:
                    path.write_text(content)
            now = kept.optimize_files()
            again = run(root=root)
            scratch = run(root=root, cache=False)
            assert as_json(now) == as_json(again) == as_json(scratch)
            assert again.totals.reran == 0


def test_two_processors_share_a_run(two_files: None, rules: Rules) -> None:
    rules("def size(chunk): return len(chunk.source)\n")
    with ChunkFlow() as flow:
        report = flow.optimize_files(["src"], processors=["rules:size", "metrics"])
        first = report.files[0]
        assert sorted(first.results) == ["metrics", "rules:size"]
        assert len(first.results["rules:size"]) == first.chunks == 4
        assert flow.optimize_files(["src"], processors=["rules:size"]).totals.reran == 0


def test_report_names_files_from_its_root(save: Save, project: Path) -> None:
    save("src/a.ts", B)
    report = run(root=project / "src")
    assert [file.path for file in report.files] == ["a.ts"]
    assert [file.path for file in run(project / "src/a.ts").files] == ["src/a.ts"]


def test_file_named_twice_is_told_once(save: Save, project: Path) -> None:
    save("a.ts", B)
    report = run("a.ts", "./a.ts", project / "a.ts", ".")
    assert [file.path for file in report.files] == ["a.ts"]


def test_empty_list_is_nothing_to_do(two_files: None) -> None:
    with ChunkFlow() as flow:
        assert flow.optimize_files([]).totals.files == 0


def test_processors_of_the_settings_are_the_default(save: Save) -> None:
    save("a.ts", B)
    save("chunkflow.toml", 'processors = ["chunks"]\n')
    with ChunkFlow() as flow:
        assert flow.optimize_files().files[0].results == {}


def test_unknown_processor_is_told_before_anything_is_done(save: Save) -> None:
    save("a.ts", B)
    with ChunkFlow() as flow, pytest.raises(UnknownProcessor, match="metrix"):
        flow.optimize_files(processors=["metrix"])


def test_wrong_setting_is_told(project: Path) -> None:
    with pytest.raises(SettingsError, match="parallel_operation"):
        ChunkFlow(parallel_operation=3)


def test_root_that_is_no_directory_is_told(project: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot use .*nowhere as root: it is not a directory"):
        ChunkFlow("nowhere")
    assert not list(project.iterdir())


def test_directory_that_is_gone_is_told(project: Path) -> None:
    project.rmdir()
    with pytest.raises(UsageError, match="the current directory no longer exists"):
        ChunkFlow()


def test_settings_of_the_cache_can_be_given(save: Save, tmp_path: Path, project: Path) -> None:
    save("a.ts", B)
    assert reran(run(cache={"dir": tmp_path / "results"})) == 3
    assert (tmp_path / "results").is_dir()
    assert not (project / ".chunkflow_cache").exists()


def test_without_a_cache_nothing_is_written(save: Save, project: Path) -> None:
    save("a.ts", B)
    for _ in range(2):
        assert reran(run(cache=False)) == 3
    assert [path.name for path in project.iterdir()] == ["a.ts"]


def test_cache_that_cannot_be_used_is_told_once_and_done_without(save: Save, project: Path) -> None:
    save("a.ts", B)
    (project / ".chunkflow_cache").write_text("no directory")
    told: list[str] = []
    with ChunkFlow(on_warning=told.append) as flow:
        for _ in range(2):
            report = flow.optimize_files()
            assert report.totals.chunks == 3
            assert report.warnings == tuple(told)
    assert len(told) == 1
    assert str(project / ".chunkflow_cache") in told[0]
    assert told[0].endswith("; going on without it")


def test_same_warning_is_told_once(
    save: Save, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    """From several threads, and several runs."""
    save("a.ts", f"let a = '{'a' * 600_000}'\n")
    none_left = PoolError("cannot start 2 worker process(es): no memory")

    def refuse(*_: object, **__: object) -> None:
        raise none_left

    monkeypatch.setattr("chunkflow.pool.processes.ProcessPool", refuse)
    with ChunkFlow(cache=False, parallel_operations=2) as flow:
        for _ in range(2):
            report = flow.optimize_files(processors=["chunks"])
            assert reran(report) == 1
    assert report.warnings == (f"{none_left}; going on in one process",)


def test_threads_may_share_one_object(save: Save) -> None:
    for number in range(20):
        save(f"f{number}.ts", A.replace("return", f"return {number} +"))
    found: list[str] = []
    with ChunkFlow() as flow:
        threads = [
            threading.Thread(target=lambda: found.append(as_json(flow.optimize_files())))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 4
    assert len({*found, as_json(run(cache=False))}) == 1


@pytest.mark.parametrize(("tier", "left"), [("l1", "l3"), ("l3", "l1"), ("l2", "l1")])
def test_tier_that_is_cleared_is_not_asked(two_files: None, tier: str, left: str) -> None:
    with ChunkFlow() as flow:
        flow.optimize_files()
        flow.clear_caches(tier)
        report = flow.optimize_files()
        assert reran(report) == 0
        assert getattr(report.metrics.cache, f"{left}_hits") == 7


def test_all_tiers_can_be_cleared(two_files: None) -> None:
    with ChunkFlow() as flow:
        flow.optimize_files()
        flow.clear_caches()
        assert reran(flow.optimize_files()) == 7


def test_unknown_tier_is_told(project: Path) -> None:
    with ChunkFlow(cache=False) as flow, pytest.raises(ValueError, match="'l4'; name l1, l2"):
        flow.clear_caches("l4")


def test_closing_twice_does_nothing(project: Path) -> None:
    flow = ChunkFlow()
    flow.close()
    flow.close()


def test_progress_is_told(two_files: None) -> None:
    steps: list[tuple[int, int]] = []
    with ChunkFlow() as flow:
        flow.optimize_files(progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]


def test_resources_are_measured(save: Save) -> None:
    save("a.ts", A * 50)
    report = run(cache=False, parallel_operations=3)
    assert report.metrics.resources.cpu_seconds > 0
    assert report.metrics.resources.peak_memory_bytes > 1 << 20
    assert report.metrics.resources.jobs == 3
    assert report.totals.bytes == len(A) * 50


@pytest.fixture
def large_project(save: Save) -> int:
    """Enough text that a pool is started for it; the number of its chunks."""
    for number in range(12):
        save(f"f{number:02}.ts", A.replace("return", f"return {number} +") * 150)
    return 12 * 4 * 150


@pytest.mark.slow
def test_number_of_jobs_does_not_change_the_report(large_project: int) -> None:
    found = {
        as_json(run(cache=False, parallel_operations=1)),
        as_json(run(cache=False, parallel_operations=2)),
        as_json(run(parallel_operations=2)),
        as_json(run(parallel_operations=2)),
    }
    assert len(found) == 1


def test_pool_is_used_for_large_work(large_project: int, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[bool] = []
    open_workers = pools.Pools.open

    def noted(self: pools.Pools, *, small: bool) -> object:
        opened.append(small)
        return open_workers(self, small=small)

    monkeypatch.setattr(pools.Pools, "open", noted)
    report = run(cache=False, parallel_operations=2)
    assert opened == [False]
    assert report.totals.chunks == large_project
