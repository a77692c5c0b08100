"""The workers of a pool: gives them tasks, hears their answers, and replaces those that end."""

import select
import signal
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chunkflow.errors import PoolError, TaskTimeout, WorkerDied
from chunkflow.pool.launch import Zygote
from chunkflow.pool.link import Link
from chunkflow.pool.protocol import Answer, Task
from chunkflow.pool.wire import DONE

_FAILED_STARTS = 3
"""So many workers in a row may end before they are ready, while there is no other."""


class Terms(NamedTuple):
    """What the workers of a pool are started with."""

    address: str
    """Where `prepare` is found, `module:name`."""
    config: bytes
    preload: Sequence[str]
    timeout_s: float | None
    start_limit_s: float


class Crew:
    """Up to `size` workers and the tasks they have not answered yet."""

    def __init__(self, terms: Terms, size: int) -> None:
        self._terms = terms
        self._size = self._wanted = size
        self._failed_starts = 0
        self._links: list[Link] = []
        self._zygotes: list[Zygote] = []
        self._backlog: deque[Task] = deque()
        self._hire()

    def tasks(self) -> list[Task]:
        """Every task that is not answered."""
        return [*self._backlog, *(task for link in self._links for task in link.tasks)]

    def begin(self) -> None:
        """Try for the full number of workers again, whatever went wrong before."""
        self._size, self._failed_starts = self._wanted, 0

    def add(self, task: Task) -> None:
        """Take on a task."""
        self._backlog.append(task)
        self._hand_out()

    def answers(self) -> list[Answer]:
        """Wait until something happens, and return the answers it brought, if any.

        Raises `PoolError` when there is no worker, and none can be had.
        """
        answers: list[Answer] = []
        heard = self._poll()
        for link in heard:
            answers += self._hear(link)
        self._check_time([link for link in self._links if link not in heard])
        self._hand_out()
        return answers

    def abandon(self) -> None:
        """Forget all tasks and kill all workers."""
        self._backlog.clear()
        for zygote in self._zygotes:
            zygote.stop()
        for link in self._links:
            link.close()
        self._zygotes, self._links = [], []

    def dismiss(self, wait_s: float) -> None:
        """Let idle workers end by themselves; kill what has not ended after `wait_s`."""
        for link in self._links:
            link.close()
        self._links = []
        for zygote in self._zygotes:
            zygote.wait(wait_s)
        self.abandon()

    def _hire(self) -> None:
        missing = self._size - len(self._links)
        if missing < 1:
            return
        try:
            zygote = Zygote(missing, self._terms.preload)
        except PoolError:
            if not self._links:
                raise
            self._size = len(self._links)  # go on with those there are
            return
        self._zygotes.append(zygote)
        for ends in zygote.ends:
            link = Link(zygote, ends)
            link.due_s = time.monotonic() + self._terms.start_limit_s
            link.send(self._terms.address.encode(), self._terms.config)
            self._links.append(link)

    def _hand_out(self) -> None:
        """Give each idle worker a task, and each busy one a second to have at hand.

        While a worker is busy, nobody else can do what waits in its pipe; so the last tasks, one a
        worker, are kept until somebody is idle.
        """
        if self._backlog:
            self._hire()
        for held, kept in ((0, 0), (1, len(self._links))):
            for link in self._links:
                if len(link.tasks) == held and len(self._backlog) > kept:
                    self._give(link, self._backlog.popleft())

    def _give(self, link: Link, task: Task) -> None:
        link.tasks.append(task)
        if link.is_ready and len(link.tasks) == 1:
            self._start_clock(link)
        link.send(task.payload)

    def _start_clock(self, link: Link) -> None:
        limit_s = self._terms.timeout_s
        link.due_s = time.monotonic() + limit_s if limit_s is not None and link.tasks else None

    def _poll(self) -> list[Link]:
        """Wait for and return those who wrote something; write on to those who have room."""
        poll = select.poll()
        for link in self._links:
            poll.register(link.answers_fd, select.POLLIN)
            if link.is_sending:
                poll.register(link.tasks_fd, select.POLLOUT)
        ready = {fd for fd, _ in poll.poll(self._wait_ms())}
        for link in self._links:
            if link.tasks_fd in ready:
                link.flush()
        return [link for link in self._links if link.answers_fd in ready]

    def _wait_ms(self) -> float | None:
        due = [link.due_s for link in self._links if link.due_s is not None]
        return max(0.0, min(due) - time.monotonic()) * 1000 if due else None

    def _hear(self, link: Link) -> list[Answer]:
        was_ready = link.is_ready
        bodies = link.receive()
        if bodies is None:
            return self._bury(link)
        answers = [_answer(link.tasks.popleft(), body) for body in bodies]
        if link.is_ready and (answers or not was_ready):
            self._failed_starts = 0
            self._start_clock(link)
        return answers

    def _check_time(self, links: Iterable[Link]) -> None:
        # Only of those that were not just heard: the caller may have been away for long.
        for link in links:
            if link.due_s is None or link.due_s > time.monotonic():
                continue
            if not link.is_ready:
                raise PoolError(
                    f"a worker process was not ready after {self._terms.start_limit_s:g} s;"
                    " look for a processor that takes so long to import"
                )
            link.is_overdue, link.due_s = True, None
            link.kill()

    def _bury(self, link: Link) -> list[Answer]:
        """Charge the task a dead worker was at, and take back the others."""
        self._links.remove(link)
        cause = _cause(link)
        self._release(link)
        if not link.is_ready:
            self._note_failed_start(cause)
        elif link.tasks:
            task = link.tasks.popleft()
            self._backlog.extendleft(reversed(link.tasks))
            return [Answer(task.id, error=self._charge(link, cause))]
        self._backlog.extendleft(reversed(link.tasks))
        return []

    def _charge(self, link: Link, cause: str) -> PoolError:
        if link.is_overdue:
            return TaskTimeout(f"it took longer than the limit of {self._terms.timeout_s:g} s")
        return WorkerDied(f"its worker process {cause}")

    def _release(self, link: Link) -> None:
        link.close()
        zygote = link.zygote
        if all(other.zygote is not zygote for other in self._links):
            self._zygotes.remove(zygote)
            zygote.stop()

    def _note_failed_start(self, cause: str) -> None:
        self._failed_starts += 1
        if self._links:
            self._size = len(self._links)
        elif self._failed_starts >= _FAILED_STARTS:
            raise PoolError(f"no worker process gets ready: the last one {cause}")


def _answer(task: Task, body: bytes) -> Answer:
    if body[0] == DONE:
        return Answer(task.id, body[1:])
    return Answer(task.id, error=PoolError(body[1:].decode()))


def _cause(link: Link) -> str:
    status = link.zygote.exit_status(link.pid) if link.pid is not None else None
    if status is None:
        return "ended without saying why"
    if status < 0:
        return f"was killed by {_signal_name(-status)}"
    return f"ended with exit status {status}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
