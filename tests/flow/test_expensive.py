"""Functions of users over real processes: each chunk once, and none at another's expense."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reports import counts

from chunkflow import ChunkFlow
from chunkflow.model.report import FileReport, Report

Save = Callable[..., Path]
Rules = Callable[[str], Path]

NOTED = """
import os

def _note(name):
    # In one piece, so that several processes may write.
    descriptor = os.open("calls", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{name}\\n".encode())
    os.close(descriptor)

def noted(chunk):
    _note(chunk.name)
    return chunk.name
"""


@pytest.fixture
def noted(rules: Rules) -> Path:
    """A function that notes its calls."""
    return rules(NOTED)


def run(*paths: str, name: str = "noted", **given: Any) -> Report:
    with ChunkFlow(parallel_operations=2, **given) as flow:
        return flow.optimize_files(paths or None, processors=[f"rules:{name}"])


def calls(*, keep: bool = False) -> list[str]:
    """What was called since the last time, in order."""
    path = Path("calls")
    told = path.read_text().split("\n")[:-1] if path.exists() else []
    if not keep:
        path.unlink(missing_ok=True)
    return told


def functions(*numbers: int) -> str:
    return "".join(f"export function f{n}() {{\n  return {n}\n}}\n\n" for n in numbers)


@pytest.fixture
def many_files(save: Save, noted: Path) -> int:
    """Files that share most of their chunks; the number of chunks that are not equal."""
    for number in range(30):
        save(f"src/f{number:02}.ts", functions(*range(number, number + 10)))
    return 39


def hits(report: Report) -> int:
    cache = report.metrics.cache
    return cache.l1_hits + cache.l2_hits + cache.l3_hits


def test_each_chunk_of_many_files_is_called_for_once(many_files: int) -> None:
    report = run()
    told = calls()
    assert len(told) == len({*told}) == many_files == report.totals.reran
    assert report.totals.chunks == 300
    for file in report.files:
        assert [r.value for r in file.results["rules:noted"]] == [
            r.name for r in file.results["rules:noted"]
        ]


def test_again_nothing_is_called_for(many_files: int) -> None:
    first = run()
    calls()
    again = run()
    assert (again.totals.reran, again.totals.reused, calls()) == (0, 300, [])
    assert [file.results for file in again.files] == [file.results for file in first.files]


@pytest.mark.slow
def test_what_moves_is_not_called_for(many_files: int, project: Path, save: Save) -> None:
    run()
    calls()
    (project / "src").rename(project / "lib")
    assert (run().totals.reran, calls()) == (0, [])
    save("new.ts", functions(3, 33, 12))
    report = run("new.ts")
    assert (report.totals.reran, hits(report), calls()) == (0, 3, [])


def test_edit_is_one_call(many_files: int, project: Path) -> None:
    run()
    calls()
    path = project / "src" / "f29.ts"
    path.write_text("// above\n\n" + path.read_text().replace("return 33\n", "return -33\n"))
    report = run()
    # The comment is a chunk of its own.
    assert (report.totals.reran, sorted(calls())) == (2, ["None", "f33"])


@pytest.mark.slow
def test_number_of_workers_does_not_change_the_report(many_files: int) -> None:
    told = []
    for jobs in (1, 3):
        with ChunkFlow(cache=False, parallel_operations=jobs) as flow:
            report = flow.optimize_files(processors=["rules:noted", "metrics"])
        told.append([(f.path, f.chunks, f.findings, f.results, f.error) for f in report.files])
    assert told[0] == told[1]


@pytest.mark.slow
def test_large_file_is_processed_in_windows(save: Save, noted: Path) -> None:
    save("a.ts", functions(*range(9_000)))
    with ChunkFlow(parallel_operations=2, cache=False, streaming_threshold_bytes=10_000) as flow:
        report = flow.optimize_files(processors=["rules:noted"])
    (file,) = report.files
    assert counts(file) == ("changed", 9_000, 0)
    assert [(r.value, r.start_line) for r in file.results["rules:noted"]] == [
        (f"f{n}", 4 * n + 1) for n in range(9_000)
    ]
    assert len(calls()) == 9_000


CULPRITS = """
import ctypes, os, sys, time

def odd(chunk):
    return globals().get(f"do_{chunk.name}", str)(chunk.name)

def do_hang(_):
    time.sleep(1000)

def do_exit(_):
    os._exit(7)

def do_sysexit(_):
    sys.exit(3)

def do_memory(_):
    return len(bytearray(1 << 30))

def do_segfault(_):
    ctypes.string_at(0)

def do_raise(_):
    raise LookupError("no such thing")
"""
CAUSES = {
    "hang": "it took longer than the limit of 1 s",
    "exit": "its worker process ended with exit status 7",
    "sysexit": "raised SystemExit: 3 (line 14 of ",
    "memory": "it needed more memory than the limit of 200 MB",
    "segfault": "its worker process was killed by SIGSEGV",
    "raise": "raised LookupError: no such thing (line 23 of ",
}


@pytest.fixture
def with_culprits(save: Save, rules: Rules) -> None:
    """Eleven files; in the one in the middle every function but every second costs its process."""
    rules(CULPRITS)
    for number in range(10):
        save(f"f{number}.ts", functions(*range(number * 5, number * 5 + 5)))
    culprits = "".join(f"function {name}() {{}}\n\nlet good_{name}\n\n" for name in CAUSES)
    save("f4_odd.ts", culprits)


@pytest.mark.parametrize("is_expensive", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_chunk_that_costs_its_process_costs_itself_alone(
    with_culprits: None, project: Path, rules: Rules, is_expensive: bool
) -> None:
    if not is_expensive:
        cheap = "from chunkflow import processor\nodd = processor(expensive=False)(odd)\n"
        rules(CULPRITS + cheap)
    report = run(name="odd", timeout=1, memory_limit="200MB")
    (bad,) = (file for file in report.files if file.status == "failed")
    good = [file for file in report.files if file is not bad]
    assert len(good) == 10
    assert all(len(file.results["rules:odd"]) == file.chunks == 5 for file in good)
    assert_told(bad)
    again = run(name="odd", timeout=1, memory_limit="200MB")
    # Nothing that failed was kept.
    assert again.totals.reran == len(CAUSES)
    assert [file.error for file in again.files] == [file.error for file in report.files]


def assert_told(bad: FileReport) -> None:
    """Each culprit is named with its lines, the rest of its file has its results."""
    assert bad.path == "f4_odd.ts"
    assert [r.value for r in bad.results["rules:odd"]] == [f"good_{name}" for name in CAUSES]
    assert bad.error is not None
    head, told = bad.error.split(": ", 1)
    assert head == "cannot process f4_odd.ts"
    for number, (line, cause) in enumerate(zip(told.split("; "), CAUSES.values(), strict=True)):
        assert line.startswith(f"lines {4 * number + 1}-{4 * number + 1}: ")
        assert cause in line


def test_command_that_met_culprits_ends_with_two(with_culprits: None) -> None:
    command = [sys.executable, "-m", "chunkflow", "optimize-files", "--processor", "rules:odd"]
    options = ["--format", "json", "--timeout", "1", "--memory-limit", "200MB", "--jobs", "2"]
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    totals = json.loads(done.stdout)["totals"]
    assert (totals["files"], totals["failed"]) == (11, 1)


SLOW = (
    NOTED
    + """
def slow(chunk):
    import time
    time.sleep(0.03)
    return noted(chunk)
"""
)
LIMIT_S = 60.0


def wait_for(is_so: Callable[[], bool]) -> None:
    due_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < due_s
        time.sleep(0.002)


@pytest.fixture
def command() -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Starts a run of the function `slow` as a program."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        arguments = ["--processor", "rules:slow", "--format", "json", "--jobs", "2"]
        process = subprocess.Popen(
            [sys.executable, "-m", "chunkflow", "optimize-files", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


Command = Callable[[], "subprocess.Popen[bytes]"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_what_was_done_before_the_command_was_killed_is_not_done_again(
    save: Save, rules: Rules, command: Command, number: signal.Signals
) -> None:
    rules(SLOW)
    names = [f"f{n}" for n in range(60)]
    for index in range(6):
        save(f"f{index}.ts", functions(*range(index * 10, index * 10 + 10)))
    process = command()
    wait_for(lambda: len(calls(keep=True)) >= 30)
    os.kill(process.pid, number)
    process.communicate()
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    first = calls()
    assert len(first) < 60
    again = command()
    out, _ = again.communicate()
    assert again.returncode == 0
    second = calls()
    assert {*first, *second} == {*names}
    twice = {*first} & {*second}
    # What was with a worker, or on its way to the store, when all ended.
    assert len(twice) <= (6 if number == signal.SIGKILL else 0)
    totals = json.loads(out)["totals"]
    assert (totals["chunks"], totals["reran"]) == (60, len(second))
