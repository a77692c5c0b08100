"""What a pool is to the engine: tasks of bytes go in, answers of bytes come out."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol, TypeAlias

from chunkflow.errors import PoolError

Work: TypeAlias = Callable[[bytes], bytes | Iterator[bytes]]
"""What runs on a task's payload, in a worker. What it returns is the task's one answer; of an
iterator each item is an answer of its own, sent as soon as it is there."""

Prepare: TypeAlias = Callable[[bytes], Work]
"""Called once in each worker with the pool's configuration. A module's own function, so that it
can be found by name in another process."""


class Task(NamedTuple):
    """A piece of work."""

    id: int
    payload: bytes
    weight_bytes: int
    """What it counts for against the bound on bytes in flight; its files' size, say."""
    limit_s: float | None = None
    """How long it may take until its next answer: from its start, and anew from each part."""


class Answer(NamedTuple):
    """What became of a task: a payload, or the error that cost it."""

    id: int
    payload: bytes = b""
    error: PoolError | None = None
    is_final: bool = True
    """False for a part, after which more comes. An iterator's end is a final answer without a
    payload; an error always is final, and the parts before it stand."""


class Pool(Protocol):
    """Runs tasks. Use it as a context manager; on leaving, no process of it is left."""

    # Answers come in any order, each as soon as it is there; those of one task in the order they
    # were made. Tasks are taken from the iterable only while the bytes in flight stay under the
    # pool's bound, and only when the caller has had every answer that is there. None in place of a
    # task says that there is nothing at the moment: the pool asks again after the next answer.
    # Where none can come, for nothing is in flight, it asks once more at once, and then ends. An
    # exception, a death or a time-out in a worker costs its task only. Closing the iterator cancels
    # what has not begun.
    def map(self, tasks: Iterable[Task | None]) -> Iterator[Answer]: ...

    def close(self) -> None: ...

    def __enter__(self) -> "Pool": ...

    def __exit__(self, *exc_info: object) -> None: ...
