"""A process beside the zygote that ends the workers when the zygote is killed, by whomever.

Workers see the pool's death for themselves, but one that is stopped, or never lets another thread
run, does not act on it; and the zygote's death nobody tells them. This process does nothing but
wait, in a process group of its own, so what is sent to the zygote's does not reach it.
"""

import os
from contextlib import suppress

from chunkflow.pool import orphans


class Guard:
    """The zygote's hold on the process: it acts when this is closed, by the zygote's end."""

    def __init__(self) -> None:
        """Start the process; where there is none to be had, go on without."""
        reader, self.fd = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            pid = -1
        if pid == 0:
            os.close(self.fd)
            _guard(reader)
        os.close(reader)
        with suppress(OSError):  # at once, and not when the process gets round to it
            os.setpgid(pid, pid)

    def add_self(self) -> None:
        """Say, as a worker, that there is one: the zygote may be killed before it could."""
        self._tell(os.getpid())

    def forget(self, pid: int) -> None:
        """Say that it has ended: its number may be another process's from now on."""
        self._tell(-pid)

    def _tell(self, number: int) -> None:
        with suppress(OSError):
            os.write(self.fd, b"%d\n" % number)


def _guard(reader: int) -> None:
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
        orphans.kill_groups(workers)
    finally:
        os._exit(0)


def _keep_only(reader: int) -> None:
    """Hold nothing open whose end somebody waits for; standard error among it."""
    null_fd = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null_fd, fd)
    for fd in map(int, os.listdir("/dev/fd")):
        if fd > 2 and fd != reader:
            with suppress(OSError):  # the listing's own descriptor is closed already
                os.close(fd)
