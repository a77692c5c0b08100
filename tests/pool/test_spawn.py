import os
import resource
import signal
import sys
import time
from pathlib import Path

import pytest
from processes import is_alive

from chunkflow.errors import PoolError
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Prepare, Task


def test_no_interpreter_to_start_is_a_pool_error(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(os.listdir("/dev/fd"))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(PoolError, match=r"cannot start 2 worker process\(es\): No such file"):
        ProcessPool(prepare, b"", jobs=2)
    assert sorted(os.listdir("/dev/fd")) == before


def test_too_many_open_files_is_a_pool_error(prepare: Prepare) -> None:
    before = sorted(os.listdir("/dev/fd"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(before) + 8, hard))
    try:
        with pytest.raises(PoolError, match="Too many open files"):
            ProcessPool(prepare, b"", jobs=8)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert sorted(os.listdir("/dev/fd")) == before


def test_workers_import_from_where_the_caller_does_and_nowhere_else(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a file of the project was imported')")
    monkeypatch.chdir(tmp_path)
    with ProcessPool(prepare, b"", jobs=1, preload=["json"]) as pool:
        (path,) = pool.map([Task(0, b"path", 1)])
    assert path.payload.decode().split("\n") == [entry or os.getcwd() for entry in sys.path]


def test_workers_have_the_flags_of_the_caller(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        (flags,) = pool.map([Task(0, b"flags", 1)])
    expected = f"{sys.flags.optimize} {sys.flags.dont_write_bytecode}"
    assert flags.payload.decode() == expected


def test_child_that_the_program_forked_keeps_no_worker_alive(prepare: Prepare) -> None:
    reader, writer = os.pipe()
    program = os.fork()
    if program == 0:
        with ProcessPool(prepare, b"", jobs=1) as pool:
            (answer,) = pool.map([Task(0, b"pids", 1)])
            if os.fork() == 0:
                pool.close()  # a copy, which must end nothing that is not its own
                os.write(writer, answer.payload)
                signal.pause()
            signal.pause()
    worker, zygote, _ = map(int, os.read(reader, 100).split())
    assert is_alive(worker)
    (child,) = set(children_of(program)) - {zygote}
    os.kill(program, signal.SIGKILL)
    os.waitpid(program, 0)
    deadline_s = time.monotonic() + 20
    while (is_alive(worker) or is_alive(zygote)) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert not is_alive(worker)
    assert not is_alive(zygote)
    os.kill(child, signal.SIGKILL)
    os.close(reader)
    os.close(writer)


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
