"""The process that imports once what all workers need, and then forks the workers.

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

from chunkflow.pool import reaper, worker
from chunkflow.pool.guard import Guard


class Slot(NamedTuple):
    """The pipe ends of a worker that is not forked yet."""

    tasks_fd: int
    answers_fd: int


def main(
    slots: Sequence[tuple[int, int]], life_fd: int, status_fd: int, preload: Sequence[str]
) -> None:
    """Fork a worker for each slot, and wait for them; never returns.

    `life_fd` reads end-of-file when the pool wants everything killed, or is dead. A line
    `pid status` is written to `status_fd` for each worker that ended.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    slots_left = [Slot(*slot) for slot in slots]
    _keep_only([life_fd, status_fd, *(fd for slot in slots_left for fd in slot)])
    _redirect_output()
    with _die_with(life_fd):
        _preload(preload)
    reaper.adopt_orphans()
    gc.freeze()  # a collection in a worker would touch, and so copy, every page it shares
    guard = Guard()
    children = {
        pid
        for slot in slots_left
        if (pid := _fork_worker(slot, slots_left, status_fd, life_fd, guard))
    }
    for fd in (fd for slot in slots_left for fd in slot):
        os.close(fd)
    _thread.start_new_thread(_watch, (life_fd, children))
    _reap(children, status_fd, guard)
    reaper.kill_children()
    os._exit(0)


def _keep_only(fds: Collection[int]) -> None:
    # What the parent left open for inheritance may include pipes of another pool, which would
    # never read end-of-file while they are open here.
    for fd in fds:
        os.set_inheritable(fd, False)
    for fd in map(int, os.listdir("/dev/fd")):
        if fd > 2 and fd not in fds:
            with suppress(OSError):  # the listing's own descriptor is closed already
                os.close(fd)


def _redirect_output() -> None:
    # What work prints must not mix with the parent's results.
    null_fd = os.open(os.devnull, os.O_RDWR)
    os.dup2(null_fd, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # the parent has no standard error
        os.dup2(null_fd, 1)
        os.dup2(null_fd, 2)


@contextmanager
def _die_with(life_fd: int) -> Iterator[None]:
    """Die at once if the pool dies while the context lasts.

    An import may never end, and there must be no thread yet that waits for `life_fd`. So the
    system is asked for a signal, SIGIO, which by default ends the process.
    """
    fcntl.fcntl(life_fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life_fd, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        if not os.read(life_fd, 1):  # it died before the signal was asked for
            os._exit(1)
    yield
    fcntl.fcntl(life_fd, fcntl.F_SETFL, 0)


def _preload(preload: Sequence[str]) -> None:
    for wanted in preload:
        module, _, name = wanted.partition(":")
        try:
            found = importlib.import_module(module)
            if name:
                getattr(found, name)()
        except BaseException:  # noqa: BLE001  # a worker meets the same error, and reports it
            continue


def _fork_worker(
    slot: Slot, slots_left: Sequence[Slot], status_fd: int, life_fd: int, guard: Guard
) -> int:
    """Return the child's process id, or 0 if the system has no memory or process left."""
    try:
        pid = os.fork()
    except OSError:
        return 0  # the pool sees the slot's pipes close
    if pid == 0:
        guard.add_self()
        unneeded = {status_fd, guard.fd, *(fd for other in slots_left for fd in other)} - set(slot)
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
    reaper.signal_groups(tuple(children), signal.SIGKILL)


def _reap(children: set[int], status_fd: int, guard: Guard) -> None:
    while children:
        pid, status = os.wait()
        if pid not in children:  # an orphan that was adopted, or the guard
            continue
        # The commands that it ran, if it was killed in the middle of one.
        reaper.signal_groups([pid], signal.SIGKILL)
        children.discard(pid)
        guard.forget(pid)
        with suppress(BrokenPipeError):  # the pool is dead
            os.write(status_fd, b"%d %d\n" % (pid, os.waitstatus_to_exitcode(status)))
