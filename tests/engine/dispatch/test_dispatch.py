"""Every file that is sent is answered for, once, whatever becomes of the workers."""

import sys
from collections.abc import Iterator, Sequence

import pytest
from dispatches import (
    ERRORS,
    NO_PROCESS,
    UNREADABLE,
    Answers,
    Stop,
    Trial,
    done,
    files_in,
    names_in,
    sent,
    well,
)
from runs import Tasks, at_hand

from chunkflow.engine.dispatch.sent import Sent
from chunkflow.engine.messages import (
    DONE,
    WANTED,
    ChunkTask,
    FileDone,
    FilePart,
    FileTask,
    joined,
)
from chunkflow.errors import PoolError, WorkerDied
from chunkflow.pool.protocol import Answer, Task


def backwards(tasks: Tasks) -> Iterator[Answer]:
    """All goes well, the last first."""
    return map(done, reversed(list(at_hand(tasks))))


BATCHES = [[sent("a.ts"), sent("b.ts")], [sent("c.ts")]]


def test_every_file_is_answered() -> None:
    found = Trial(backwards)
    found.run(*BATCHES)
    assert sorted(found.done) == ["a.ts", "b.ts", "c.ts"]
    assert found.failed == []


def test_nothing_to_do_opens_no_pool() -> None:
    found = Trial()
    found.run()
    assert found.small == []


@pytest.mark.parametrize(("size_bytes", "small"), [(1000, True), (600_000, False)])
def test_pool_is_told_whether_the_work_is_small(size_bytes: int, small: bool) -> None:
    found = Trial(well)
    found.run([sent("a.ts", size_bytes=size_bytes)], [sent("b.ts")])
    assert found.small == [small]
    assert found.done == ["a.ts", "b.ts"]


def test_batches_are_taken_only_when_the_pool_asks() -> None:
    taken: list[str] = []
    answered: list[list[str]] = []

    def batches() -> Iterator[list[Sent]]:
        for name in ("a.ts", "b.ts", "c.ts"):
            taken.append(name)
            yield [sent(name, size_bytes=600_000)]

    def one_by_one(tasks: Tasks) -> Iterator[Answer]:
        for task in at_hand(tasks):
            answered.append(list(taken))
            yield done(task)

    found = Trial(one_by_one)
    found.dispatch().run(batches())
    assert answered == [["a.ts"], ["a.ts", "b.ts"], ["a.ts", "b.ts", "c.ts"]]


def test_what_is_answered_is_let_go() -> None:
    source = b"let a = 1\n" * 100
    batches = [[sent(f"{n}.ts")._replace(source=source)] for n in range(10)]
    before = sys.getrefcount(source)
    counts: list[int] = []

    def noted(tasks: Tasks) -> Iterator[Answer]:
        yield from map(done, at_hand(tasks))
        counts.append(sys.getrefcount(source))

    def given() -> Iterator[list[Sent]]:
        while batches:
            yield batches.pop()

    Trial(noted).dispatch().run(given())
    assert counts == [before - 10]


def failing(bad: str, error: PoolError) -> Answers:
    """A task with the file `bad` in it fails."""

    def answers(tasks: Tasks) -> Iterator[Answer]:
        for task in at_hand(tasks):
            yield Answer(task.id, error=error) if bad in names_in(task) else done(task)

    return answers


@pytest.mark.parametrize("error", ERRORS)
def test_file_that_costs_its_task_takes_no_other_with_it(error: PoolError) -> None:
    found = Trial(failing("a.ts", error))
    found.run(*BATCHES)
    assert sorted(found.done) == ["b.ts", "c.ts"]
    assert found.failed == [("a.ts", str(error))]


def noting(seen: list[list[FileTask]], inner: Answers) -> Answers:
    def answers(tasks: Tasks) -> Iterator[Answer]:
        def noted() -> Iterator[Task]:
            for task in at_hand(tasks):
                seen.append(files_in(task))
                yield task

        return inner(noted())

    return answers


@pytest.mark.parametrize(("error", "tries"), list(zip(ERRORS, [2, 1, 1], strict=True)))
def test_death_alone_gets_a_second_chance(error: PoolError, tries: int) -> None:
    seen: list[list[FileTask]] = []
    found = Trial(noting(seen, failing("a.ts", error)))
    found.run([sent("a.ts")])
    assert list(map(len, seen)) == [1] * tries
    assert found.failed == [("a.ts", str(error))]


@pytest.mark.parametrize("error", ERRORS)
def test_file_that_costs_its_task_goes_again_chunk_by_chunk(error: PoolError) -> None:
    seen: list[list[FileTask]] = []

    def answers(tasks: Tasks) -> Iterator[Answer]:
        for task in at_hand(tasks):
            is_apart = all(file.apart for file in files_in(task))
            yield done(task) if is_apart else Answer(task.id, error=error)

    found = Trial(noting(seen, answers), trusted=False, risky=True)
    found.run(*BATCHES)
    told = [[(file.shown, file.apart) for file in files] for files in seen]
    assert told == [
        [("a.ts", False), ("b.ts", False)],
        [("a.ts", True)],
        [("b.ts", True)],
        [("c.ts", False)],
        [("c.ts", True)],
    ]
    assert sorted(found.done) == ["a.ts", "b.ts", "c.ts"]
    assert found.failed == []


