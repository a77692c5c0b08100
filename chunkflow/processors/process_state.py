"""Keeps what a user's function does to its process from the next call.

What can be put back is put back: directory, environment, limits, signal handlers, timers, umask,
search path and standard streams. What cannot, such as a lowered hard limit or a closed descriptor,
is told, and the process has to be replaced. Open files are the function's own, as it may keep a
connection for later calls, until there are so many that the next call could not open one.
"""

import gc
import locale
import os
import resource
import signal
import sys
import time

# The module behind `signal`, which makes an enum of each answer: 14 us a call for all signals.
from _signal import getsignal as _getsignal  # type: ignore[import-not-found]
from contextlib import suppress
from typing import Any, NamedTuple

from chunkflow.private import get_environment

_LIMITS = tuple(
    sorted(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))
)
_SIGNALS = tuple(
    number
    for number in sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
    if number <= signal.SIGSYS
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
    locale: str
    cpus: set[int]
    users: tuple[tuple[int, ...], ...]
    most_digits: int
    collects: bool
    is_closed: bool


def undo_import_effects() -> None:
    """Stop what an import may have left that would disturb calls.

    Its timers would end them, and a relative path means the directory that the run was started in.
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
        """Undo what has changed; False where that cannot be done."""
        now, before = _observe(), self._before
        if now != before:
            with suppress(OSError, ValueError, RecursionError, locale.Error):
                _put_back(before, now)
            if _observe() != before:
                return False
        return self._has_its_files()

    def _has_its_files(self) -> bool:
        """Whether no file was closed or exchanged, and there is room for as many again."""
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
        tuple(map(_getsignal, _SIGNALS)),
        _read_timers(),
        signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        sys.getrecursionlimit(),
        umask,
        os.getpriority(os.PRIO_PROCESS, 0),
        list(sys.path),
        (sys.stdin, sys.stdout, sys.stderr, sys.gettrace(), sys.getprofile()),
        locale.setlocale(locale.LC_ALL),
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(),
        (os.getresuid(), os.getresgid()) if hasattr(os, "getresuid") else (),
        sys.get_int_max_str_digits(),
        gc.isenabled(),
        sys.stdout is not None and sys.stdout.closed,
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
    time.tzset()
    locale.setlocale(locale.LC_ALL, before.locale)
    sys.set_int_max_str_digits(before.most_digits)
    if before.collects:
        gc.enable()
    if now.cpus != before.cpus:
        os.sched_setaffinity(0, before.cpus)
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
    # What is left of one is another number each time that it is asked.
    return tuple((1.0, 1.0) if any(signal.getitimer(timer)) else (0.0, 0.0) for timer in _TIMERS)


def _find_free_fd() -> int:
    """The lowest descriptor that is free; each one that is opened takes it."""
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
