"""The process that imports once what all workers need, and then forks them.

Workers share its memory, and each costs a fork instead of the start of an interpreter. It has a
single thread while it forks, whatever threads the program around the pool may run.
"""

import _thread
import fcntl
import gc
import importlib
import os
import signal
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from chunkflow.pool import orphans, worker
from chunkflow.pool.guard import Guard


class Slot(NamedTuple):
    """The pipe ends of a worker that is still to be forked."""

    tasks_fd: int
    answers_fd: int


def main(
    slots: Sequence[tuple[int, int]], life_fd: int, status_fd: int, preload: Sequence[str]
) -> None:
    """Fork a worker a slot, and wait for them; never returns.

    `life_fd` reads end-of-file when the pool wants everything killed, or is dead itself. A line
    `pid status` is written to `status_fd` for each worker that ended.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    seats = [Slot(*slot) for slot in slots]
    _keep_only([life_fd, status_fd, *(fd for slot in seats for fd in slot)])
    _redirect_output()
    with _living_no_longer_than(life_fd):
        _load_all(preload)
    orphans.adopt()
    gc.freeze()  # a collection in a worker would touch, and so copy, every page it shares
    guard = Guard()
    children = {pid for slot in seats if (pid := _fork(slot, seats, status_fd, life_fd, guard))}
    for fd in (fd for slot in seats for fd in slot):
        os.close(fd)
    _thread.start_new_thread(_watch, (life_fd, children))
    _reap(children, status_fd, guard)
    orphans.end()
    os._exit(0)


def _keep_only(fds: Collection[int]) -> None:
    # What the parent left open for inheritance, the pipes of a pool started at the same moment
    # among them, would keep those pipes from ever reading end-of-file.
    for fd in fds:
        os.set_inheritable(fd, False)
    for fd in map(int, os.listdir("/dev/fd")):
        if fd > 2 and fd not in fds:
            with suppress(OSError):  # the listing's own descriptor is closed already
                os.close(fd)


def _redirect_output() -> None:
    # What work prints must not end up between the parent's results.
    null_fd = os.open(os.devnull, os.O_RDWR)
    os.dup2(null_fd, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # the parent has no standard error
        os.dup2(null_fd, 1)
        os.dup2(null_fd, 2)


@contextmanager
def _living_no_longer_than(life_fd: int) -> Iterator[None]:
    """Meanwhile the death of the pool is the end of this process, at once.

    An import may take for ever, and a thread that waits for `life_fd` must not be there yet. So
    the system is asked for a signal, SIGIO, which ends a process that does nothing about it.
    """
    fcntl.fcntl(life_fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life_fd, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        if not os.read(life_fd, 1):  # it had died before the signal was asked for
            os._exit(1)
    yield
    fcntl.fcntl(life_fd, fcntl.F_SETFL, 0)


def _load_all(preload: Sequence[str]) -> None:
    for wanted in preload:
        module, _, name = wanted.partition(":")
        try:
            found = importlib.import_module(module)
            if name:
                getattr(found, name)()
        except BaseException:  # noqa: BLE001  # a worker meets it again, and reports it
            continue


def _fork(slot: Slot, seats: Sequence[Slot], status_fd: int, life_fd: int, guard: Guard) -> int:
    """Return the child's process id, or 0 when there is no memory or process left for one."""
    try:
        pid = os.fork()
    except OSError:
        return 0  # the pool sees the slot's pipes close
    if pid == 0:
        guard.add_self()
        unneeded = {status_fd, guard.fd, *(fd for other in seats for fd in other)} - set(slot)
        _become_worker(slot, unneeded, life_fd)
    return pid


def _become_worker(slot: Slot, unneeded: Collection[int], life_fd: int) -> None:
    status = 1
    try:
        for fd in unneeded:
            os.close(fd)
        worker.run(*slot, life_fd)
        sys.stdout.flush()
        sys.stderr.flush()
        status = 0
    finally:
        os._exit(status)


def _watch(life_fd: int, children: set[int]) -> None:
    os.read(life_fd, 1)
    orphans.signal_groups(tuple(children), signal.SIGKILL)


def _reap(children: set[int], status_fd: int, guard: Guard) -> None:
    while children:
        pid, status = os.wait()
        if pid not in children:  # an orphan that was adopted, or the guard
            continue
        orphans.signal_groups(
            [pid], signal.SIGKILL
        )  # the commands it ran, if it was killed in the middle of one
        children.discard(pid)
        guard.forget(pid)
        with suppress(BrokenPipeError):  # the pool is dead
            os.write(status_fd, b"%d %d\n" % (pid, os.waitstatus_to_exitcode(status)))