@pytest.mark.parametrize("error", ERRORS)
def test_file_that_costs_its_task_even_so_is_told(error: PoolError) -> None:
    seen: list[list[FileTask]] = []
    found = Trial(noting(seen, failing("a.ts", error)), trusted=False, risky=True)
    found.run([sent("a.ts")], [sent("b.ts")])
    assert [file.apart for files in seen for file in files if file.shown == "a.ts"] == [False, True]
    assert (found.done, found.failed) == (["b.ts"], [("a.ts", str(error))])


@pytest.mark.parametrize(("risky", "limit_s"), [(True, 7.0), (False, 14.0)])
def test_built_in_processors_have_time_to_keep_a_limit_themselves(
    risky: bool, limit_s: float
) -> None:
    limits: list[float | None] = []

    def answers(tasks: Tasks) -> Iterator[Answer]:
        for task in at_hand(tasks):
            limits.append(task.limit_s)
            yield done(task)

    Trial(answers, trusted=False, risky=risky).run([sent("a.ts")])
    assert limits == [limit_s]


TOO_MANY = joined(DONE, [FileDone("", b"d", ()).encode()] * 2)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"nothing",
        joined(DONE, []),
        TOO_MANY,
        joined(DONE, [b"x"]),
        joined(WANTED, [b"x"]),
        joined(WANTED, [ChunkTask(9, b"", b"").encode()]),
        joined(WANTED, []),
        joined(DONE, [FileDone("", b"d", (FilePart(b"", missing=b"{"),)).encode()]),
        joined(DONE, [FileDone("", b"d", (FilePart(b""),)).encode()[:-1]]),
    ],
)
def test_answer_that_makes_no_sense_costs_the_file(payload: bytes) -> None:
    found = Trial(lambda tasks: (Answer(task.id, payload) for task in at_hand(tasks)))
    found.run([sent("a.ts")])
    assert (found.done, found.failed) == ([], [("a.ts", UNREADABLE)])


def test_part_that_makes_no_sense_costs_the_file_once() -> None:
    def answers(tasks: Tasks) -> Iterator[Answer]:
        for task in at_hand(tasks):
            yield Answer(task.id, b"garbage", is_final=False)
            yield Answer(task.id, done(task).payload, is_final=False)
            yield Answer(task.id)

    found = Trial(answers)
    found.run([sent("a.ts")])
    assert (found.done, found.failed) == ([], [("a.ts", UNREADABLE)])


def test_error_after_the_answer_costs_nothing() -> None:
    def answers(tasks: Tasks) -> Iterator[Answer]:
        for task in at_hand(tasks):
            yield Answer(task.id, done(task).payload, is_final=False)
            yield Answer(task.id, error=WorkerDied("died"))

    found = Trial(answers)
    found.run(*BATCHES)
    assert (sorted(found.done), found.failed) == (["a.ts", "b.ts", "c.ts"], [])


def test_nothing_is_begun_after_it_was_asked_to_stop() -> None:
    stop = Stop()

    def answers(tasks: Tasks) -> Iterator[Answer]:
        for task in at_hand(tasks):
            stop.is_asked = True
            yield done(task)

    found = Trial(answers, should_stop=stop)
    found.run([sent("a.ts", size_bytes=600_000)], [sent("b.ts")])
    assert (found.done, found.failed) == (["a.ts"], [])


def then_none_left(tasks: Tasks) -> Iterator[Answer]:
    """The first task is answered and the next one taken when the last process goes."""
    given = at_hand(tasks)
    yield done(next(given))
    next(given)
    raise NO_PROCESS


def first_fails_then_none_left(tasks: Tasks) -> Iterator[Answer]:
    yield Answer(next(at_hand(tasks)).id, error=WorkerDied("died"))
    raise NO_PROCESS


def all_fail_then_none_left(tasks: Tasks) -> Iterator[Answer]:
    """Each task fails; when one of two files is with a worker again, the last process goes."""
    for task in at_hand(tasks):
        if names_in(task) == ["b.ts"]:
            raise NO_PROCESS
        yield Answer(task.id, error=WorkerDied("died"))


THREE = [[sent("a.ts", size_bytes=600_000)], [sent("b.ts"), sent("c.ts")], [sent("d.ts")]]
POOLS = [NO_PROCESS, then_none_left, first_fails_then_none_left, all_fail_then_none_left]


@pytest.mark.parametrize("pool", POOLS)
def test_without_processes_trusted_work_is_done_here_with_one_warning(
    pool: Answers | PoolError,
) -> None:
    found = Trial(pool, well)
    found.run(*THREE)
    answered = [*found.done, *(name for name, _ in found.failed)]
    assert sorted(answered) == ["a.ts", "b.ts", "c.ts", "d.ts"]
    # Of a file that cost two workers no more is expected.
    assert found.failed == ([("a.ts", "died")] if pool is all_fail_then_none_left else [])
    assert found.warnings == [f"{NO_PROCESS}; going on in one process"]
    assert found.small == [False, True]


FINISHED = [[], ["a.ts"], [], []]


@pytest.mark.parametrize(("pool", "finished"), list(zip(POOLS, FINISHED, strict=True)))
def test_without_processes_foreign_work_is_not_done(
    pool: Answers | PoolError, finished: Sequence[str]
) -> None:
    found = Trial(pool, trusted=False)
    found.run(*THREE)
    assert found.done == finished
    rest = {"a.ts", "b.ts", "c.ts", "d.ts"} - {*finished}
    assert {name for name, _ in found.failed} == rest
    assert len(found.failed) == len(rest)
