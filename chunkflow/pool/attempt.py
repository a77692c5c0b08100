"""Runs foreign code and turns whatever it does into plain values.

An exception object is never handed on: one that cannot be pickled, or not be rebuilt from its
pickle, would take more with it than its own task.
"""

from chunkflow.errors import PoolError
from chunkflow.pool.protocol import Prepare, Work


def prepared(
    prepare: Prepare, config: bytes, *, passing: tuple[type[BaseException], ...] = ()
) -> Work:
    """Call `prepare`; where it fails, return work that says so about every task.

    Exceptions of the types in `passing` are let through, here and in `attempt`.
    """
    try:
        return prepare(config)
    except passing:
        raise
    except BaseException as error:  # noqa: BLE001  # any code at all may run here
        return _unprepared(f"the worker could not be prepared: {describe(error)}")


def attempt(
    work: Work, payload: bytes, *, passing: tuple[type[BaseException], ...] = ()
) -> tuple[bytes, str | None]:
    """Return `(result, None)`, or `(b"", text)` where the text says why there is no result.

    Whatever `work` raises ends here, `SystemExit` and `KeyboardInterrupt` too.
    """
    try:
        result: object = work(payload)
    except passing:
        raise
    except BaseException as error:  # noqa: BLE001  # any code at all may run here
        return b"", describe(error)
    if isinstance(result, bytes):
        return result, None
    return b"", f"TypeError: the work returned {type(result).__name__}, not bytes"


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


def _unprepared(text: str) -> Work:
    def work(_payload: bytes) -> bytes:
        raise PoolError(text)

    return work
