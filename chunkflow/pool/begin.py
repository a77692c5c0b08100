"""Two ways to begin the zygote's process: an interpreter of its own, or a fork of this one."""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

_THREADS = "/proc/self/task"

# What an interpreter was started with and its children should be too.
_FLAGS = (
    ("isolated", "-I"),
    ("ignore_environment", "-E"),
    ("no_user_site", "-s"),
    ("no_site", "-S"),
    ("dont_write_bytecode", "-B"),
    ("dev_mode", "-Xdev"),
    ("utf8_mode", "-Xutf8"),
)


class Duties(NamedTuple):
    """What the zygote is told; see `pool/zygote.py`."""

    slots: Sequence[tuple[int, int]]
    life_fd: int
    status_fd: int
    preload: Sequence[str]

    @property
    def fds(self) -> list[int]:
        """The descriptors that are the zygote's, and nobody else's."""
        return [self.life_fd, self.status_fd, *(fd for slot in self.slots for fd in slot)]


def begin(duties: Duties, *, fork: bool) -> int:
    """Start the zygote, and close its descriptors here; returns its process id.

    Args:
        duties: what it is told.
        fork: whether it may be forked from this process.

    Raises:
        OSError: there is no memory or process left for it.
    """
    pid = _forked(duties) if fork and _can_fork() else _spawned(duties)
    for fd in duties.fds:
        os.close(fd)
    return pid


def _can_fork() -> bool:
    # Another thread's locks would stay held for ever in the child. Threads that Python does not
    # know count as well; and systems other than Linux have libraries that do not stand a fork.
    try:
        return len(os.listdir(_THREADS)) == 1
    except OSError:
        return False


def _forked(duties: Duties) -> int:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()  # or the child would print it once more
    pid = os.fork()
    if pid:
        with suppress(OSError):  # it has done so itself
            os.setpgid(pid, 0)
        return pid
    try:
        gc.freeze()  # what the parent holds is never to be finalised here
        os.setpgid(0, 0)
        _forget_handlers()
        sys.path[:] = _path()
        from chunkflow.pool.zygote import main  # noqa: PLC0415 - this process needs it alone

        main(*duties)
    finally:
        os._exit(1)


def _forget_handlers() -> None:
    """Let signals do what they do to an interpreter that has just been started."""
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)


def _path() -> list[str]:
    """What `sys.path` has here, with the working directory by its name."""
    return [entry or os.getcwd() for entry in sys.path]


def _spawned(duties: Duties) -> int:
    flags = [flag for name, flag in _FLAGS if getattr(sys.flags, name)]
    flags += ["-O"] * sys.flags.optimize + [f"-W{option}" for option in sys.warnoptions]
    # The parent's own sys.path, so that what can be imported here can be there, and nothing else:
    # `-c` alone would put the working directory first, where files of any name may lie. The
    # parent's main module is not touched; so a script without a `__main__` guard does not rerun.
    code = (
        f"import sys; sys.path[:] = {_path()!a}; from chunkflow.pool.zygote import main;"
        f" main({list(duties.slots)!a}, {duties.life_fd}, {duties.status_fd},"
        f" {list(duties.preload)!a})"
    )
    for fd in duties.fds:
        os.set_inheritable(fd, True)
    # A process group of its own, so that Ctrl-C on the terminal is for this process alone.
    return os.posix_spawn(
        sys.executable, [sys.executable, *flags, "-P", "-c", code], os.environ, setpgroup=0
    )
