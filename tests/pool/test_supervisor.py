import os
import select
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from processes import is_alive

from chunkflow.errors import PoolError, WorkerDied
from chunkflow.pool import supervisor
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Prepare, Task
from chunkflow.pool.spawn import Zygote
from chunkflow.pool.worker_handle import WorkerHandle


def echoes(count: int) -> list[Task]:
    return [Task(number, b"echo ", 1) for number in range(count)]


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_workers_that_never_get_ready_end_the_map(prepare: Prepare, jobs: int) -> None:
    told = "gets ready: the last one ended with exit status 7"
    with ProcessPool(prepare, b"exit", jobs=jobs) as pool, pytest.raises(PoolError, match=told):
        list(pool.map(echoes(10)))


def test_preparing_for_too_long_ends_the_map(prepare: Prepare) -> None:
    with (
        ProcessPool(prepare, b"hang", jobs=2, start_limit_s=0.2) as pool,
        pytest.raises(PoolError, match=r"not ready after 0\.2 s"),
    ):
        list(pool.map(echoes(10)))


def test_preparing_does_not_count_as_a_tasks_time(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        answers = list(pool.map([Task(0, b"hang", 1, 1e-9)]))
    assert "longer than the limit of 1e-09 s" in str(answers[0].error)


def test_work_that_cannot_be_prepared_is_told_for_every_task(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"raise", jobs=2) as pool:
        errors = {str(answer.error) for answer in pool.map(echoes(10))}
    assert errors == {"the worker could not be prepared: LookupError: no such processor"}


def test_a_pool_that_gets_no_replacement_goes_on_with_the_workers_it_has(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ProcessPool(prepare, b"", jobs=2) as pool:
        list(pool.map(echoes(4)))
        monkeypatch.setattr(supervisor, "Zygote", no_zygote)
        tasks = [Task(0, b"exit 1", 1), *(Task(number, b"echo ", 1) for number in range(1, 30))]
        errors = [answer.error for answer in sorted(pool.map(tasks), key=lambda answer: answer.id)]
    assert isinstance(errors[0], WorkerDied)
    assert errors[1:] == [None] * 29


def test_a_pool_without_any_worker_left_ends_the_map(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        list(pool.map(echoes(4)))
        monkeypatch.setattr(supervisor, "Zygote", no_zygote)
        with pytest.raises(PoolError, match="no memory"):
            list(pool.map([Task(0, b"exit 1", 1), *echoes(3)]))


def test_a_start_that_fails_leaves_the_work_to_the_others(prepare: Prepare, tmp_path: Path) -> None:
    config = b"first " + os.fsencode(tmp_path / "started")
    with ProcessPool(prepare, config, jobs=2) as pool:
        pids = {answer.payload for answer in pool.map(Task(n, b"pids", 1) for n in range(20))}
    assert len(pids) == 1


def test_a_fork_that_fails_leaves_the_work_to_the_others(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=3, preload=["sample_one_fork"]) as pool:
        pids = {answer.payload for answer in pool.map(Task(n, b"pids", 1) for n in range(20))}
    assert len(pids) == 1


def test_large_tasks_behind_a_deadly_one_are_done_by_its_replacement(prepare: Prepare) -> None:
    large = b"length " + b"x" * 500_000
    with ProcessPool(prepare, b"", jobs=1) as pool:
        tasks = [Task(number, large, 1) for number in range(1, 6)]
        dead, *others = sorted(pool.map([Task(0, b"exit 1", 1), *tasks]))
    assert isinstance(dead.error, WorkerDied)
    assert [answer.payload for answer in others] == [b"500000"] * 5


def test_a_pool_that_lost_its_zygote_works_on(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        (answer,) = pool.map([Task(0, b"pids", 1)])
        worker, zygote, _ = map(int, answer.payload.split())
        os.kill(zygote, signal.SIGKILL)
        deadline_s = time.monotonic() + 20
        while is_alive(worker) or is_alive(zygote):  # the guard takes a moment
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        assert [answer.error for answer in pool.map(echoes(3))] == [None] * 3
        (dead,) = pool.map([Task(0, b"kill 9", 1)])
    assert str(dead.error) == "its worker process was killed by SIGKILL"


@pytest.mark.slow
def test_deaths_in_a_row_do_not_start_an_interpreter_each(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    def counted(workers: int, preload: Sequence[str], *, fork: bool) -> Zygote:
        started.append(workers)
        return Zygote(workers, preload, fork=fork)

    monkeypatch.setattr(supervisor, "Zygote", counted)
    with ProcessPool(prepare, b"", jobs=2) as pool:
        answers = list(pool.map(Task(number, b"exit 1", 1) for number in range(30)))
    assert [type(answer.error) for answer in answers] == [WorkerDied] * 30
    assert started[0] == 2  # nobody is kept in reserve before there was a death
    assert len(started) < 10


def test_what_waits_behind_a_deadly_task_is_done_once(prepare: Prepare, tmp_path: Path) -> None:
    log = os.fsencode(tmp_path / "log")
    with ProcessPool(prepare, b"", jobs=2) as pool:
        tasks = [b"exit 1" if number % 3 == 0 else b"log " + log for number in range(30)]
        answers = list(pool.map(Task(number, task, 1) for number, task in enumerate(tasks)))
    assert sum(answer.error is None for answer in answers) == 20
    assert os.stat(log).st_size == 20


def test_a_task_answered_while_its_worker_is_killed_for_it_is_not_charged_to_the_next(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill = WorkerHandle.kill

    def kill_late(worker: WorkerHandle) -> None:
        """Let the answer be written first, as it may be in the moment before the signal comes."""
        select.select([worker.answers_fd], [], [])
        kill(worker)

    monkeypatch.setattr(WorkerHandle, "kill", kill_late)
    with ProcessPool(prepare, b"", jobs=1) as pool:
        list(pool.map(echoes(1)))
        limited = [Task(0, b"nap", 1, 0.01), Task(1, b"nap", 1), Task(2, b"echo x", 1)]
        answers = list(pool.map(limited))
    assert [answer.error for answer in answers] == [None] * 3


def no_zygote(workers: int, preload: object, *, fork: bool) -> Zygote:
    raise PoolError("no memory")
