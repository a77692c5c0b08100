"""Locks that work across forks: those free in every child, and those that a fork waits for."""

import os
import threading
from collections.abc import Callable

_FORK_TIMEOUT_S = 5.0

locks_held_at_fork: set[threading.Lock] = set()
"""A fork waits until it holds all of these. Add to them while holding `registry_lock`.

SQLite has locks of its own. If a thread held one of those at the fork, a child that opens another
database would wait for it forever.
"""

registry_lock = threading.RLock()
_held_locks: list[threading.Lock] = []

_fork_count = 0
_renewal_lock = threading.Lock()


def _acquire_all() -> None:
    registry_lock.acquire()
    # A process that forks in a signal handler may hold one of the locks itself.
    _held_locks.extend(
        lock for lock in tuple(locks_held_at_fork) if lock.acquire(timeout=_FORK_TIMEOUT_S)
    )


def _release_all() -> None:
    while _held_locks:
        _held_locks.pop().release()
    registry_lock.release()


def _count_fork() -> None:
    global _fork_count, _renewal_lock  # noqa: PLW0603 - a new child has one thread
    _fork_count += 1
    _renewal_lock = threading.Lock()


os.register_at_fork(before=_acquire_all, after_in_parent=_release_all, after_in_child=_release_all)
os.register_at_fork(after_in_child=_count_fork)


class ForkLock:
    """A lock that is free in a forked child, whichever thread held it at the fork.

    Args:
        reset: called once in a child if another thread held the lock at the fork, before the lock
            is acquired again. What the lock guards may be half changed then.
    """

    def __init__(self, reset: Callable[[], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._reset = reset
        self._known_fork_count = _fork_count

    def __enter__(self) -> None:
        if self._known_fork_count != _fork_count:
            self._renew()
        self._lock.acquire()

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()

    def _renew(self) -> None:
        with _renewal_lock:
            if self._known_fork_count == _fork_count:
                return
            # `locked` is not enough: a thread may hold the lock without knowing it yet, because it
            # is still waiting for the interpreter's lock.
            if self._lock.acquire(blocking=False):
                self._lock.release()
            else:
                self._lock = threading.Lock()
                if self._reset is not None:
                    self._reset()
            self._known_fork_count = _fork_count
