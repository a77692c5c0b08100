"""Limits the memory that work may take in a worker."""

import gc
import os
import resource
from contextlib import suppress

from chunkflow.pool.execution import describe

_MIB = 1 << 20


class MemoryLimit:
    """Lets this process grow by `limit_bytes` from now on; None sets no limit.

    Private writable memory counts (`RLIMIT_DATA`), apart from what the interpreter and the
    imported modules already hold. Address space that is only reserved does not count: programs
    like node reserve gigabytes of it. Each program that work starts has the same limit for itself.
    There is no limit on systems that do not show what a process holds.

    Past the limit an allocation fails: in Python with `MemoryError`, in C often with the end of the
    process.
    """

    def __init__(self, limit_bytes: int | None) -> None:
        self._limit_bytes = limit_bytes
        self._is_lifted = False
        self._unlimited = resource.getrlimit(resource.RLIMIT_DATA)
        self._base_bytes = _measure_held_bytes() if limit_bytes is not None else None
        self._impose()

    def describe_error(self, error: BaseException) -> str:
        """Format an exception; where memory ran out, name the limit."""
        if self._limit_bytes is None or not isinstance(error, MemoryError):
            return describe(error)
        # Or there might not be enough left to report it.
        self._lift()
        return f"it needed more memory than the limit of {_format_size(self._limit_bytes)}"

    def recover(self) -> bool:
        """Restore the limit after an error; returns whether there is room for more work.

        There is none if the process still holds more than half of the limit.
        """
        if not self._is_lifted or self._limit_bytes is None or self._base_bytes is None:
            return True
        gc.collect()  # what failed may hold much memory in a cycle
        held_bytes = _measure_held_bytes()
        if held_bytes is None or held_bytes - self._base_bytes > self._limit_bytes // 2:
            return False
        self._impose()
        return True

    def _impose(self) -> None:
        self._is_lifted = False
        if self._limit_bytes is None or self._base_bytes is None:
            return
        soft, hard = self._base_bytes + self._limit_bytes, self._unlimited[1]
        if hard != resource.RLIM_INFINITY:
            soft = min(soft, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

    def _lift(self) -> None:
        self._is_lifted = True
        resource.setrlimit(resource.RLIMIT_DATA, self._unlimited)


def _format_size(size_bytes: int) -> str:
    return f"{size_bytes // _MIB} MiB" if size_bytes % _MIB == 0 else f"{size_bytes / 1e6:g} MB"


def _measure_held_bytes() -> int | None:
    """The private writable memory of this process; None if the system does not show it."""
    try:
        fd = os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return None
    try:
        return int(os.read(fd, 200).split()[5]) * resource.getpagesize()
    finally:
        os.close(fd)
