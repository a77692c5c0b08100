"""Every file that is sent is answered for, once, whatever becomes of the workers."""

import sys
from collections.abc import Callable, Iterable, Iterator

import pytest
from runs import ScriptedPool

from chunkflow.engine.dispatch import Dispatch, Receiver, Sent
from chunkflow.engine.manifest import Signature
from chunkflow.engine.messages import FileDone, FileTask
from chunkflow.engine.plan import File
from chunkflow.errors import PoolError, TaskTimeout, WorkerDied
from chunkflow.model.framing import join, split
from chunkflow.pool.protocol import Answer, Pool, Task

Answers = Callable[[Iterable[Task]], Iterator[Answer]]


def sent(name: str, *, size_bytes: int = 1) -> Sent:
    return Sent(
        File(name, f"/p/{name}", "typescript", Signature(size_bytes, 0, 0, 0), 0, None, False)
    )


def names_in(task: Task) -> list[str]:
    return [FileTask.decode(part).shown for part in split(task.payload)]


def done(task: Task) -> Answer:
    return Answer(task.id, join([FileDone(n, b"d", 1, ()).encode() for n in names_in(task)]))


class Trial:
    """A dispatch with pools that do as told, one after the other, and what came of it."""

    def __init__(self, *pools: Answers | PoolError) -> None:
        self.pools = list(pools)
        self.small: list[bool] = []
        self.done: list[str] = []
        self.failed: list[tuple[str, str]] = []
        self.warnings: list[str] = []

    def open_pool(self, *, small: bool) -> Pool:
        self.small.append(small)
        pool = self.pools.pop(0)
        if isinstance(pool, PoolError):
            raise pool
        return ScriptedPool(pool)

    def dispatch(self, *, trusted: bool) -> Dispatch:
        receiver = Receiver(
            lambda one, told: self.done.append(told.error),
            lambda one, cause: self.failed.append((one.file.shown, cause)),
            self.warnings.append,
        )
        return Dispatch(self.open_pool, receiver, trusted=trusted)

    def run(self, *batches: list[Sent], trusted: bool = True) -> None:
        self.dispatch(trusted=trusted).run(batches)


def well(tasks: Iterable[Task]) -> Iterator[Answer]:
    """All goes well."""
    return map(done, tasks)


def backwards(tasks: Iterable[Task]) -> Iterator[Answer]:
    """All goes well, the last first."""
    return map(done, reversed(list(tasks)))


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

    def one_by_one(tasks: Iterable[Task]) -> Iterator[Answer]:
        for task in tasks:
            answered.append(list(taken))
            yield done(task)

    found = Trial(one_by_one)
    found.dispatch(trusted=True).run(batches())
    assert answered == [["a.ts"], ["a.ts", "b.ts"], ["a.ts", "b.ts", "c.ts"]]


def test_what_is_answered_is_let_go() -> None:
    source = b"let a = 1\n" * 100
    batches = [[sent(f"{n}.ts")._replace(source=source)] for n in range(10)]
    before = sys.getrefcount(source)
    counts: list[int] = []

    def noted(tasks: Iterable[Task]) -> Iterator[Answer]:
        yield from map(done, tasks)
        counts.append(sys.getrefcount(source))

    def given() -> Iterator[list[Sent]]:
        while batches:
            yield batches.pop()

    Trial(noted).dispatch(trusted=True).run(given())
    assert counts == [before - 10]


def failing(bad: str, error: PoolError) -> Answers:
    """A task with the file `bad` in it fails."""

    def answers(tasks: Iterable[Task]) -> Iterator[Answer]:
        for task in tasks:
            yield Answer(task.id, error=error) if bad in names_in(task) else done(task)

    return answers


@pytest.mark.parametrize(
    "error", [WorkerDied("its worker died"), TaskTimeout("too long"), PoolError("ValueError: x")]
)
def test_file_that_costs_its_task_takes_no_other_with_it(error: PoolError) -> None:
    found = Trial(failing("a.ts", error))
    found.run(*BATCHES)
    assert sorted(found.done) == ["b.ts", "c.ts"]
    assert found.failed == [("a.ts", str(error))]


