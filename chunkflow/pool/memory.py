"""The bound on the memory that work may take in a worker."""

import gc
import os
import resource
from contextlib import suppress

from chunkflow.pool.attempt import describe

_MIB = 1 << 20


class MemoryLimit:
    """Lets this process grow by `limit_bytes` from now on, and no further; by any amount for None.

    What counts is private writable memory (`RLIMIT_DATA`), and what the interpreter and the
    imported modules hold already does not. Address space that is only reserved does not count
    either: programs like node reserve gigabytes of it. Each program that work starts has the same
    limit for itself. Where the system cannot tell what a process holds there is no limit.

    Past it an allocation fails: in Python that is `MemoryError`, in C often the end of the process.
    """

    def __init__(self, limit_bytes: int | None) -> None:
        self._limit_bytes = limit_bytes
        self._is_lifted = False
        self._unlimited = resource.getrlimit(resource.RLIMIT_DATA)
        self._base_bytes = _held_bytes() if limit_bytes is not None else None
        self._impose()

    def tell(self, error: BaseException) -> str:
        """Name an exception; where memory ran out, say what the limit is."""
        if self._limit_bytes is None or not isinstance(error, MemoryError):
            return describe(error)
        # Or there might not be enough left to tell it.
        self._lift()
        return f"it needed more memory than the limit of {_shown(self._limit_bytes)}"

    def recover(self) -> bool:
        """After what was told: say whether there is room for more work, and limit it again.

        There is not where the process still holds more than half of what it may.
        """
        if not self._is_lifted or self._limit_bytes is None or self._base_bytes is None:
            return True
        gc.collect()  # what failed may hold much memory in a circle
        held_bytes = _held_bytes()
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


def _shown(size_bytes: int) -> str:
    return f"{size_bytes // _MIB} MiB" if size_bytes % _MIB == 0 else f"{size_bytes / 1e6:g} MB"


def _held_bytes() -> int | None:
    """The private writable memory of this process; None where only the system knows."""
    try:
        fd = os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return None
    try:
        return int(os.read(fd, 200).split()[5]) * resource.getpagesize()
    finally:
        os.close(fd)
