"""Undoes what a user's function does to its process, so that the next call is not affected.

Restored are the directory, environment, limits, signal handlers, timers, umask, search path and
standard streams. If something cannot be restored, such as a lowered hard limit or a closed
descriptor, the process must be replaced. Open files belong to the function, which may keep a
connection for later calls, until there are so many that the next call could not open one.
"""

import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Any, NamedTuple

from chunkflow.private import get_environment

# Limits that would affect the next call; each takes 0.5 us to read.
_LIMITS = (
    resource.RLIMIT_AS,
    resource.RLIMIT_CORE,
    resource.RLIMIT_CPU,
    resource.RLIMIT_DATA,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_STACK,
)
_SIGNALS = (
    signal.SIGALRM,
    signal.SIGCHLD,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGPIPE,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_environment = get_environment()
_STANDARD_FDS = (0, 1, 2)


class _State(NamedTuple):
    """What is compared before and after a call."""

    directory: str | None
    environment: dict[bytes, bytes]
    limits: tuple[tuple[int, int], ...]
    handlers: tuple[Any, ...]
    timers: tuple[tuple[float, float], ...]
    blocked: set[int]
    recursion_limit: int
    umask: int
    niceness: int
    search_path: list[str]
    streams: tuple[object, ...]


def undo_import_effects() -> None:
    """Undo what an import may have left that would disturb calls.

    Its timers would end them, and relative paths count from the directory in which the run began.
    """
    for timer in _TIMERS:
        signal.setitimer(timer, 0)
    if _START is not None and _get_directory() != _START:
        with suppress(OSError):
            os.chdir(_START)
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))


class ProcessState:
    """The state of this process when the object was made."""

    def __init__(self) -> None:
        self._before = _observe()
        self._fds = _identify_standard_files()
        self._first_free_fd = _find_free_fd()

    def restore(self) -> bool:
        """Undo what has changed; returns whether that succeeded."""
        now, before = _observe(), self._before
        if now != before:
            with suppress(OSError, ValueError, RecursionError):
                _put_back(before, now)
            if _observe() != before:
                return False
        return self._has_its_files()

    def _has_its_files(self) -> bool:
        """Whether no standard file was closed or replaced, and enough descriptors are left."""
        free = _find_free_fd()
        room = self._first_free_fd + resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
        return self._first_free_fd <= free < room and _identify_standard_files() == self._fds


def _observe() -> _State:
    umask = os.umask(0o077)
    os.umask(umask)
    return _State(
        _get_directory(),
        dict(_environment),
        tuple(map(resource.getrlimit, _LIMITS)),
        tuple(map(signal.getsignal, _SIGNALS)),
        _read_timers(),
        signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        sys.getrecursionlimit(),
        umask,
        os.getpriority(os.PRIO_PROCESS, 0),
        list(sys.path),
        (sys.stdin, sys.stdout, sys.stderr, sys.gettrace(), sys.getprofile()),
    )


def _put_back(before: _State, now: _State) -> None:
    if now.timers != before.timers:
        for timer in _TIMERS:
            signal.setitimer(timer, 0)
    sys.setrecursionlimit(before.recursion_limit)
    sys.stdin, sys.stdout, sys.stderr, trace, profile = before.streams
    sys.settrace(trace)  # type: ignore[arg-type]
    sys.setprofile(profile)  # type: ignore[arg-type]
    sys.path[:] = before.search_path
    os.umask(before.umask)
    _put_back_environment(before.environment)
    for number, old, new in zip(_SIGNALS, before.handlers, now.handlers, strict=True):
        if old is not new and old is not None:
            signal.signal(number, old)
    signal.pthread_sigmask(signal.SIG_SETMASK, before.blocked)
    for limit, bounds in zip(_LIMITS, before.limits, strict=True):
        with suppress(OSError, ValueError):
            if resource.getrlimit(limit) != bounds:
                resource.setrlimit(limit, bounds)
    if now.directory != before.directory and before.directory is not None:
        os.chdir(before.directory)


def _put_back_environment(before: dict[bytes, bytes]) -> None:
    for name in _environment.keys() - before.keys():
        del os.environb[name]
    for name, value in before.items():
        if _environment.get(name) != value:
            os.environb[name] = value


def _get_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None


def _read_timers() -> tuple[tuple[float, float], ...]:
    # The remaining time differs with every call.
    return tuple((1.0, 1.0) if any(signal.getitimer(timer)) else (0.0, 0.0) for timer in _TIMERS)


def _find_free_fd() -> int:
    """The lowest free descriptor, which the next file to be opened takes."""
    try:
        fd = os.dup(2)
    except OSError:
        return sys.maxsize
    os.close(fd)
    return fd


def _identify_standard_files() -> list[tuple[int, int] | None]:
    return [_identify(fd) for fd in _STANDARD_FDS]


def _identify(fd: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(fd)
    except OSError:
        return None
    return found.st_dev, found.st_ino


_START = _get_directory()
_RECURSION_LIMIT = sys.getrecursionlimit()
