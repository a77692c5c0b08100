"""Starts zygotes, the processes that fork workers: new interpreters, or forks of this one."""

import fcntl
import gc
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from chunkflow.errors import PoolError

_STATUS_WAIT_S = 1.0
_PIPE_BYTES = 256 << 10
"""Four times what a pipe holds on Linux. Pages are taken when they are used; all pipes of a user
together may hold 64 MB, past which new ones are made tiny."""


_living: "set[Zygote]" = set()
"""The zygotes whose pipes are open in this process."""


class Ends(NamedTuple):
    """The pool's ends of a worker's two pipes; reading and writing never block."""

    tasks_fd: int
    answers_fd: int


class Zygote:
    """A process that forks `workers` workers, which live as long as this object.

    With `fork` the zygote is itself forked from this process, where that is safe. Raises
    `PoolError` when it cannot be started.
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
        """Read which workers have ended; False if nothing is reported, or nothing more can be."""
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
        """Whether the zygote has ended, as far as it has reported."""
        while not self._is_over and self.read_statuses():
            continue
        return self._is_over

    def has_ended(self, pid: int) -> bool:
        """Whether a worker's end has been reported."""
        return pid in self._statuses

    def wait_for_status(self, pid: int) -> int | None:
        """The exit status of a worker, as `subprocess` gives it; None if that cannot be known.

        Meant for a worker whose pipes have closed: this waits for it, a second at most.
        """
        deadline_s = time.monotonic() + _STATUS_WAIT_S
        while pid not in self._statuses and self.read_statuses(deadline_s - time.monotonic()):
            continue
        return self._statuses.get(pid)

    def wait(self, wait_s: float) -> None:
        """Wait until all workers have ended by themselves, or `wait_s` have passed."""
        deadline_s = time.monotonic() + wait_s
        while self.read_statuses(deadline_s - time.monotonic()):
            continue

    def stop(self) -> None:
        """Kill the workers that are left, with all they run, and wait until they have ended."""
        _living.discard(self)
        if self._owner != os.getpid():
            return  # a copy in a forked child, whose pipes lead nowhere
        os.close(self._life_fd)  # the zygote takes this for the death of the pool
        self.wait(_STATUS_WAIT_S)
        with suppress(ProcessLookupError, ChildProcessError):  # the program has waited for it
            os.kill(self._pid, signal.SIGKILL)  # ended already, unless an import hangs
            os.waitpid(self._pid, 0)
        os.close(self.status_fd)

    def release_life_pipe(self) -> None:
        """Release the pipe whose end means the pool's death, in a child that the program forked.

        The descriptor stays in use, as a copy of the pool may still refer to it.
        """
        null_fd = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        os.dup2(null_fd, self._life_fd, inheritable=False)
        os.close(null_fd)

    def _start(self, workers: int, preload: Sequence[str], *, fork: bool) -> None:
        life_fd, self._life_fd = self._open_pipe()
        self.status_fd, status_fd = self._open_pipe()
        pairs = [(self._open_pipe(), self._open_pipe()) for _ in range(workers)]
        for _, writer in (pipe for pair in pairs for pipe in pair):
            _widen(writer)
        slots = [(tasks[0], answers[1]) for tasks, answers in pairs]
        self.ends = [Ends(tasks[1], answers[0]) for tasks, answers in pairs]
        for fd in (fd for ends in self.ends for fd in ends):
            os.set_blocking(fd, False)
        self._pid = _start_process(ZygoteArguments(slots, life_fd, status_fd, preload), fork=fork)
        self._owner = os.getpid()
        _living.add(self)

    def _open_pipe(self) -> tuple[int, int]:
        reader, writer = map(_move_above_standard, os.pipe())
        self._opened += (reader, writer)
        return reader, writer


def _release_all() -> None:
    for zygote in _living:
        with suppress(OSError):
            zygote.release_life_pipe()
    _living.clear()


