import os
import signal
from collections.abc import Iterator

import pytest

from chunkflow.errors import PoolError, TaskTimeout, WorkerDied
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Answer, Pool, Prepare, Task


def tasks(*payloads: bytes) -> list[Task]:
    return [Task(number, payload, len(payload)) for number, payload in enumerate(payloads)]


def run(pool: Pool, *payloads: bytes) -> list[Answer]:
    return sorted(pool.map(tasks(*payloads)))


def only_error(pool: Pool, payload: bytes) -> PoolError:
    """Run `payload` among well-behaved tasks, all of which must be answered."""
    answers = run(
        pool, b"echo 0", b"echo 1", payload, *(b"echo %d" % number for number in range(3, 20))
    )
    assert [answer.id for answer in answers] == list(range(20))
    bad = answers.pop(2)
    assert all(answer == Answer(answer.id, b"%d" % answer.id) for answer in answers)
    assert bad.error is not None
    return bad.error


@pytest.fixture
def pool(prepare: Prepare) -> Iterator[ProcessPool]:
    with ProcessPool(prepare, b"", jobs=2) as pool:
        yield pool


def test_every_task_gets_its_own_answer(pool: ProcessPool) -> None:
    answers = run(pool, *(b"echo %d" % number for number in range(500)))
    assert answers == [Answer(number, b"%d" % number) for number in range(500)]


def test_no_tasks_give_no_answers(pool: ProcessPool) -> None:
    assert run(pool) == []


def test_pool_runs_one_map_after_the_other_in_the_same_processes(pool: ProcessPool) -> None:
    first = {answer.payload for answer in run(pool, *[b"pids"] * 40)}
    second = {answer.payload for answer in run(pool, *[b"pids"] * 40)}
    assert len(first | second) == 2


def test_payloads_larger_than_a_pipe_go_there_and_back(pool: ProcessPool) -> None:
    large = b"y" * 3_000_000
    answers = run(pool, *[b"echo " + large] * 6, b"repeat 5000000", b"echo ")
    assert [answer.payload == large for answer in answers] == [True] * 6 + [False] * 2
    assert len(answers[6].payload) == 5_000_000
    assert answers[7] == Answer(7, b"")


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"raise broken", "ValueError: broken"),
        (b"unpicklable", "UnpicklableError: one"),
        (b"mute", "MuteError: (its message cannot be shown)"),
        (b"sysexit", "SystemExit: 3"),
        (b"interrupt", "KeyboardInterrupt"),
        (b"memory", "MemoryError"),
        (b"text", "TypeError: the work returned str, not bytes"),
        (b"nonsense", "KeyError: 'do_nonsense'"),
    ],
)
def test_what_work_raises_is_told_in_text(pool: ProcessPool, payload: bytes, text: str) -> None:
    error = only_error(pool, payload)
    assert (type(error), str(error)) == (PoolError, text)


@pytest.mark.parametrize(
    ("payload", "cause"),
    [
        (b"exit 0", "ended with exit status 0"),
        (b"exit 3", "ended with exit status 3"),
        (b"segfault", "was killed by SIGSEGV"),
        (b"kill 9", "was killed by SIGKILL"),
        (b"kill 40", "was killed by signal 40"),
    ],
)
def test_death_of_a_worker_costs_its_task_only(
    pool: ProcessPool, payload: bytes, cause: str
) -> None:
    error = only_error(pool, payload)
    assert (type(error), str(error)) == (WorkerDied, f"its worker process {cause}")


def test_deaths_in_a_row_cost_one_task_each(pool: ProcessPool) -> None:
    answers = run(pool, *[b"exit 1", b"echo a", b"kill 9"] * 5)
    assert [answer.payload or type(answer.error) for answer in answers] == [
        WorkerDied,
        b"a",
        WorkerDied,
    ] * 5


@pytest.mark.parametrize("payload", [b"hang", b"hang_in_c", b"command"])
def test_a_task_past_its_limit_costs_itself_only(prepare: Prepare, payload: bytes) -> None:
    with ProcessPool(prepare, b"", jobs=2, timeout_s=0.3) as pool:
        error = only_error(pool, payload)
    assert (type(error), str(error)) == (TaskTimeout, "it took longer than the limit of 0.3 s")


