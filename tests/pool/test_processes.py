import os
import resource
import signal
import time
from collections.abc import Iterator

import pytest

from chunkflow.errors import PoolError, TaskTimeout, WorkerDied, WorkerSpoiled
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Answer, Pool, Prepare, Task
from chunkflow.pool.wire import HELLO, PART, READY, RESULT, TASK, frame


def tasks(*payloads: bytes, limit_s: float | None = None) -> list[Task]:
    return [Task(number, payload, len(payload), limit_s) for number, payload in enumerate(payloads)]


def run(pool: Pool, *payloads: bytes) -> list[Answer]:
    return sorted(pool.map(tasks(*payloads)), key=lambda answer: answer.id)


def is_final(answer: Answer) -> bool:
    return answer.is_final


def only_error(pool: Pool, payload: bytes, *, limit_s: float | None = None) -> PoolError:
    """Run `payload` among well-behaved tasks, all of which must be answered."""
    among = tasks(*[b"echo %d" % number for number in range(20)])
    among[2] = Task(2, payload, 1, limit_s)
    answers = sorted(filter(is_final, pool.map(among)), key=lambda answer: answer.id)
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
        (b"wrong_part", "TypeError: the work yielded NoneType, not bytes"),
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
        (b"close_all", "ended with exit status 1"),
        (b"close_all exit 5", "ended with exit status 5"),
        (b"close_all hang", "ended without saying why"),
        (b"child die", "ended with exit status 3"),
        (b"child session die", "ended with exit status 3"),
        (b"child daemon die", "ended with exit status 3"),
        (b"parts a b then exit 3", "ended with exit status 3"),
    ],
)
def test_death_of_a_worker_costs_its_task_only(
    pool: ProcessPool, payload: bytes, cause: str
) -> None:
    error = only_error(pool, payload)
    assert (type(error), str(error)) == (WorkerDied, f"its worker process {cause}")


@pytest.mark.slow
def test_deaths_in_a_row_cost_one_task_each(pool: ProcessPool) -> None:
    answers = run(pool, *[b"exit 1", b"echo a", b"kill 9"] * 5)
    assert [answer.payload or type(answer.error) for answer in answers] == [
        WorkerDied,
        b"a",
        WorkerDied,
    ] * 5


@pytest.mark.parametrize(
    "payload",
    [b"hang", b"hang_in_c", b"command", b"ignore_sigterm", b"stop", b"parts a b then hang"],
)
def test_a_task_past_its_limit_costs_itself_only(prepare: Prepare, payload: bytes) -> None:
    with ProcessPool(prepare, b"", jobs=2) as pool:
        error = only_error(pool, payload, limit_s=0.3)
    assert (type(error), str(error)) == (TaskTimeout, "it took longer than the limit of 0.3 s")


@pytest.mark.parametrize(
    "data",
    [
        b"not a frame",
        b"{",
        b"\0" * 100,
        b"\xff" * 100,
        frame(RESULT, b"x") * 4,
        frame(READY, b""),
        frame(HELLO, b"1"),
        frame(TASK, b"echo "),
        frame(99, b""),
        frame(PART, b"") + b"\xff" * 8,
    ],
)
def test_a_pipe_written_to_by_the_work_costs_its_worker_at_most(
    pool: ProcessPool, data: bytes
) -> None:
    ids = dict.fromkeys(range(20), 0)
    for answer in pool.map(
        Task(number, b"garbage %r" % data if number == 2 else b"echo ", 1) for number in ids
    ):
        ids[answer.id] += answer.is_final
        if answer.id != 2 and answer.error is not None:
            # What is written by one task may be an answer to the next.
            assert isinstance(answer.error, WorkerDied)
    assert set(ids.values()) == {1}
    assert [answer.payload for answer in run(pool, *[b"echo x"] * 9)] == [b"x"] * 9


def test_a_frame_of_absurd_length_is_nothing_that_the_pool_makes_room_for(
    pool: ProcessPool,
) -> None:
    head = frame(PART, b"")[:-4] + b"\xff" * 4  # says that 4 GB follow
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = only_error(pool, b"garbage %r" % head, limit_s=0.3)
    assert isinstance(error, TaskTimeout)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_threads_that_never_end_hold_nobody_up(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=2) as pool:
        answers = run(pool, *[b"threads x"] * 5)
        pid, zygote, _ = map(int, run(pool, b"pids")[0].payload.split())
    assert [answer.payload for answer in answers] == [b"x"] * 5
    assert_gone(pid, zygote)


@pytest.mark.parametrize("how", [b"", b"session", b"daemon"])
def test_a_child_that_lives_on_holds_nobody_up_and_ends_with_the_pool(
    prepare: Prepare, how: bytes
) -> None:
    with ProcessPool(prepare, b"", jobs=2) as pool:
        answers = run(pool, b"echo a", b"child " + how, *[b"echo a"] * 5)
    assert [answer.payload for answer in answers[2:]] == [b"a"] * 5
    wait_until_gone(int(answers[1].payload))


def test_the_time_limit_counts_anew_from_each_part(prepare: Prepare) -> None:
    words = [b"%d" % number for number in range(12)]  # a tenth of a second each
    limited = Task(0, b"slowly " + b" ".join(words), 1, 1.0)
    with ProcessPool(prepare, b"", jobs=1) as pool:
        answers = list(pool.map([limited, Task(1, b"slowly x", 1, 1.0)]))
    assert [answer.error for answer in answers] == [None] * 15
    assert [answer.payload for answer in answers] == [*words, b"", b"x", b""]


