"""Tasks and replies survive the way to a pool's processes, and a worker here does the same."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Self

import pytest
from scripted_workers import Echo

from chunkflow.engine.messages import (
    CHUNKS,
    DONE,
    FILES,
    WANTED,
    ChunkDone,
    ChunkTask,
    FileDone,
    FilePart,
    FileTask,
    ProcessorConfig,
    WorkConfig,
    join_messages,
    split_messages,
)
from chunkflow.engine.worker.worker import Worker, make_worker, prepare
from chunkflow.engine.workers import UNREADABLE, LocalWorker, PoolWorkers, Reply, WorkerTask
from chunkflow.errors import PoolError, Terminated, WorkerDied
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Answer, Task
from chunkflow.processors.table import load_built_in

FILE = FileTask("a.ts", "/p/a.ts", "tsx", b"let a", (b"r", b""), True)
CHUNK = ChunkTask(0, b"key", b"chunk")
FILE_DONE = FileDone("", b"d", (FilePart(b"record", (1, 2)),))
CHUNK_DONE = ChunkDone(b"record", "", 0.5)


class ScriptedPool:
    """A pool that answers each task with what it was given."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = answers
        self.taken: list[Task | None] = []
        self.is_closed = False

    def map(self, tasks: Iterable[Task | None]) -> Iterator[Answer]:
        self.taken += tasks
        return iter(self.answers)

    def close(self) -> None:
        self.is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def run(pool: ScriptedPool, *tasks: WorkerTask | None) -> list[Reply]:
    with PoolWorkers(pool) as workers:
        return list(workers.run(tasks))


def test_pool_gets_each_file_of_a_task() -> None:
    pool = ScriptedPool()
    run(pool, WorkerTask(3, [FILE, FILE], (), 7, 1.5), None)
    task, nothing = pool.taken
    assert (task, nothing) == (Task(3, task.payload if task else b"", 7, 1.5), None)
    assert task is not None
    kind, parts = split_messages(task.payload)
    assert (kind, list(map(FileTask.decode, parts))) == (FILES, [FILE, FILE])


def test_pool_gets_each_chunk_of_a_task() -> None:
    pool = ScriptedPool()
    run(pool, WorkerTask(3, (), [CHUNK], 7))
    (task,) = pool.taken
    assert task is not None
    kind, parts = split_messages(task.payload)
    assert (kind, list(map(ChunkTask.decode, parts))) == (CHUNKS, [CHUNK])


DIED = WorkerDied("died")


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (Answer(3), Reply(3, is_final=True)),
        (Answer(3, error=DIED), Reply(3, error=DIED, is_final=True)),
        (
            Answer(3, join_messages(DONE, [FILE_DONE.encode()]), is_final=False),
            Reply(3, files=[FILE_DONE]),
        ),
        (
            Answer(3, join_messages(CHUNKS, [CHUNK_DONE.encode()]), is_final=False),
            Reply(3, chunk=CHUNK_DONE),
        ),
        (
            Answer(3, join_messages(WANTED, [CHUNK.encode()]), is_final=False),
            Reply(3, wanted=[CHUNK]),
        ),
    ],
)
def test_answer_of_a_pool_becomes_a_reply(answer: Answer, reply: Reply) -> None:
    assert run(ScriptedPool(answer)) == [reply]


@pytest.mark.parametrize("is_final", [True, False])
@pytest.mark.parametrize(
    "payload",
    [
        b"nothing",
        join_messages(DONE, [b"x"]),
        join_messages(DONE, [FILE_DONE.encode()[:-1]]),
        join_messages(DONE, [FILE_DONE.encode() + b"{"]),
        join_messages(WANTED, [b"x"]),
        join_messages(CHUNKS, [b"x"]),
        join_messages(CHUNKS, []),
        join_messages(CHUNKS, [CHUNK_DONE.encode()] * 2),
        join_messages(b"?", [b"x"]),
    ],
)
def test_answer_that_makes_no_sense_is_an_error(payload: bytes, is_final: bool) -> None:
    (reply,) = run(ScriptedPool(Answer(3, payload, is_final=is_final)))
    assert reply[:4] == (3, (), (), None)
    assert (str(reply.error), reply.is_final) == (UNREADABLE, is_final)


def test_error_that_comes_with_garbage_is_kept() -> None:
    (reply,) = run(ScriptedPool(Answer(3, b"garbage", DIED)))
    assert reply.error is DIED


def test_pool_is_closed_in_the_end() -> None:
    pool = ScriptedPool()
    run(pool)
    assert pool.is_closed


SOURCES = (b"let a = 1\nlet b = 2\n", b"function f() {}\n")


@pytest.mark.parametrize("names", [("metrics",), ("chunks", "metrics")])
def test_worker_here_says_what_one_of_a_pool_would(names: Sequence[str]) -> None:
    told = tuple(ProcessorConfig(name, {}) for name in names)
    config = WorkConfig("/", told, ()).encode()
    files = [FileTask("a.ts", "/p/a.ts", "typescript", source, ()) for source in SOURCES]
    tasks = [WorkerTask(1, files), WorkerTask(2, files[:1])]
    pool = PoolWorkers(ProcessPool(prepare, config, jobs=1))
    with pool, LocalWorker(make_worker(config)) as one:
        replies = list(one.run(tasks))
        assert [reply._replace(files=list(reply.files)) for reply in replies] == [
            reply._replace(files=list(reply.files)) for reply in pool.run(tasks)
        ]
    assert [reply.is_final for reply in replies] == [False, True, False, True]


class Raising(Echo):
    """A processor that goes wrong."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(expensive=True)
        self.error = error

    def process(
        self, chunks: Sequence[Chunk], source: bytes, roots: Sequence[object]
    ) -> Iterator[Outcome]:
        raise self.error


def call_here(processor: Raising) -> list[Reply]:
    settings = WorkConfig("/", (ProcessorConfig(processor.name, {}),), ())
    worker = LocalWorker(Worker([processor], settings))
    first, *_ = worker.run([WorkerTask(1, [FILE._replace(previous=())])])
    return list(worker.run([WorkerTask(2, (), first.wanted)]))


def test_what_goes_wrong_here_costs_the_task() -> None:
    (reply,) = call_here(Raising(MemoryError("too much")))
    assert (reply.number, reply.is_final) == (2, True)
    assert isinstance(reply.error, PoolError)
    assert str(reply.error) == "MemoryError: too much"


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), Terminated(15)])
def test_interruption_passes_through(interrupt: BaseException) -> None:
    with pytest.raises(type(interrupt)):
        call_here(Raising(interrupt))


def test_worker_here_ends_where_there_is_nothing_at_the_moment() -> None:
    settings = WorkConfig("/", (ProcessorConfig("metrics", {}),), ())
    worker = LocalWorker(Worker([load_built_in("metrics", {})], settings))
    task = WorkerTask(1, [FILE._replace(previous=())])
    assert [reply.number for reply in worker.run([task, None, task])] == [1, 1]
