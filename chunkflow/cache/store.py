"""What a store (L3) is to the tiers: sealed records by key, kept on disk; and a lock for both."""

import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

_forks = 0
_renewing = threading.Lock()


def _note_fork() -> None:
    global _forks, _renewing  # noqa: PLW0603 - there is one thread in a new child
    _forks += 1
    _renewing = threading.Lock()


os.register_at_fork(after_in_child=_note_fork)


class ForkLock:
    """A lock that is free in a forked child, whoever held it at the fork.

    Args:
        mend: called once in a child where another thread held the lock at the fork, before it is
            taken again: what it guards may have been half changed.
    """

    def __init__(self, mend: Callable[[], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._mend = mend
        self._known_forks = _forks

    def __enter__(self) -> None:
        if self._known_forks != _forks:
            self._renew()
        self._lock.acquire()

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()

    def _renew(self) -> None:
        with _renewing:
            if self._known_forks == _forks:
                return
            # Not `locked`: a thread may have it and not know yet, until it has the interpreter's.
            if self._lock.acquire(blocking=False):
                self._lock.release()
            else:
                self._lock = threading.Lock()
                if self._mend is not None:
                    self._mend()
            self._known_forks = _forks


class StoreStats(NamedTuple):
    """What a store holds."""

    records: int
    size_bytes: int
    """Bytes of its files on disk."""


class Store(Protocol):
    """Keeps bytes by key across runs. Every method may be called from any thread.

    Nothing but opening raises: a read that fails is a miss, a write that fails is dropped, and
    either is told once to the `warn` function that the store was made with.
    """

    # What is there of `keys`; missing keys are left out. One query, whatever their number.
    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]: ...

    # All in one transaction; a later value of a key replaces the earlier one.
    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None: ...

    def remove_many(self, keys: Iterable[bytes]) -> None: ...

    def clear(self) -> None: ...

    # Quick, whatever is in it.
    def is_empty(self) -> bool: ...

    def stats(self) -> StoreStats: ...

    def close(self) -> None: ...


class Census(NamedTuple):
    """What a store holds, counted."""

    records: Mapping[bytes, int]
    """The first byte of a key → how many there are."""
    size_bytes: Mapping[bytes, int]
    """The first byte of a key → bytes of keys and values, without what a database adds."""
    oldest_use_s: int | None
    """When the record was used last that was not used for longest, in seconds since 1970."""
    newest_use_s: int | None


class TendedStore(Store, Protocol):
    """A store, and what those ask of it who look after it; the tiers need none of that."""

    # Reads no value. None where it cannot be read.
    def census(self) -> Census | None: ...

    # Every key with its value, some at a time; it does not count as use.
    def walk(self) -> Iterator[list[tuple[bytes, bytes]]]: ...

    # Forgets what no run will use, and gives the disk all the room that is free.
    def collect(self) -> None: ...
