"""Functions of users are called on each chunk once, wherever it stands."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import small_windows
from reports import counts
from runs import Runner
from scripted_workers import script_run, script_tasks

from chunkflow.engine.options import RunOptions
from chunkflow.engine.workers import Reply, Workers, WorkerTask
from chunkflow.errors import WorkerDied
from chunkflow.model.finding import Plain
from chunkflow.model.report import FileReport, Hits

Save = Callable[[str, str], Path]
Rules = Callable[[str], Path]

SOURCE = "function f(a) { return a }\nfunction g(b) { return b }\n"


USERS = """
import os
from chunkflow import Finding, processor

def noted(chunk):
    with open("calls", "a") as calls:
        calls.write(f"{chunk.name}\\n")
    return chunk.name

def second(chunk):
    with open("calls", "a") as calls:
        calls.write(f"second {chunk.name}\\n")
    return [Finding(f"odd {chunk.name}")]

@processor(context=("path",))
def path(chunk):
    return chunk.path

@processor(max_chunk_bytes=30)
def small(chunk):
    return len(chunk.source)

def picky(chunk):
    if os.path.exists("strict") and chunk.name in ("f", "g"):
        raise ValueError(f"no {chunk.name}")
    return noted(chunk)
"""


@pytest.fixture
def users(rules: Rules, runner: Runner) -> Callable[..., RunOptions]:
    """Runs of functions of a user's, which note their calls."""
    rules(USERS)
    return lambda *names: runner.options(*(f"rules:{name}" for name in names))


Users = Callable[..., RunOptions]


def calls(project: Path) -> list[str]:
    """What was called since the last time."""
    path = project / "calls"
    told = path.read_text().split("\n")[:-1] if path.exists() else []
    path.unlink(missing_ok=True)
    return sorted(told)


def values(report: FileReport, name: str) -> list[Plain]:
    return [result.value for result in report.results[f"rules:{name}"]]


def test_each_chunk_is_called_once(runner: Runner, save: Save, users: Users) -> None:
    save("a.ts", SOURCE)
    save("b.ts", SOURCE + "let c\n" + SOURCE)
    reports = runner.run("a.ts", "b.ts", options=users("noted"))
    assert calls(runner.project) == ["c", "f", "g"]
    assert values(reports["a.ts"], "noted") == ["f", "g"]
    assert values(reports["b.ts"], "noted") == ["f", "g", "c", "f", "g"]
    assert sum(report.reran for report in reports.values()) == 3


def test_nothing_is_called_again(runner: Runner, save: Save, users: Users) -> None:
    save("a.ts", SOURCE)
    first = runner.run("a.ts", options=users("noted"))["a.ts"]
    calls(runner.project)
    second = runner.run("a.ts", options=users("noted"))["a.ts"]
    assert (counts(second), second.hits) == (("reused", 0, 2), Hits(l1=2))
    assert (second.results, calls(runner.project)) == (first.results, [])


def test_moved_file_is_not_called_again(runner: Runner, save: Save, users: Users) -> None:
    path = save("a.ts", SOURCE)
    runner.run("a.ts", options=users("noted"))
    calls(runner.project)
    path.rename(runner.project / "b.ts")
    assert counts(runner.run("b.ts", options=users("noted"))["b.ts"]) == ("touched", 0, 2)
    assert calls(runner.project) == []


def test_chunk_that_moved_to_another_file_is_a_hit(
    runner: Runner, save: Save, users: Users
) -> None:
    save("a.ts", SOURCE)
    runner.run("a.ts", options=users("noted"))
    calls(runner.project)
    f, g, _ = SOURCE.split("\n")
    save("a.ts", f)
    save("b.ts", f"let b\n{g}\n")
    reports = runner.run("a.ts", "b.ts", options=users("noted"))
    assert calls(runner.project) == ["b"]
    assert counts(reports["a.ts"]) == ("changed", 0, 1)
    assert (counts(reports["b.ts"]), reports["b.ts"].hits) == (("changed", 1, 1), Hits(l1=1))
    assert values(reports["b.ts"], "noted") == ["b", "g"]


