"""The workers of a pool: gives them tasks, hears their answers, and replaces those that end."""

import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chunkflow.errors import PoolError, TaskTimeout, WorkerDied
from chunkflow.pool import orphans
from chunkflow.pool.launch import Zygote
from chunkflow.pool.link import Link
from chunkflow.pool.news import Listener
from chunkflow.pool.protocol import Answer, Task

_FAILED_STARTS = 3
"""So many workers in a row may end before they are ready, while there is no other."""

_MOST_IN_RESERVE = 8
"""Workers that are started at a time beyond those that are needed; each takes about 1 MB."""


class Terms(NamedTuple):
    """What the workers of a pool are started with."""

    address: str
    """Where `prepare` is found, `module:name`."""
    config: Callable[[], bytes]
    """Asked when there is work."""
    preload: Sequence[str]
    memory_limit_bytes: int | None
    start_limit_s: float
    fork: bool
    """Whether the first workers may be forked from this process."""


class Crew:
    """Up to `size` workers and the tasks they have not answered yet."""

    def __init__(self, terms: Terms, size: int) -> None:
        self._terms = terms
        self._size = self._wanted = size
        self._failed_starts = 0
        self._reserve = 0
        self._may_fork = terms.fork
        self._links: list[Link] = []
        self._spares: list[Link] = []
        self._zygotes: list[Zygote] = []
        self._listener = Listener()
        self._backlog: deque[Task] = deque()
        self._config: bytes | None = None
        self._start(size)

    def load(self) -> tuple[int, int]:
        """How many tasks are without a final answer, and what they weigh in bytes."""
        held = [*self._backlog, *(task for link in self._links for task in link.tasks)]
        return len(held), sum(task.weight_bytes for task in held)

    def begin(self) -> None:
        """Tell the workers what to prepare for.

        Try for the full number of them again, whatever went wrong before.
        """
        self._size, self._failed_starts = self._wanted, 0
        if self._config is None:
            self._config = self._terms.config()
        for zygote in self._zygotes[:]:
            if zygote.has_died():  # while nobody listened
                self._give_up(zygote)
                for link in [link for link in self._links if link.zygote is zygote]:
                    self._bury(link)
        self._hire()

    def add(self, task: Task) -> None:
        """Take on a task."""
        self._backlog.append(task)
        self._hand_out()

    def answers(self) -> list[Answer]:
        """Wait until something happens, and return the answers it brought, if any.

        Raises `PoolError` when there is no worker, and none can be had.
        """
        answers: list[Answer] = []
        heard, zygotes = self._listener.wait(self._wait_ms())
        for link in heard:
            answers += link.receive()
            self._failed_starts *= not link.is_ready
        for zygote in zygotes:
            if not zygote.read_statuses():  # it has ended itself, and tells nothing more
                self._give_up(zygote)
        self._check_time(heard)
        while ended := [link for link in self._links if link.has_ended]:
            for link in ended:
                answers += self._bury(link)
        self._hand_out()
        return answers

    def abandon(self) -> None:
        """Forget all tasks and kill all workers."""
        self._backlog.clear()
        for zygote in self._zygotes:
            zygote.stop()
        self._close_links()
        self._zygotes, self._listener = [], Listener()

    def dismiss(self, wait_s: float) -> None:
        """Let idle workers end by themselves; kill what has not ended after `wait_s`."""
        self._close_links()
        for zygote in self._zygotes:
            zygote.wait(wait_s)
        self.abandon()

    def _close_links(self) -> None:
        for link in (*self._links, *self._spares):
            link.close()
        self._links, self._spares = [], []

    def _hire(self) -> None:
        """Make the workers as many as they should be, from the spare ones or from a new zygote."""
        missing = self._size - len(self._links)
        if missing > len(self._spares):
            self._start(missing - len(self._spares))
        for link in self._spares[:missing]:
            self._welcome(link)
        del self._spares[:missing]

    def _start(self, workers: int) -> None:
        try:
            zygote = Zygote(workers + self._reserve, self._terms.preload, fork=self._may_fork)
        except PoolError:
            if not self._links and not self._spares:
                raise
            self._size = len(self._links) + len(self._spares)  # go on with those there are
            return
        self._may_fork = False
        self._reserve = min(2 * self._reserve, _MOST_IN_RESERVE)
        self._zygotes.append(zygote)
        self._listener.add_zygote(zygote)
        self._spares += (Link(zygote, ends) for ends in zygote.ends)

    def _welcome(self, link: Link) -> None:
        limit_bytes = self._terms.memory_limit_bytes
        limit = b"%d" % limit_bytes if limit_bytes is not None else b""
        link.due_s = time.monotonic() + self._terms.start_limit_s
        assert self._config is not None
        link.send(self._terms.address.encode(), self._config, limit)
        self._links.append(link)
        self._listener.add(link)

    def _hand_out(self) -> None:
        """Give each idle worker a task, and each busy one two more to have at hand.

        While a worker is busy, nobody else can do what waits in its pipe; so the last tasks, one a
        worker, are kept until somebody is idle.
        """
        if not self._backlog:
            return
        self._hire()
        for held, kept in ((0, 0), (1, len(self._links)), (2, len(self._links))):
            for link in self._links:
                if len(link.tasks) == held and len(self._backlog) > kept:
                    link.give(self._backlog.popleft())

    def _wait_ms(self) -> float | None:
        due = [link.due_s for link in self._links if link.due_s is not None]
        return max(0.0, min(due) - time.monotonic()) * 1000 if due else None

    def _check_time(self, heard: Sequence[Link]) -> None:
        # Not of those that were just heard: the caller may have been away for long.
        now_s = time.monotonic()
        for link in self._links:
            if link.due_s is None or link.due_s > now_s or link.has_ended or link in heard:
                continue
            if not link.is_ready:
                raise PoolError(
                    f"a worker process was not ready after {self._terms.start_limit_s:g} s;"
                    " look for a processor that takes so long to import"
                )
            link.overdue, link.due_s = link.tasks[0], None
            link.kill()

    def _bury(self, link: Link) -> list[Answer]:
        """Hear a dead worker out, charge the task it was at, and take back the others."""
        self._links.remove(link)
        self._listener.drop(link)
        answers = link.drain()
        cause = _cause(link)
        self._release(link)
        # Where one has died, others will, and a fork is cheaper than an interpreter. Until then
        # nobody is kept in reserve: nearly every pool ends with the workers it began with.
        self._reserve = max(self._reserve, 2)
        if not link.is_ready:
            self._note_failed_start(cause)
        elif link.was_at_work:
            answers.append(_charged(link.tasks.popleft(), link, cause))
        self._backlog.extendleft(reversed(link.tasks))
        return answers

    def _release(self, link: Link) -> None:
        link.close()
        zygote = link.zygote
        others = (*self._links, *self._spares)
        if zygote in self._zygotes and all(other.zygote is not zygote for other in others):
            self._zygotes.remove(zygote)
            self._listener.drop_zygote(zygote)
            zygote.stop()

    def _give_up(self, zygote: Zygote) -> None:
        """Kill what is left of the workers of a zygote that has ended; forget those in reserve."""
        self._listener.drop_zygote(zygote)
        own = [link for link in self._links if link.zygote is zygote and not link.has_ended]
        if own:  # it was killed; it ends by itself when its workers have
            orphans.kill_groups([link.pid for link in own if link.pid is not None])
        lost = [link for link in self._spares if link.zygote is zygote]
        self._spares = [link for link in self._spares if link.zygote is not zygote]
        for link in lost:
            self._release(link)

    def _note_failed_start(self, cause: str) -> None:
        self._failed_starts += 1
        if self._links:
            self._size = len(self._links)
        elif self._failed_starts >= _FAILED_STARTS:
            raise PoolError(f"no worker process gets ready: the last one {cause}")


def _charged(task: Task, link: Link, cause: str) -> Answer:
    if link.overdue is not None:
        error = TaskTimeout(f"it took longer than the limit of {task.limit_s:g} s")
        return Answer(task.id, error=error)
    return Answer(task.id, error=WorkerDied(f"its worker process {cause}"))


def _cause(link: Link) -> str:
    if link.is_corrupt:
        return "wrote into the pipe to the pool"
    status = link.zygote.exit_status(link.pid) if link.pid is not None else None
    if status is None:
        link.kill()  # it has closed its pipes, and may be alive
        return "ended without saying why"
    if status < 0:
        return f"was killed by {_signal_name(-status)}"
    return f"ended with exit status {status}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
