"""Waits until a worker or a zygote can be read from."""

import select
from typing import NamedTuple

from chunkflow.pool.spawn import Zygote
from chunkflow.pool.worker_handle import WorkerHandle

_LONGEST_MS = 500.0


class Readable(NamedTuple):
    """What can be read from without waiting."""

    workers: list[WorkerHandle]
    zygotes: list[Zygote]


class Poller:
    """Polls the pipes of a pool, each registered once rather than for every wait."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._workers: dict[int, WorkerHandle] = {}
        self._zygotes: dict[int, Zygote] = {}
        self._senders: dict[int, WorkerHandle] = {}

    def add_zygote(self, zygote: Zygote) -> None:
        """Begin to poll a zygote."""
        self._zygotes[zygote.status_fd] = zygote
        self._poll.register(zygote.status_fd, select.POLLIN)

    def remove_zygote(self, zygote: Zygote) -> None:
        """Stop polling a zygote; doing so again is no error."""
        if self._zygotes.pop(zygote.status_fd, None) is not None:
            self._poll.unregister(zygote.status_fd)

    def add_worker(self, worker: WorkerHandle) -> None:
        """Begin to poll a worker."""
        self._workers[worker.answers_fd] = worker
        self._poll.register(worker.answers_fd, select.POLLIN)

    def remove_worker(self, worker: WorkerHandle) -> None:
        """Stop polling a worker."""
        del self._workers[worker.answers_fd]
        self._poll.unregister(worker.answers_fd)
        if self._senders.pop(worker.tasks_fd, None) is not None:
            self._poll.unregister(worker.tasks_fd)

    def wait(self, wait_ms: float | None) -> Readable:
        """Wait up to `wait_ms` for something to read; write to the workers that have room for more.

        It may return early and empty-handed: a signal that arrives just as the wait begins, such
        as Ctrl-C, is handled only after it.
        """
        self._update_senders()
        most_ms = _LONGEST_MS if wait_ms is None else min(wait_ms, _LONGEST_MS)
        ready = [fd for fd, _ in self._poll.poll(most_ms)]
        for fd in ready:
            if fd in self._senders:
                self._senders[fd].flush()
        return Readable(
            [self._workers[fd] for fd in ready if fd in self._workers],
            [self._zygotes[fd] for fd in ready if fd in self._zygotes],
        )

    def _update_senders(self) -> None:
        for worker in self._workers.values():
            if worker.is_sending and worker.tasks_fd not in self._senders:
                self._senders[worker.tasks_fd] = worker
                self._poll.register(worker.tasks_fd, select.POLLOUT)
            elif not worker.is_sending and self._senders.pop(worker.tasks_fd, None) is not None:
                self._poll.unregister(worker.tasks_fd)