def test_edited_chunk_is_all_that_is_called(runner: Runner, save: Save, users: Users) -> None:
    save("a.ts", SOURCE)
    runner.run("a.ts", options=users("noted"))
    calls(runner.project)
    save("a.ts", "\n" + SOURCE.replace("return b", "return -b"))
    report = runner.run("a.ts", options=users("noted"))["a.ts"]
    assert calls(runner.project) == ["g"]
    assert (counts(report), report.hits) == (("changed", 1, 1), Hits(l1=1))
    assert [(r.name, r.start_line) for r in report.results["rules:noted"]] == [("f", 2), ("g", 3)]


def test_two_functions_are_each_called_once(runner: Runner, save: Save, users: Users) -> None:
    save("a.ts", SOURCE)
    save("b.ts", "let b\n" + SOURCE)
    reports = runner.run("a.ts", "b.ts", options=users("noted", "second"))
    assert calls(runner.project) == ["b", "f", "g", "second b", "second f", "second g"]
    assert values(reports["b.ts"], "noted") == ["b", "f", "g"]
    found = [(f.message, f.start_line) for f in reports["b.ts"].findings]
    assert found == [("odd b", 1), ("odd f", 2), ("odd g", 3)]
    runner.run("a.ts", "b.ts", options=users("second"))
    assert calls(runner.project) == []


def test_users_functions_and_built_ins_share_a_run(
    runner: Runner, save: Save, users: Users
) -> None:
    save("a.ts", SOURCE)
    report = runner.run("a.ts", options=runner.options("metrics", "rules:noted"))["a.ts"]
    assert counts(report) == ("changed", 2, 0)
    assert sorted(report.results) == ["metrics", "rules:noted"]
    only = runner.run("a.ts", options=runner.options("metrics"))["a.ts"]
    assert only.results["metrics"] == report.results["metrics"]


def test_path_that_a_function_sees_is_part_of_its_chunk(
    runner: Runner, save: Save, users: Users
) -> None:
    save("a.ts", SOURCE)
    save("b.ts", SOURCE)
    reports = runner.run("a.ts", "b.ts", options=users("path"))
    assert {path: values(report, "path") for path, report in reports.items()} == {
        "a.ts": ["a.ts"] * 2,
        "b.ts": ["b.ts"] * 2,
    }
    (runner.project / "a.ts").rename(runner.project / "c.ts")
    moved = runner.run("c.ts", options=users("path"))["c.ts"]
    assert (counts(moved), values(moved, "path")) == (("changed", 2, 0), ["c.ts"] * 2)


def test_function_that_wants_smaller_chunks_gets_them(
    runner: Runner, save: Save, users: Users
) -> None:
    save("a.ts", "function f() {\n  one()\n  two()\n}\nfunction g() {\n  three(a, b, c)\n}\n")
    options = users("noted", "small")
    assert [one.max_chunk_bytes for one in options.processors] == [None, 30]
    report = runner.run("a.ts", options=options)["a.ts"]
    assert len(values(report, "noted")) == 2
    assert len(values(report, "small")) == report.chunks == report.reran > 2


def test_chunk_that_fails_is_told_and_tried_again(runner: Runner, save: Save, users: Users) -> None:
    save("strict", "")
    save("a.ts", SOURCE.replace("\nfunction g", "\nlet c\nfunction g"))
    first = runner.run("a.ts", options=users("picky"))["a.ts"]
    assert counts(first) == ("failed", 3, 0)
    assert first.error is not None
    assert first.error.startswith("cannot process a.ts: lines 1-1: ")
    assert "raised ValueError: no f (line" in first.error
    assert "; lines 3-3: " in first.error
    assert values(first, "picky") == calls(runner.project) == ["c"]
    again = runner.run("a.ts", options=users("picky"))["a.ts"]
    assert (counts(again), again.error) == (("failed", 2, 1), first.error)
    (runner.project / "strict").unlink()
    last = runner.run("a.ts", options=users("picky"))["a.ts"]
    assert (counts(last), last.hits) == (("changed", 2, 1), Hits(l1=1))
    assert calls(runner.project) == ["f", "g"]
    assert values(last, "picky") == ["f", "c", "g"]