def test_an_idle_worker_that_is_killed_is_replaced(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        pid, *_ = map(int, run(pool, b"pids")[0].payload.split())
        os.kill(pid, signal.SIGKILL)
        assert [type(answer.error) for answer in run(pool, b"pids", b"pids")][1] is type(None)


def test_time_a_caller_takes_between_answers_is_not_the_tasks(prepare: Prepare) -> None:
    def slow_tasks() -> Iterator[Task]:
        yield from tasks(b"echo 0", b"echo 1")
        blocked = ProcessPool(prepare, b"", jobs=1, timeout_s=0.2)
        with blocked:  # takes longer than the limit of the pool under test
            list(blocked.map(tasks(b"hang")))
        yield Task(2, b"echo 2", 1)

    with ProcessPool(prepare, b"", jobs=2, timeout_s=0.1) as pool:
        assert [answer.error for answer in pool.map(slow_tasks())] == [None] * 3


def test_tasks_are_taken_within_the_bound_on_bytes(prepare: Prepare) -> None:
    taken = answered = most = 0

    def source() -> Iterator[Task]:
        nonlocal taken, most
        for number in range(50):
            taken += 1
            most = max(most, taken - answered)
            yield Task(number, b"echo ", 400)

    with ProcessPool(prepare, b"", jobs=4, in_flight_bytes=1000) as pool:
        for _ in pool.map(source()):
            answered += 1
    assert (answered, most) == (50, 3)


def test_one_task_runs_however_heavy_it_is(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=2, in_flight_bytes=10) as pool:
        heavy = (Task(number, b"echo ", 1_000_000) for number in range(3))
        assert [answer.id for answer in pool.map(heavy)] == [0, 1, 2]


def test_small_tasks_are_taken_three_a_process_at_most(prepare: Prepare) -> None:
    taken: list[int] = []

    def source() -> Iterator[Task]:
        for number in range(1000):
            taken.append(number)
            yield Task(number, b"echo ", 1)

    with ProcessPool(prepare, b"", jobs=2) as pool:
        next(pool.map(source()))
    assert 4 <= len(taken) <= 7


def test_closing_the_iterator_kills_what_is_running(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=2) as pool:
        answers = pool.map(tasks(b"pids", b"hang", b"hang", b"hang"))
        pid, zygote, _ = map(int, next(answers).payload.split())
        answers.close()  # type: ignore[attr-defined]
        assert_gone(pid, zygote)
        assert run(pool, b"echo again") == [Answer(0, b"again")]


def test_an_exception_in_the_tasks_kills_what_is_running(prepare: Prepare) -> None:
    def source() -> Iterator[Task]:
        yield from tasks(b"hang", b"hang")
        raise OSError("cannot read on")

    with ProcessPool(prepare, b"", jobs=2) as pool:
        with pytest.raises(OSError, match="cannot read on"):
            list(pool.map(source()))
        assert run(pool, b"echo again") == [Answer(0, b"again")]


def test_leaving_the_pool_leaves_no_process(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=2) as pool:
        pid, zygote, _ = map(int, run(pool, b"pids")[0].payload.split())
    assert_gone(pid, zygote)


def test_leaving_the_pool_leaves_no_open_file(prepare: Prepare) -> None:
    before = sorted(os.listdir("/dev/fd"))
    with ProcessPool(prepare, b"", jobs=2) as pool:
        run(pool, b"echo ", b"exit 1", b"echo ")
    assert sorted(os.listdir("/dev/fd")) == before


def test_a_pool_in_use_or_closed_refuses_work(pool: ProcessPool) -> None:
    running = pool.map(tasks(b"echo 0", b"echo 1"))
    next(running)
    with pytest.raises(PoolError, match="busy with another call"):
        list(pool.map([]))
    list(running)
    pool.close()
    with pytest.raises(PoolError, match="closed"):
        list(pool.map([]))


def test_an_iterator_that_was_never_begun_does_not_occupy_the_pool(pool: ProcessPool) -> None:
    pool.map(tasks(b"hang"))
    assert run(pool, b"echo ") == [Answer(0)]


def test_closing_twice_is_closing_once(pool: ProcessPool) -> None:
    pool.close()
    pool.close()


def test_a_function_that_cannot_be_found_by_name_is_refused() -> None:
    def local(config: bytes) -> object: ...

    with pytest.raises(PoolError, match="no function of an importable module"):
        ProcessPool(local, b"", jobs=1)  # type: ignore[arg-type]


def assert_gone(*pids: int) -> None:
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
