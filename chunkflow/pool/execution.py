"""Runs foreign code, and turns whatever it does into plain values.

No exception object is passed on: one that cannot be pickled, or rebuilt from its pickle, would
cost more than its own task.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from chunkflow.errors import PoolError, WorkerSpoiled
from chunkflow.pool.protocol import Prepare, Work

_END = object()

PassedOn: TypeAlias = tuple[type[BaseException], ...]
"""Exceptions that pass through."""


class WorkOutput(NamedTuple):
    """One output of work: a payload, or the text that says why there is none."""

    payload: bytes = b""
    failure: str | None = None
    is_final: bool = True
    is_spoiled: bool = False
    """Whether this process must be replaced; the failure says why."""


def prepare_work(prepare: Prepare, config: bytes, *, passed_on: PassedOn = ()) -> Work:
    """Call `prepare`; if it fails, return work that fails on every task and says why."""
    try:
        return prepare(config)
    except passed_on:
        raise
    except BaseException as error:  # noqa: BLE001  # any code at all may run here
        return _build_failing_work(f"the worker could not be prepared: {describe(error)}")


def describe(error: BaseException) -> str:
    """Format an exception as `TypeName: message`, even if its message cannot be made."""
    name = type(error).__name__
    try:
        message = str(error)
    except BaseException:  # noqa: BLE001  # a foreign `__str__` may do anything
        message = "(its message cannot be shown)"
    if isinstance(error, PoolError):
        return message
    return f"{name}: {message}" if message else name


def run_work(
    work: Work,
    payload: bytes,
    *,
    passed_on: PassedOn = (),
    describe_error: Callable[[BaseException], str] = describe,
) -> Iterator[WorkOutput]:
    """Yield the output of `work`: its parts, if it makes any, and one final output.

    Whatever `work` raises, `SystemExit` and `KeyboardInterrupt` included, becomes the text that
    `describe_error` makes of it.
    """
    result = _call_guarded(passed_on, describe_error, work, payload)
    if not isinstance(result, Iterator):
        yield _build_final("returned", result)
        return
    while isinstance(part := _call_guarded(passed_on, describe_error, next, result, _END), bytes):
        yield WorkOutput(part, is_final=False)
    yield WorkOutput() if part is _END else _build_final("yielded", part)


def _call_guarded(
    passed_on: PassedOn,
    describe_error: Callable[[BaseException], str],
    call: Callable[..., object],
    *arguments: object,
) -> object:
    """What `call` returns, or the output that stands for what it raised."""
    try:
        return call(*arguments)
    except passed_on:
        raise
    except WorkerSpoiled as error:
        return WorkOutput(failure=str(error), is_spoiled=True)
    except BaseException as error:  # noqa: BLE001  # any code at all may run here
        return WorkOutput(failure=describe_error(error))


def _build_final(did: str, result: object) -> WorkOutput:
    if isinstance(result, WorkOutput):
        return result
    if isinstance(result, bytes):
        return WorkOutput(result)
    return WorkOutput(failure=f"TypeError: the work {did} {type(result).__name__}, not bytes")


def _build_failing_work(text: str) -> Work:
    def work(_payload: bytes) -> bytes:
        raise PoolError(text)

    return work
