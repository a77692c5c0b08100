"""Waits until a worker or a zygote has something to say."""

import select
from typing import NamedTuple

from chunkflow.pool.launch import Zygote
from chunkflow.pool.link import Link

_LONGEST_MS = 500.0


class News(NamedTuple):
    """Who can be read from without waiting."""

    links: list[Link]
    zygotes: list[Zygote]


class Listener:
    """The descriptors of a pool that are waited for, registered once and not for each wait."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._links: dict[int, Link] = {}
        self._zygotes: dict[int, Zygote] = {}
        self._senders: dict[int, Link] = {}

    def add_zygote(self, zygote: Zygote) -> None:
        """Listen to a zygote."""
        self._zygotes[zygote.status_fd] = zygote
        self._poll.register(zygote.status_fd, select.POLLIN)

    def drop_zygote(self, zygote: Zygote) -> None:
        """Listen to it no more; again is no error."""
        if self._zygotes.pop(zygote.status_fd, None) is not None:
            self._poll.unregister(zygote.status_fd)

    def add(self, link: Link) -> None:
        """Listen to a worker."""
        self._links[link.answers_fd] = link
        self._poll.register(link.answers_fd, select.POLLIN)

    def drop(self, link: Link) -> None:
        """Listen to it no more."""
        del self._links[link.answers_fd]
        self._poll.unregister(link.answers_fd)
        if self._senders.pop(link.tasks_fd, None) is not None:
            self._poll.unregister(link.tasks_fd)

    def wait(self, wait_ms: float | None) -> News:
        """Wait for news, `wait_ms` at most; write to the workers that have room for more.

        There may be none even before: a signal that comes just when the wait begins, Ctrl-C say, is
        only handled after it.
        """
        self._note_senders()
        most_ms = _LONGEST_MS if wait_ms is None else min(wait_ms, _LONGEST_MS)
        ready = [fd for fd, _ in self._poll.poll(most_ms)]
        for fd in ready:
            if fd in self._senders:
                self._senders[fd].flush()
        return News(
            [self._links[fd] for fd in ready if fd in self._links],
            [self._zygotes[fd] for fd in ready if fd in self._zygotes],
        )

    def _note_senders(self) -> None:
        for link in self._links.values():
            if link.is_sending and link.tasks_fd not in self._senders:
                self._senders[link.tasks_fd] = link
                self._poll.register(link.tasks_fd, select.POLLOUT)
            elif not link.is_sending and self._senders.pop(link.tasks_fd, None) is not None:
                self._poll.unregister(link.tasks_fd)