os.register_at_fork(after_in_child=_release_all)


def _move_above_standard(fd: int) -> int:
    """Move a pipe off 0, 1 and 2, which it takes if the caller has closed one of them."""
    if fd > 2:
        return fd
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    return moved


def _widen(fd: int) -> None:
    """Let a pipe hold a few batches, so that a worker goes on while the caller is busy."""
    with suppress(AttributeError, OSError):  # another system, or the user's pipes hold too much
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


_THREADS = "/proc/self/task"

# Flags of this interpreter that its children get too.
_FLAGS = (
    ("isolated", "-I"),
    ("ignore_environment", "-E"),
    ("no_user_site", "-s"),
    ("no_site", "-S"),
    ("dont_write_bytecode", "-B"),
    ("dev_mode", "-Xdev"),
    ("utf8_mode", "-Xutf8"),
)


class ZygoteArguments(NamedTuple):
    """What the zygote's `main` is called with; see `pool/zygote.py`."""

    slots: Sequence[tuple[int, int]]
    life_fd: int
    status_fd: int
    preload: Sequence[str]

    @property
    def fds(self) -> list[int]:
        """The descriptors for the zygote alone."""
        return [self.life_fd, self.status_fd, *(fd for slot in self.slots for fd in slot)]


def _start_process(arguments: ZygoteArguments, *, fork: bool) -> int:
    """Start a zygote, and close its descriptors in this process; returns its process id.

    Args:
        arguments: of its `main`.
        fork: whether it may be forked from this process.

    Raises:
        OSError: the system has no memory or process left for it.
    """
    pid = _fork_zygote(arguments) if fork and _can_fork() else _spawn_zygote(arguments)
    for fd in arguments.fds:
        os.close(fd)
    return pid


def _can_fork() -> bool:
    # Locks of another thread would stay held in the child. Threads that Python does not know
    # count as well; and on systems other than Linux, libraries do not survive a fork.
    try:
        return len(os.listdir(_THREADS)) == 1
    except OSError:
        return False


def _fork_zygote(arguments: ZygoteArguments) -> int:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()  # or the child would print it again
    pid = os.fork()
    if pid:
        with suppress(OSError):  # the child has done so itself
            os.setpgid(pid, 0)
        return pid
    try:
        gc.freeze()  # objects of the parent must not be finalised here
        os.setpgid(0, 0)
        _reset_handlers()
        sys.path[:] = _list_path()
        from chunkflow.pool.zygote import main  # noqa: PLC0415 - this process needs it alone

        main(*arguments)
    finally:
        os._exit(1)


def _reset_handlers() -> None:
    """Let signals act as on an interpreter that has just been started."""
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)


def _list_path() -> list[str]:
    """`sys.path`, with the name of the working directory in place of the empty string."""
    return [entry or os.getcwd() for entry in sys.path]


def _spawn_zygote(arguments: ZygoteArguments) -> int:
    flags = [flag for name, flag in _FLAGS if getattr(sys.flags, name)]
    flags += ["-O"] * sys.flags.optimize + [f"-W{option}" for option in sys.warnoptions]
    # The parent's own sys.path, so that the child can import the same modules and no others: `-c`
    # alone would put the working directory first, which may hold files of any name. The parent's
    # main module is not imported, so a script without a `__main__` guard does not run again.
    code = (
        f"import sys; sys.path[:] = {_list_path()!a}; from chunkflow.pool.zygote import main;"
        f" main({list(arguments.slots)!a}, {arguments.life_fd}, {arguments.status_fd},"
        f" {list(arguments.preload)!a})"
    )
    for fd in arguments.fds:
        os.set_inheritable(fd, True)
    # A process group of its own, so that Ctrl-C on the terminal is for this process alone.
    return os.posix_spawn(
        sys.executable, [sys.executable, *flags, "-P", "-c", code], os.environ, setpgroup=0
    )