def test_processor_that_always_fails_is_told_in_few_words(
    runner: Runner, save: Save, rules: Rules
) -> None:
    rules("def never(chunk): raise LookupError\n")
    save("a.ts", "".join(f"let a{n}\n" for n in range(50)))
    error = runner.run("a.ts", options=runner.options("rules:never"))["a.ts"].error
    assert error is not None
    assert error.count("LookupError") == 20
    assert error.endswith("; and 30 more chunks")


def test_function_whose_worker_dies_at_a_chunk_costs_that_chunk(
    runner: Runner, save: Save, users: Users
) -> None:
    """A file that it is run on as a whole goes again, chunk by chunk."""
    save("a.ts", SOURCE)
    options = users("noted")
    names = tuple(one._replace(expensive=False) for one in options.processors)

    def kill(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
        is_whole = any(not file.apart for file in task.files)
        if is_whole or any(b"return b" in chunk.chunk for chunk in task.chunks):
            error = WorkerDied("its worker process was killed")
            yield Reply(task.number, error=error, is_final=True)
        else:
            yield from inner.run([task])

    used = script_run(options._replace(processors=names), script_tasks(kill))
    report = runner.run("a.ts", options=used)["a.ts"]
    assert report.error == (
        'cannot process a.ts: lines 2-2: processor "rules:noted": its worker process was killed'
    )
    assert values(report, "noted") == ["f"]


LARGE = "".join(f"function f{n}() {{ return {n} }}; let ä{n} = {n}\n" for n in range(200))


@pytest.mark.slow
def test_large_file_is_told_as_any_other(runner: Runner, save: Save, users: Users) -> None:
    runner.prepare = small_windows.prepare
    save("a.ts", LARGE)
    names = ("metrics", "rules:noted", "rules:second", "rules:small")
    whole = runner.run("a.ts", options=runner.options(*names))["a.ts"]
    runner.tiers.clear()
    runner.streaming_bytes = 1000
    large = runner.run("a.ts", options=runner.options(*names))["a.ts"]
    assert large == whole
    assert runner.warnings == []
    assert counts(runner.run("a.ts", options=runner.options(*names))["a.ts"])[1] == 0
    os.utime(runner.project / "a.ts", ns=(5, 5))
    touched = runner.run("a.ts", options=runner.options(*names))["a.ts"]
    assert counts(touched)[:2] == ("touched", 0)


def test_edit_in_a_large_file_reruns_alone(runner: Runner, save: Save, users: Users) -> None:
    runner.prepare = small_windows.prepare
    runner.streaming_bytes = 1000
    save("a.ts", LARGE)
    runner.run("a.ts", options=users("noted"))
    calls(runner.project)
    save("a.ts", LARGE.replace("return 77 ", "return 78 "))
    assert runner.run("a.ts", options=users("noted"))["a.ts"].reran == 1
    assert calls(runner.project) == ["f77"]


def test_large_file_that_is_not_utf8_is_told(runner: Runner, project: Path, users: Users) -> None:
    runner.prepare = small_windows.prepare
    runner.streaming_bytes = 1000
    lines = LARGE.encode().split(b"\n")
    lines[150] = b"let odd = '\xe4'"
    (project / "a.ts").write_bytes(b"\n".join(lines))
    report = runner.run("a.ts", options=users("noted"))["a.ts"]
    assert report.status == "failed"
    assert str(report.error).startswith("cannot read a.ts: line 151 is not UTF-8")


def test_note_of_the_manifest_is_of_what_was_processed(
    runner: Runner, save: Save, users: Users
) -> None:
    """A file that changes between the look and the worker's reading."""
    path = save("a.ts", SOURCE)
    options = users("noted")

    def open_workers(*, small: bool) -> Workers:
        path.write_text("let late\n")
        return options.open_workers(small=small)

    first = runner.run("a.ts", options=options._replace(open_workers=open_workers))["a.ts"]
    assert values(first, "noted") == ["late"]
    assert counts(runner.run("a.ts", options=options)["a.ts"]) == ("touched", 0, 1)