def counting(sizes: list[int], inner: Answers) -> Answers:
    def answers(tasks: Iterable[Task]) -> Iterator[Answer]:
        def noted() -> Iterator[Task]:
            for task in tasks:
                sizes.append(len(names_in(task)))
                yield task

        return inner(noted())

    return answers


@pytest.mark.parametrize(
    ("error", "tries"),
    [(WorkerDied("died"), 2), (TaskTimeout("too long"), 1), (PoolError("ValueError: x"), 1)],
)
def test_death_alone_gets_a_second_chance(error: PoolError, tries: int) -> None:
    sizes: list[int] = []
    found = Trial(counting(sizes, failing("a.ts", error)))
    found.run([sent("a.ts")], trusted=False)
    assert sizes == [1] * tries
    assert found.failed == [("a.ts", str(error))]


@pytest.mark.parametrize("payload", [b"", b"nothing", join([]), join([b"", b"x"]), join([b"x"])])
def test_answer_that_makes_no_sense_costs_the_file(payload: bytes) -> None:
    found = Trial(lambda tasks: (Answer(task.id, payload) for task in tasks))
    found.run([sent("a.ts")])
    assert found.failed == [("a.ts", "the worker's answer cannot be read")]


NO_PROCESS = PoolError("cannot start 2 worker process(es): no memory")


def then_none_left(tasks: Iterable[Task]) -> Iterator[Answer]:
    """The first task is answered and the next one taken when the last process goes."""
    tasks = iter(tasks)
    yield done(next(tasks))
    next(tasks)
    raise NO_PROCESS


def first_fails_then_none_left(tasks: Iterable[Task]) -> Iterator[Answer]:
    yield Answer(next(iter(tasks)).id, error=WorkerDied("died"))
    raise NO_PROCESS


class NoneLeftInTheSecondRound:
    """All tasks of the first round fail, and in the second the last process goes."""

    def __init__(self) -> None:
        self.rounds = 0

    def __call__(self, tasks: Iterable[Task]) -> Iterator[Answer]:
        self.rounds += 1
        if self.rounds == 2:
            next(iter(tasks))
            raise NO_PROCESS
        for task in tasks:
            yield Answer(task.id, error=WorkerDied("died"))


THREE = [[sent("a.ts", size_bytes=600_000)], [sent("b.ts"), sent("c.ts")], [sent("d.ts")]]


@pytest.mark.parametrize(
    "pool",
    [NO_PROCESS, then_none_left, first_fails_then_none_left, NoneLeftInTheSecondRound()],
)
def test_without_processes_trusted_work_is_done_here_with_one_warning(
    pool: Answers | PoolError,
) -> None:
    found = Trial(pool, well)
    found.run(*THREE)
    assert sorted(found.done) == ["a.ts", "b.ts", "c.ts", "d.ts"]
    assert found.warnings == [f"{NO_PROCESS}; going on in one process"]
    assert (found.failed, found.small) == ([], [False, True])


@pytest.mark.parametrize(
    ("pool", "finished"),
    [
        (NO_PROCESS, []),
        (then_none_left, ["a.ts"]),
        (first_fails_then_none_left, []),
        (NoneLeftInTheSecondRound(), []),
    ],
)
def test_without_processes_foreign_work_is_not_done(
    pool: Answers | PoolError, finished: list[str]
) -> None:
    found = Trial(pool)
    found.run(*THREE, trusted=False)
    assert found.done == finished
    rest = {"a.ts", "b.ts", "c.ts", "d.ts"} - {*finished}
    assert sorted(found.failed) == [(name, str(NO_PROCESS)) for name in sorted(rest)]


def test_interruption_passes_through() -> None:
    def interrupted(tasks: Iterable[Task]) -> Iterator[Answer]:
        yield done(next(iter(tasks)))
        raise KeyboardInterrupt

    found = Trial(interrupted)
    with pytest.raises(KeyboardInterrupt):
        found.run(*BATCHES)
    assert found.done == ["a.ts", "b.ts"]
