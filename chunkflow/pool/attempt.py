"""Runs foreign code and turns whatever it does into plain values.

An exception object is never handed on: one that cannot be pickled, or not be rebuilt from its
pickle, would take more with it than its own task.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from chunkflow.errors import PoolError, WorkerSpoiled
from chunkflow.pool.protocol import Prepare, Work

_END = object()

Passing: TypeAlias = tuple[type[BaseException], ...]
"""Exceptions that are let through."""


class Outcome(NamedTuple):
    """One thing that work gave: a payload, or the text that says why there is none."""

    payload: bytes = b""
    failure: str | None = None
    is_final: bool = True
    is_spoiled: bool = False
    """Whether this process has to be replaced; the failure says why."""


def prepared(prepare: Prepare, config: bytes, *, passing: Passing = ()) -> Work:
    """Call `prepare`; where it fails, return work that says so about every task."""
    try:
        return prepare(config)
    except passing:
        raise
    except BaseException as error:  # noqa: BLE001  # any code at all may run here
        return _unprepared(f"the worker could not be prepared: {describe(error)}")


def describe(error: BaseException) -> str:
    """Name an exception as `TypeName: message`, even one whose message cannot be made."""
    name = type(error).__name__
    try:
        message = str(error)
    except BaseException:  # noqa: BLE001  # a foreign `__str__` may do anything
        message = "(its message cannot be shown)"
    if isinstance(error, PoolError):
        return message
    return f"{name}: {message}" if message else name


def attempt(
    work: Work,
    payload: bytes,
    *,
    passing: Passing = (),
    tell: Callable[[BaseException], str] = describe,
) -> Iterator[Outcome]:
    """Yield what `work` gives: one final outcome, and before it a part for each that it makes.

    Whatever `work` raises ends here as the text that `tell` makes of it, `SystemExit` and
    `KeyboardInterrupt` too.
    """
    result = _given(passing, tell, work, payload)
    if not isinstance(result, Iterator):
        yield _final("returned", result)
        return
    while isinstance(part := _given(passing, tell, next, result, _END), bytes):
        yield Outcome(part, is_final=False)
    yield Outcome() if part is _END else _final("yielded", part)


def _given(
    passing: Passing,
    tell: Callable[[BaseException], str],
    call: Callable[..., object],
    *arguments: object,
) -> object:
    """What `call` returns, or the outcome that stands for what it raised."""
    try:
        return call(*arguments)
    except passing:
        raise
    except WorkerSpoiled as error:
        return Outcome(failure=str(error), is_spoiled=True)
    except BaseException as error:  # noqa: BLE001  # any code at all may run here
        return Outcome(failure=tell(error))


def _final(did: str, result: object) -> Outcome:
    if isinstance(result, Outcome):
        return result
    if isinstance(result, bytes):
        return Outcome(result)
    return Outcome(failure=f"TypeError: the work {did} {type(result).__name__}, not bytes")


def _unprepared(text: str) -> Work:
    def work(_payload: bytes) -> bytes:
        raise PoolError(text)

    return work
