"""Starts zygotes: the pool's side of the processes that fork workers."""

import fcntl
import os
import select
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from chunkflow.errors import PoolError
from chunkflow.pool.begin import Duties, begin

_STATUS_WAIT_S = 1.0
_PIPE_BYTES = 256 << 10
"""Four times what a pipe holds on Linux. Pages are taken when they are used; all pipes of a user
together may hold 64 MB, past which new ones are made tiny."""


_living: "set[Zygote]" = set()
"""Those whose pipes are open in this process."""


class Ends(NamedTuple):
    """The pool's ends of a worker's two pipes; reading and writing never block."""

    tasks_fd: int
    answers_fd: int


class Zygote:
    """A process that forks `workers` workers; they live as long as this object does.

    With `fork` it is itself forked from this process, where that is safe. Raises `PoolError` when
    it cannot be started.
    """

    def __init__(self, workers: int, preload: Sequence[str], *, fork: bool = False) -> None:
        self._statuses: dict[int, int] = {}
        self._unread = b""
        self._is_over = False
        self._opened: list[int] = []
        try:
            self._start(workers, preload, fork=fork)
        except OSError as error:
            for fd in self._opened:
                os.close(fd)
            raise PoolError(
                f"cannot start {workers} worker process(es): {error.strerror};"
                " use fewer jobs, or raise the limit on processes, memory or open files"
            ) from error

    def read_statuses(self, wait_s: float = 0.0) -> bool:
        """Take in which workers have ended; False if none is told, or nothing more can be."""
        poll = select.poll()
        poll.register(self.status_fd, select.POLLIN)
        if not poll.poll(max(0.0, wait_s) * 1000):
            return False
        data = os.read(self.status_fd, 1 << 16)
        self._is_over = not data
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            pid, status = map(int, line.split())
            self._statuses[pid] = status
        return bool(data)

    def has_died(self) -> bool:
        """Whether it has ended, as far as it has told by now."""
        while not self._is_over and self.read_statuses():
            continue
        return self._is_over

    def has_ended(self, pid: int) -> bool:
        """Whether a worker's end has been told."""
        return pid in self._statuses

    def exit_status(self, pid: int) -> int | None:
        """Say how a worker ended, as `subprocess` does; None where that cannot be known.

        Meant for a worker whose pipes have closed: it is waited for, a second at most.
        """
        deadline_s = time.monotonic() + _STATUS_WAIT_S
        while pid not in self._statuses and self.read_statuses(deadline_s - time.monotonic()):
            continue
        return self._statuses.get(pid)

    def wait(self, wait_s: float) -> None:
        """Wait until all its workers have ended by themselves, or `wait_s` have passed."""
        deadline_s = time.monotonic() + wait_s
        while self.read_statuses(deadline_s - time.monotonic()):
            continue

    def stop(self) -> None:
        """Kill the workers that are left with whatever they run, and wait for their end."""
        _living.discard(self)
        if self._owner != os.getpid():
            return  # a copy in a forked child, whose pipes lead nowhere
        os.close(self._life_fd)  # to the other side this is the pool's death
        self.wait(_STATUS_WAIT_S)
        with suppress(ProcessLookupError, ChildProcessError):  # somebody else has waited for it
            os.kill(self._pid, signal.SIGKILL)  # ended already, unless an import hangs
            os.waitpid(self._pid, 0)
        os.close(self.status_fd)

    def let_go(self) -> None:
        """Hold the pipe open no more that tells the pool's end, in a child that a program forked.

        The descriptor stays taken, as a copy of the pool may still use it.
        """
        null_fd = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        os.dup2(null_fd, self._life_fd, inheritable=False)
        os.close(null_fd)

    def _start(self, workers: int, preload: Sequence[str], *, fork: bool) -> None:
        life_fd, self._life_fd = self._pipe()
        self.status_fd, status_fd = self._pipe()
        pairs = [(self._pipe(), self._pipe()) for _ in range(workers)]
        for _, writer in (pipe for pair in pairs for pipe in pair):
            _widen(writer)
        slots = [(tasks[0], answers[1]) for tasks, answers in pairs]
        self.ends = [Ends(tasks[1], answers[0]) for tasks, answers in pairs]
        for fd in (fd for ends in self.ends for fd in ends):
            os.set_blocking(fd, False)
        self._pid = begin(Duties(slots, life_fd, status_fd, preload), fork=fork)
        self._owner = os.getpid()
        _living.add(self)

    def _pipe(self) -> tuple[int, int]:
        reader, writer = map(_above_standard, os.pipe())
        self._opened += (reader, writer)
        return reader, writer


def _let_go_of_all() -> None:
    for zygote in _living:
        with suppress(OSError):
            zygote.let_go()
    _living.clear()


os.register_at_fork(after_in_child=_let_go_of_all)


def _above_standard(fd: int) -> int:
    """Move a pipe off 0, 1 and 2, where it lands when the caller has closed one of them."""
    if fd > 2:
        return fd
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    return moved


def _widen(fd: int) -> None:
    """Let a pipe hold a few batches, so that a worker goes on while the caller is busy."""
    with suppress(AttributeError, OSError):  # not this system, or the user's pipes hold too much
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
