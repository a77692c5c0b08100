import os
import resource
import sys
from pathlib import Path

import pytest

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