def test_only_the_task_with_a_limit_has_one(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        (first, second) = pool.map([Task(0, b"hang", 1, 0.1), Task(1, b"echo x", 1)])
    assert isinstance(first.error, TaskTimeout)
    assert second == Answer(1, b"x")


def test_parts_come_one_after_the_other_and_then_the_end(pool: ProcessPool) -> None:
    answers = run(pool, b"parts a b", b"parts", b"echo c", b"parts d then raise broken")
    assert [(answer.id, answer.payload, answer.is_final) for answer in answers] == [
        (0, b"a", False),
        (0, b"b", False),
        (0, b"", True),
        (1, b"", True),
        (2, b"c", True),
        (3, b"d", False),
        (3, b"", True),
    ]
    assert [str(answer.error) for answer in answers] == ["None"] * 6 + ["ValueError: broken"]


def test_a_part_is_there_before_the_next_is_made(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        answers = pool.map(tasks(b"parts first then hang"))
        assert next(answers) == Answer(0, b"first", is_final=False)
        answers.close()  # type: ignore[attr-defined]


def test_every_part_made_before_a_death_is_delivered_before_its_error(pool: ProcessPool) -> None:
    *parts, last = run(pool, b"large_parts 20")
    assert [len(part.payload) for part in parts] == [300_000] * 20
    assert isinstance(last.error, WorkerDied)


def test_a_child_that_comes_back_in_the_middle_of_parts_adds_none(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        answers = list(pool.map(tasks(b"fork_in_parts", b"echo x")))
    assert [answer.payload for answer in answers] == [b"one", b"two", b"", b"x"]


def test_nothing_at_the_moment_is_asked_again_after_the_next_answer(pool: ProcessPool) -> None:
    seen: list[int] = []
    asked: list[list[int]] = []

    def source() -> Iterator[Task | None]:
        yield Task(0, b"echo ", 1)
        while not seen:
            asked.append([*seen])
            yield None
        yield Task(1, b"echo ", 1)
        while len(seen) < 2:
            asked.append([*seen])
            yield None
        yield Task(2, b"echo ", 1)

    for answer in pool.map(source()):
        seen.append(answer.id)  # noqa: PERF401 - the tasks depend on it
    assert (seen, asked) == ([0, 1, 2], [[], [0]])


def test_the_caller_has_had_every_answer_when_tasks_are_asked_for(prepare: Prepare) -> None:
    had: list[bytes] = []
    behind: list[int] = []

    def source() -> Iterator[Task]:
        for number in range(50):
            behind.append(number - len(had))
            yield Task(number, b"parts a", 1)

    with ProcessPool(prepare, b"", jobs=1) as pool:
        for answer in pool.map(source()):
            had += [answer.payload] * answer.is_final
    assert max(behind) <= 3


@pytest.mark.parametrize(
    ("pauses", "answered"),
    [([None], []), ([None, 0, None, None, None, 1], [0]), ([None, 0, 1], [0, 1])],
)
def test_nothing_while_nothing_is_in_flight_is_asked_again_once(
    pool: ProcessPool, pauses: list[int | None], answered: list[int]
) -> None:
    source = iter([None if one is None else Task(one, b"echo ", 1) for one in pauses])
    assert sorted(answer.id for answer in pool.map(source)) == answered


def test_an_idle_worker_that_is_killed_is_replaced(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        pid, *_ = map(int, run(pool, b"pids")[0].payload.split())
        os.kill(pid, signal.SIGKILL)
        assert [type(answer.error) for answer in run(pool, b"pids", b"pids")][1] is type(None)


def test_time_a_caller_takes_between_answers_is_not_the_tasks(prepare: Prepare) -> None:
    def slow_tasks() -> Iterator[Task]:
        yield from tasks(b"echo 0", b"echo 1", limit_s=0.5)
        blocked = ProcessPool(prepare, b"", jobs=1)
        with blocked:  # takes longer than the limit of the tasks in the pool under test
            list(blocked.map(tasks(b"hang", limit_s=0.6)))
        yield Task(2, b"echo 2", 1, 0.5)

    with ProcessPool(prepare, b"", jobs=2) as pool:
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


def test_small_tasks_are_taken_four_a_process_at_most(prepare: Prepare) -> None:
    taken: list[int] = []

    def source() -> Iterator[Task]:
        for number in range(1000):
            taken.append(number)
            yield Task(number, b"echo ", 1)

    with ProcessPool(prepare, b"", jobs=2) as pool:
        next(pool.map(source()))
    assert 6 <= len(taken) <= 9


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


def wait_until_gone(*pids: int) -> None:
    deadline_s = time.monotonic() + 20
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline_s, "a process was left behind"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def assert_gone(*pids: int) -> None:
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_spoiled_worker_is_replaced_and_its_other_tasks_are_answered(prepare: Prepare) -> None:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        (before,) = run(pool, b"pids")
        first, second, spoiled, *rest = run(
            pool, b"spoiled", b"spoiled", b"spoiled", b"pids", b"echo a"
        )
    for answer in (first, second, spoiled):
        assert type(answer.error) is WorkerSpoiled
        assert str(answer.error) == "it changed its process"
    assert [answer.error for answer in rest] == [None, None]
    assert rest[0].payload.split()[0] != before.payload.split()[0]
    assert rest[1].payload == b"a"


def test_what_a_worker_said_before_it_was_spoiled_is_told(pool: ProcessPool) -> None:
    *parts, last = pool.map(tasks(b"spoiled a b"))
    assert [part.payload for part in parts] == [b"a", b"b"]
    assert isinstance(last.error, WorkerSpoiled)
    assert last.is_final


def test_nobody_is_charged_for_a_spoiled_worker(pool: ProcessPool) -> None:
    assert isinstance(only_error(pool, b"spoiled"), WorkerSpoiled)
