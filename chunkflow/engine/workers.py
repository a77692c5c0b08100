"""Gives the engine's tasks to workers: to those of a pool, as bytes, or to one in this process."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, Self, TypeAlias

from chunkflow.engine.messages import (
    CHUNKS,
    DONE,
    FILES,
    ChunkDone,
    ChunkTask,
    FileDone,
    FileTask,
    join_messages,
    split_messages,
)
from chunkflow.engine.worker.worker import Worker
from chunkflow.errors import PoolError
from chunkflow.pool.protocol import Answer, Pool, Task

UNREADABLE = "the worker's answer cannot be read"


class WorkerTask(NamedTuple):
    """Files that are to be processed, or chunks that functions are to be called on."""

    number: int
    files: Sequence[FileTask] = ()
    chunks: Sequence[ChunkTask] = ()
    size_bytes: int = 0
    """Of the files' or chunks' text."""
    limit_s: float | None = None
    """How long the worker may take until its next reply."""


class Reply(NamedTuple):
    """What a worker says of a task: something that it has done, or why the rest is not done."""

    number: int
    """The task's."""
    wanted: Sequence[ChunkTask] = ()
    """Chunks of the files that functions are to be called on."""
    files: Sequence[FileDone] = ()
    """All of the task's files."""
    chunk: ChunkDone | None = None
    """The next of the task's chunks."""
    error: PoolError | None = None
    is_final: bool = False
    """Whether it is the last one of the task."""


Tasks: TypeAlias = Iterable[WorkerTask | None]
"""A task is taken when a worker has room for it. None says that there is none at the moment: it is
asked for again after the next reply."""


class Workers(Protocol):
    """Does tasks. Use it as a context manager; on leaving, no process of it is left."""

    # Replies come in any order, those of one task in theirs. Raises PoolError when no worker is
    # left; replies may be missing then.
    def run(self, tasks: Tasks) -> Iterator[Reply]: ...  # noqa: D102 - see above

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc_info: object) -> None: ...


class PoolWorkers:
    """Workers in the processes of a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def run(self, tasks: Tasks) -> Iterator[Reply]:
        """Do tasks; see `Workers`."""
        return map(_decode_reply, self._pool.map(map(_encode_task, tasks)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._pool.close()


class LocalWorker:
    """A worker in this process, for small work that can do no harm."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def run(self, tasks: Tasks) -> Iterator[Reply]:
        """Do tasks, one after the other; see `Workers`."""
        for task in tasks:
            if task is None:
                return  # nothing is in hand that could bring more
            yield from self._do(task)

    def _do(self, task: WorkerTask) -> Iterator[Reply]:
        try:
            for chunk in self._worker.process_chunks(task.chunks):
                yield Reply(task.number, chunk=chunk)
            for wanted, files in self._worker.process_files(task.files):
                yield Reply(task.number, wanted, files)
        except Exception as exc:  # noqa: BLE001 - what processes of a pool would tell as well
            cause = f"{type(exc).__name__}: {exc}".removesuffix(": ")
            yield Reply(task.number, error=PoolError(cause), is_final=True)
        else:
            yield Reply(task.number, is_final=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Nothing is left to be ended."""


def _encode_task(task: WorkerTask | None) -> Task | None:
    if task is None:
        return None
    kind, parts = (FILES, task.files) if task.files else (CHUNKS, task.chunks)
    payload = join_messages(kind, [part.encode() for part in parts])
    return Task(task.number, payload, task.size_bytes, task.limit_s)


def _decode_reply(answer: Answer) -> Reply:
    number, payload, error, is_final = answer
    if not payload:
        return Reply(number, error=error, is_final=is_final)
    try:
        kind, parts = split_messages(payload)
        if kind == DONE:
            files = [FileDone.decode(part) for part in parts]
            return Reply(number, files=files, error=error, is_final=is_final)
        if kind == CHUNKS:
            (chunk,) = map(ChunkDone.decode, parts)
            return Reply(number, chunk=chunk, error=error, is_final=is_final)
        return Reply(number, list(map(ChunkTask.decode, parts)), error=error, is_final=is_final)
    except (ValueError, TypeError, LookupError):
        # Foreign code ran there, and may have done anything to what it answers.
        return Reply(number, error=error or PoolError(UNREADABLE), is_final=is_final)
