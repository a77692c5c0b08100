"""Dispatches whose pools a test steers."""

from collections.abc import Callable, Iterator

from runs import ScriptedPool, Tasks, at_hand

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.dispatch.chunk_work import ChunkWork
from chunkflow.engine.dispatch.dispatch import Dispatch, Receiver, Terms
from chunkflow.engine.dispatch.in_hand import Drafts
from chunkflow.engine.dispatch.sent import Sent
from chunkflow.engine.manifest import Signature
from chunkflow.engine.messages import (
    CHUNKS,
    DONE,
    FILES,
    ChunkTask,
    FileDone,
    FileTask,
    joined,
    parted,
)
from chunkflow.engine.plan import File, RunProcessor
from chunkflow.errors import PoolError, TaskTimeout, WorkerDied
from chunkflow.model.finding import Outcome
from chunkflow.pool.protocol import Answer, Pool, Task
from chunkflow.syntax.chunker import chunk_source

Answers = Callable[[Tasks], Iterator[Answer]]

(CHUNK,) = chunk_source(b"let a", "typescript")
SLOW = RunProcessor("slow", b"slow" * 4, False, expensive=True, trusted=False, own=b"slow" * 4)


def sent(name: str, *, size_bytes: int = 1) -> Sent:
    return Sent(
        File(name, f"/p/{name}", "typescript", Signature(size_bytes, 0, 0, 0), 0, None, False)
    )


def files_in(task: Task) -> list[FileTask]:
    kind, parts = parted(task.payload)
    return list(map(FileTask.decode, parts)) if kind == FILES else []


def names_in(task: Task) -> list[str]:
    return [file.shown for file in files_in(task)]


def chunks_in(task: Task) -> list[ChunkTask]:
    kind, parts = parted(task.payload)
    return list(map(ChunkTask.decode, parts)) if kind == CHUNKS else []


def done(task: Task) -> Answer:
    told = [FileDone(name, b"d", ()).encode() for name in names_in(task)]
    return Answer(task.id, joined(DONE, told))


class Trial:
    """A dispatch with pools that do as told, one after the other, and what came of it."""

    def __init__(
        self,
        *pools: Answers | PoolError,
        trusted: bool = True,
        risky: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.pools = list(pools)
        self.terms = Terms(trusted, risky, 7.0, should_stop)
        self.memory = MemoryTier(1 << 20)
        self.tiers = Tiers(self.memory, None, warn=lambda _: None)
        self.small: list[bool] = []
        self.done: list[str] = []
        self.results: dict[str, list[Outcome]] = {}
        self.failed: list[tuple[str, str]] = []
        self.warnings: list[str] = []

    def open_pool(self, *, small: bool) -> Pool:
        self.small.append(small)
        pool = self.pools.pop(0)
        if isinstance(pool, PoolError):
            raise pool
        return ScriptedPool(pool)

    def take(self, one: Sent, told: FileDone, drafts: Drafts) -> None:
        self.done.append(told.error)
        self.results[told.error] = [
            draft.results[missing.key].outcome
            for draft in drafts.values()
            for missing in draft.missing
        ]

    def dispatch(self) -> Dispatch:
        receiver = Receiver(
            self.take,
            lambda one, cause: self.failed.append((one.file.shown, cause)),
            self.warnings.append,
        )
        chunks = ChunkWork((SLOW,), self.tiers, jobs=2)
        return Dispatch(self.open_pool, receiver, chunks, self.terms)

    def run(self, *batches: list[Sent]) -> None:
        self.dispatch().run(batches)


def well(tasks: Tasks) -> Iterator[Answer]:
    """All goes well."""
    return map(done, at_hand(tasks))


class Stop:
    """Asked whether to stop, says yes from the time that it is told to."""

    is_asked = False

    def __call__(self) -> bool:
        return self.is_asked


ERRORS = [WorkerDied("its worker died"), TaskTimeout("too long"), PoolError("ValueError: x")]
NO_PROCESS = PoolError("cannot start 2 worker process(es): no memory")
UNREADABLE = "the worker's answer cannot be read"
