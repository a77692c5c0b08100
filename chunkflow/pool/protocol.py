"""What a pool is to the engine: tasks of bytes go in, answers of bytes come out."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol, TypeAlias

from chunkflow.errors import PoolError

Work: TypeAlias = Callable[[bytes], bytes]
"""What runs on a task's payload, in a worker."""

Prepare: TypeAlias = Callable[[bytes], Work]
"""Called once in each worker with the pool's configuration. A module's own function, so that it
can be found by name in another process."""


class Task(NamedTuple):
    """A piece of work."""

    id: int
    payload: bytes
    weight_bytes: int
    """What it counts for against the bound on bytes in flight; its files' size, say."""


class Answer(NamedTuple):
    """What became of a task: a payload, or the error that cost it."""

    id: int
    payload: bytes = b""
    error: PoolError | None = None


class Pool(Protocol):
    """Runs tasks. Use it as a context manager; on leaving, no process of it is left."""

    # Answers come in any order, each as soon as it is there. Tasks are taken from the iterable only
    # while the bytes in flight stay under the pool's bound. An exception, a death or a time-out in
    # a worker costs its task only. Closing the iterator cancels what has not begun.
    def map(self, tasks: Iterable[Task]) -> Iterator[Answer]: ...

    def close(self) -> None: ...

    def __enter__(self) -> "Pool": ...

    def __exit__(self, *exc_info: object) -> None: ...
