"""Processes that were started early are used, or leave nothing behind."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.workers import LocalWorker, PoolWorkers
from chunkflow.errors import PoolError, UnknownProcessor
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.flow.pools import Pools
from chunkflow.flow.processor_set import load_processors
from chunkflow.pool import processes
from chunkflow.pool.processes import ProcessPool
from chunkflow.settings import load_settings

Save = Callable[[str, str], Path]


def pools(*names: str, jobs: int = 2) -> Pools:
    overrides = {"parallel_operations": jobs}
    settings = load_settings(".", environ={}, overrides=overrides)
    made = Pools(names or ("chunks",), settings)
    empty = Tiers(MemoryTier(0), None, warn=pytest.fail)
    made.processors = load_processors(["chunks"], settings, empty, fork=False)
    return made


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ProcessPool]:
    """Every pool of processes that is made."""
    made: list[ProcessPool] = []
    make = processes.ProcessPool.__init__

    def noted(self: ProcessPool, *args: object, **options: object) -> None:
        made.append(self)
        make(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(processes.ProcessPool, "__init__", noted)
    return made


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def test_pool_that_was_begun_is_the_one_that_is_opened(started: list[ProcessPool]) -> None:
    with pools() as found:
        found.start()
        with found.open(small=False):
            assert len(started) == 1
        with found.open(small=False):
            assert len(started) == 2


def test_pool_that_was_begun_in_vain_leaves_no_process() -> None:
    before = children()
    with pools() as found:
        found.start()
        assert children() > before
        assert isinstance(found.open(small=True), LocalWorker)
    assert children() == before


def test_nothing_is_begun_for_what_will_be_done_in_line(started: list[ProcessPool]) -> None:
    with pools(jobs=1) as found:
        found.start()
    assert started == []


@pytest.mark.parametrize(("jobs", "small"), [(1, False), (2, True)])
def test_what_is_quicker_in_line_is_done_in_line(jobs: int, small: bool) -> None:
    with pools("metrics", jobs=jobs) as found:
        assert isinstance(found.open(small=small), LocalWorker)


def test_large_work_is_done_in_processes() -> None:
    with pools("metrics").open(small=False) as workers:
        assert isinstance(workers, PoolWorkers)


def test_functions_of_users_never_run_in_line() -> None:
    with pools("metrics", "rules:shout", jobs=1).open(small=True) as workers:
        assert isinstance(workers, PoolWorkers)


def test_pool_that_was_started_early_is_configured_when_it_is_opened() -> None:
    with pools() as found:
        processors, found.processors = found.processors, None
        found.start()
        found.processors = processors
        with found.open(small=False) as workers:
            assert list(workers.run([])) == []


def test_unknown_processor_leaves_no_process(save: Save) -> None:
    save("src/a.ts", "let a = 1\n")
    before = children()
    with ChunkFlow(parallel_operations=2) as flow, pytest.raises(UnknownProcessor):
        flow.optimize_files(["src"], processors=["metrix"])
    assert children() == before


def test_what_fails_early_is_told_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PoolError("no room")

    monkeypatch.setattr(processes, "ProcessPool", fail)
    with pools() as found:
        found.start()
        with pytest.raises(PoolError, match="no room"):
            found.open(small=False)


@pytest.mark.parametrize(
    ("paths", "begun"), [(None, 1), (["src"], 1), (["src/a.ts"], 0)], ids=["all", "folder", "file"]
)
def test_processes_are_begun_where_many_files_may_come(
    paths: list[str] | None, begun: int, save: Save, started: list[ProcessPool]
) -> None:
    save("src/a.ts", "let a = 1\n")
    for cached in (0, 1):
        with ChunkFlow(parallel_operations=2) as flow:
            assert flow.optimize_files(paths, processors=["chunks"]).totals.reran == 1 - cached
    assert len(started) == begun
