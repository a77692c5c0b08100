"""A process beside the zygote that kills the workers when the zygote is killed.

Workers notice the pool's death themselves, but one that is stopped, or never lets another thread
run, does not act on it; and they do not notice the zygote's death. This process only waits, in a
process group of its own, so that signals to the zygote's group do not reach it.
"""

import os
from contextlib import suppress

from chunkflow.pool import reaper


class Guard:
    """The zygote's end of a pipe to the process, which acts when the zygote's end closes it."""

    def __init__(self) -> None:
        """Start the process; if the system has none left, go on without."""
        reader, self.fd = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            pid = -1
        if pid == 0:
            os.close(self.fd)
            _wait_and_kill(reader)
        os.close(reader)
        with suppress(OSError):  # at once, not when the process gets to it
            os.setpgid(pid, pid)

    def add_self(self) -> None:
        """Register this worker; the worker does so itself as the zygote may be killed first."""
        self._send(os.getpid())

    def forget(self, pid: int) -> None:
        """Remove a worker that has ended: its number may become another process's."""
        self._send(-pid)

    def _send(self, number: int) -> None:
        with suppress(OSError):
            os.write(self.fd, b"%d\n" % number)


def _wait_and_kill(reader: int) -> None:
    workers: set[int] = set()
    try:
        _keep_only(reader)
        # A number is written in one piece, and what a pipe holds is read in one: none is cut.
        while data := os.read(reader, 1 << 16):
            for number in map(int, data.split()):
                if number > 0:
                    workers.add(number)
                else:
                    workers.discard(-number)
        reaper.kill_groups(workers)
    finally:
        os._exit(0)


def _keep_only(reader: int) -> None:
    """Close everything whose end somebody may wait for, standard error included."""
    null_fd = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null_fd, fd)
    for fd in map(int, os.listdir("/dev/fd")):
        if fd > 2 and fd != reader:
            with suppress(OSError):  # the listing's own descriptor is closed already
                os.close(fd)
