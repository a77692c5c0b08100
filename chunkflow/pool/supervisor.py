"""Supervises the workers of a pool: assigns tasks, collects answers, and replaces dead workers."""

import signal
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from chunkflow.errors import PoolError, TaskTimeout, WorkerDied
from chunkflow.pool import reaper
from chunkflow.pool.poller import Poller
from chunkflow.pool.protocol import Answer, Task
from chunkflow.pool.spawn import Zygote
from chunkflow.pool.worker_handle import WorkerHandle

_FAILED_STARTS = 3
"""The pool gives up when so many workers in a row end before they are ready and no other runs."""

_MOST_IN_RESERVE = 8
"""Workers started at a time beyond those that are needed; each takes about 1 MB."""


class WorkerSetup(NamedTuple):
    """How the workers of a pool are started."""

    address: str
    """Where `prepare` is found, `module:name`."""
    preload: Sequence[str]
    memory_limit_bytes: int | None
    start_limit_s: float
    fork: bool
    """Whether the first workers may be forked from this process."""


class Supervisor:
    """Up to `size` workers, and the tasks that they have not answered yet."""

    def __init__(self, setup: WorkerSetup, size: int) -> None:
        self._setup = setup
        self._size = self._wanted = size
        self._failed_starts = 0
        self._reserve = 0
        self._may_fork = setup.fork
        self._workers: list[WorkerHandle] = []
        self._spares: list[WorkerHandle] = []
        self._zygotes: list[Zygote] = []
        self._poller = Poller()
        self._backlog: deque[Task] = deque()
        self._config = b""
        self._start_zygote(size)

    def measure_load(self) -> tuple[int, int]:
        """How many tasks are without a final answer, and their weight in bytes."""
        held = [*self._backlog, *(task for worker in self._workers for task in worker.tasks)]
        return len(held), sum(task.weight_bytes for task in held)

    def prepare_workers(self, config: bytes) -> None:
        """Send the workers what they prepare for.

        Try again for the full number of workers, whatever failed before.
        """
        self._size, self._failed_starts = self._wanted, 0
        self._config = config
        for zygote in self._zygotes[:]:
            if zygote.has_died():  # while nobody polled it
                self._discard_zygote(zygote)
                for worker in [worker for worker in self._workers if worker.zygote is zygote]:
                    self._reap(worker)
        self._ensure_workers()

    def add_task(self, task: Task) -> None:
        """Take on a task."""
        self._backlog.append(task)
        self._assign_tasks()

    def collect_answers(self) -> list[Answer]:
        """Wait until something happens, and return the answers it brought, if any.

        Raises `PoolError` when there is no worker, and none can be started.
        """
        answers: list[Answer] = []
        readable, zygotes = self._poller.wait(self._compute_wait_ms())
        for worker in readable:
            answers += worker.receive()
            self._failed_starts *= not worker.is_ready
        for zygote in zygotes:
            if not zygote.read_statuses():  # it has ended, and reports nothing more
                self._discard_zygote(zygote)
        self._enforce_limits(readable)
        while ended := [worker for worker in self._workers if worker.has_ended]:
            for worker in ended:
                answers += self._reap(worker)
        self._assign_tasks()
        return answers

    def kill_all(self) -> None:
        """Drop all tasks and kill all workers."""
        self._backlog.clear()
        for zygote in self._zygotes:
            zygote.stop()
        self._close_workers()
        self._zygotes, self._poller = [], Poller()

    def shut_down(self, wait_s: float) -> None:
        """Let idle workers end by themselves; kill what has not ended after `wait_s`."""
        self._close_workers()
        for zygote in self._zygotes:
            zygote.wait(wait_s)
        self.kill_all()

    def _close_workers(self) -> None:
        for worker in (*self._workers, *self._spares):
            worker.close()
        self._workers, self._spares = [], []

    def _ensure_workers(self) -> None:
        """Fill the places of missing workers, from the spare ones or from a new zygote."""
        missing = self._size - len(self._workers)
        if missing > len(self._spares):
            self._start_zygote(missing - len(self._spares))
        for worker in self._spares[:missing]:
            self._register(worker)
        del self._spares[:missing]

    def _start_zygote(self, workers: int) -> None:
        try:
            zygote = Zygote(workers + self._reserve, self._setup.preload, fork=self._may_fork)
        except PoolError:
            if not self._workers and not self._spares:
                raise
            self._size = len(self._workers) + len(self._spares)  # go on with those there are
            return
        self._may_fork = False
        self._reserve = min(2 * self._reserve, _MOST_IN_RESERVE)
        self._zygotes.append(zygote)
        self._poller.add_zygote(zygote)
        self._spares += (WorkerHandle(zygote, ends) for ends in zygote.ends)

    def _register(self, worker: WorkerHandle) -> None:
        limit_bytes = self._setup.memory_limit_bytes
        limit = b"%d" % limit_bytes if limit_bytes is not None else b""
        worker.due_s = time.monotonic() + self._setup.start_limit_s
        worker.send(self._setup.address.encode(), self._config, limit)
        self._workers.append(worker)
        self._poller.add_worker(worker)

    def _assign_tasks(self) -> None:
        """Give each idle worker a task, and each busy one two more to have at hand.

        While a worker is busy, nobody else can do what waits in its pipe; so the last tasks, one a
        worker, are kept until a worker is idle.
        """
        if not self._backlog:
            return
        self._ensure_workers()
        for held, kept in ((0, 0), (1, len(self._workers)), (2, len(self._workers))):
            for worker in self._workers:
                if len(worker.tasks) == held and len(self._backlog) > kept:
                    worker.assign(self._backlog.popleft())

    def _compute_wait_ms(self) -> float | None:
        due = [worker.due_s for worker in self._workers if worker.due_s is not None]
        return max(0.0, min(due) - time.monotonic()) * 1000 if due else None

    def _enforce_limits(self, readable: Sequence[WorkerHandle]) -> None:
        # Not on those that were just read: the caller may have been away for long.
        now_s = time.monotonic()
        for worker in self._workers:
            if worker.due_s is None or worker.due_s > now_s:
                continue
            if worker.has_ended or worker in readable:
                continue
            if not worker.is_ready:
                raise PoolError(
                    f"a worker process was not ready after {self._setup.start_limit_s:g} s;"
                    " look for a processor that takes so long to import"
                )
            worker.overdue, worker.due_s = worker.tasks[0], None
            worker.kill()

    def _reap(self, worker: WorkerHandle) -> list[Answer]:
        """Read what a dead worker left, blame it on the task in work, and take back the others."""
        self._workers.remove(worker)
        self._poller.remove_worker(worker)
        answers = worker.drain()
        cause = _find_cause(worker)
        self._release(worker)
        # Where one has died, others will, and a fork is cheaper than an interpreter. Until then
        # none is kept in reserve: nearly every pool ends with the workers it began with.
        self._reserve = max(self._reserve, 2)
        if not worker.is_ready:
            self._note_failed_start(cause)
        elif worker.was_at_work:
            answers.append(_blame(worker.tasks.popleft(), worker, cause))
        self._backlog.extendleft(reversed(worker.tasks))
        return answers

    def _release(self, worker: WorkerHandle) -> None:
        """Close a worker's pipes, and stop its zygote if that has no other worker."""
        worker.close()
        zygote = worker.zygote
        others = (*self._workers, *self._spares)
        if zygote in self._zygotes and all(other.zygote is not zygote for other in others):
            self._zygotes.remove(zygote)
            self._poller.remove_zygote(zygote)
            zygote.stop()

    def _discard_zygote(self, zygote: Zygote) -> None:
        """Kill what is left of the workers of a dead zygote, and drop those in reserve."""
        self._poller.remove_zygote(zygote)
        own = [w for w in self._workers if w.zygote is zygote and not w.has_ended]
        if own:  # it was killed; otherwise it ends when its workers have ended
            reaper.kill_groups([worker.pid for worker in own if worker.pid is not None])
        lost = [worker for worker in self._spares if worker.zygote is zygote]
        self._spares = [worker for worker in self._spares if worker.zygote is not zygote]
        for worker in lost:
            self._release(worker)

    def _note_failed_start(self, cause: str) -> None:
        self._failed_starts += 1
        if self._workers:
            self._size = len(self._workers)
        elif self._failed_starts >= _FAILED_STARTS:
            raise PoolError(f"no worker process gets ready: the last one {cause}")


def _blame(task: Task, worker: WorkerHandle, cause: str) -> Answer:
    """The answer to a task in which a worker ended."""
    if worker.overdue is not None:
        error = TaskTimeout(f"it took longer than the limit of {task.limit_s:g} s")
        return Answer(task.id, error=error)
    return Answer(task.id, error=WorkerDied(f"its worker process {cause}"))


def _find_cause(worker: WorkerHandle) -> str:
    """Why a worker has ended, as the predicate of a sentence."""
    if worker.is_corrupt:
        return "wrote into the pipe to the pool"
    status = worker.zygote.wait_for_status(worker.pid) if worker.pid is not None else None
    if status is None:
        worker.kill()  # it has closed its pipes, and may be alive
        return "ended without saying why"
    if status < 0:
        return f"was killed by {_name_signal(-status)}"
    return f"ended with exit status {status}"


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
