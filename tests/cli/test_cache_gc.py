"""`chunkflow cache gc`."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chunkflow.cache.database import open_store

if TYPE_CHECKING:
    from cli.conftest import Done

Cli = Callable[..., "Done"]
Save = Callable[..., Path]
Collect = Callable[[], dict[str, Any]]

LONG_AGO_S = 1_500_000_000.0


@pytest.fixture
def collect(cli: Cli) -> Collect:
    def run() -> dict[str, Any]:
        done = cli("cache", "gc", "--format", "json")
        assert (done.status, done.err) == (0, "")
        told: dict[str, Any] = json.loads(done.out)
        return told

    return run


def put(project: Path, count: int, size_bytes: int, clock: Callable[[], float]) -> None:
    """Put records into the project's cache at another time."""
    store = open_store(
        project / ".chunkflow_cache", limit_bytes=1 << 30, warn=pytest.fail, clock=clock
    )
    store.put_many((b"c%d" % number, bytes(size_bytes)) for number in range(count))
    store.close()


def test_what_was_unused_for_long_goes(collect: Collect, project: Path) -> None:
    put(project, 50, 10_000, lambda: LONG_AGO_S)
    told = collect()
    assert (told["before"]["records"], told["after"]["records"]) == (50, 0)
    assert told["after"]["size_bytes"] < told["before"]["size_bytes"] / 5


def test_what_is_used_stays(collect: Collect, cli: Cli, save: Save) -> None:
    save("a.ts", "let a = 1\n")
    cli("optimize-files")
    told = collect()
    assert told["before"]["records"] == told["after"]["records"] == 3
    assert "0 rerun" in cli("optimize-files").out


def test_what_is_over_the_limit_goes(
    collect: Collect, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(project, 300, 10_000, time.time)
    monkeypatch.setenv("CHUNKFLOW_CACHE_SIZE", "1MB")
    told = collect()
    assert told["before"]["size_bytes"] > 3_000_000
    assert 0 < told["after"]["size_bytes"] < 1_000_000
    assert told["after"]["limit_bytes"] == 1_000_000


def test_older_formats_go(collect: Collect, save: Save) -> None:
    old = save(".chunkflow_cache/chunkflow-v1-1.sqlite3", "old")
    os.utime(old, (LONG_AGO_S, LONG_AGO_S))
    collect()
    assert not old.exists()


def test_files_that_are_gone_are_forgotten(collect: Collect, cli: Cli, save: Save) -> None:
    for name in ("a.ts", "b.ts", "in/c.ts", "in/d.ts"):
        save(name, f"let a = '{name}'\n")
    cli("optimize-files")
    for name in ("b.ts", "in/c.ts"):
        Path(name).unlink()
    assert collect()["files_forgotten"] == 2
    assert collect()["files_forgotten"] == 0
    assert "2 files, 2 chunks: 0 rerun" in cli("optimize-files").out


def test_people_read_before_and_after(cli: Cli, save: Save) -> None:
    save("a.ts", "let a = 1\n")
    cli("optimize-files")
    before, after, forgotten = cli("cache", "gc").out.splitlines()
    assert before.startswith("before: 3 records, ")
    assert after.startswith("after:  3 records, ")
    assert forgotten == "notes about deleted files removed: 0"


def test_where_there_is_no_cache_there_is_nothing_to_do(collect: Collect, project: Path) -> None:
    told = collect()
    assert told["before"] == told["after"]
    assert not (project / ".chunkflow_cache").exists()
