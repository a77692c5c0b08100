"""The pool as the engine sees it: tasks of bytes go in, answers of bytes come out."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol, TypeAlias

from chunkflow.errors import PoolError

Work: TypeAlias = Callable[[bytes], bytes | Iterator[bytes]]
"""Runs on a task's payload, in a worker. It returns the task's one answer, or an iterator: then
each item is an answer of its own, sent at once."""

Prepare: TypeAlias = Callable[[bytes], Work]
"""Called once in each worker with the pool's configuration. It must be a module's own function, so
that another process can find it by name."""


class Task(NamedTuple):
    """A piece of work."""

    id: int
    payload: bytes
    weight_bytes: int
    """What it counts against the bound on bytes in flight, such as the size of its files."""
    limit_s: float | None = None
    """How long the next answer may take: from the task's start, and anew from each part."""


class Answer(NamedTuple):
    """The answer to a task: a payload, or an error."""

    id: int
    payload: bytes = b""
    error: PoolError | None = None
    is_final: bool = True
    """False for a part, after which more follows. An iterator's end is a final answer without a
    payload. An error is always final, and the parts before it stand."""


class Pool(Protocol):
    """Runs tasks. Use it as a context manager; leaving it ends all its processes."""

    # Answers come in any order, each at once; those of one task come in the order they were made.
    # Tasks are taken from the iterable only while the bytes in flight stay under the pool's bound,
    # and only when the caller has received every answer there is. None in place of a task means
    # that there is none at the moment: the pool asks again after the next answer. If nothing is in
    # flight, it asks once more at once, and then ends. An exception, a death or a time-out in a
    # worker costs only its task. Closing the iterator cancels what has not begun.
    def map(self, tasks: Iterable[Task | None]) -> Iterator[Answer]: ...

    def close(self) -> None: ...

    def __enter__(self) -> "Pool": ...

    def __exit__(self, *exc_info: object) -> None: ...
