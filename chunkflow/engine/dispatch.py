"""Sends files to workers, and sees to it that each is answered for, whatever happens."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count
from typing import NamedTuple, Protocol, TypeAlias

from chunkflow.engine.messages import FileDone, FileTask
from chunkflow.engine.plan import NOTHING_PREVIOUS, File, Previous
from chunkflow.errors import PoolError, WorkerDied
from chunkflow.model.framing import join, split
from chunkflow.pool.protocol import Answer, Pool, Task

# Parsed sooner than another process is started.
_IN_LINE_BYTES = 512 * 1024


class OpenPool(Protocol):
    """Makes the pool of a run; told whether the work is small enough to be done in-line.

    Asked for a pool for small work, trusted processors get one that needs no other process.
    """

    def __call__(self, *, small: bool) -> Pool: ...  # noqa: D102 - see the class


class Sent(NamedTuple):
    """A file on its way to a worker."""

    file: File
    source: bytes | None = None
    """None where the worker reads it: nothing is stored yet that it could be known by."""
    previous: Previous = NOTHING_PREVIOUS
    tries: int = 0
    """How often it was sent alone."""

    def task(self) -> FileTask:
        """What the worker gets."""
        file = self.file
        return FileTask(file.shown, file.path, file.language, self.source, self.previous.records)


Batch: TypeAlias = Sequence[Sent]
"""Files that go to a worker together."""


class Receiver(NamedTuple):
    """Told what became of each file, once, and what else goes wrong."""

    done: Callable[[Sent, FileDone], None]
    failed: Callable[[Sent, str], None]
    """With the cause, without a subject."""
    warn: Callable[[str], None]


class Dispatch:
    """The files of a run that need processing, between the run and its pool.

    Args:
        open_pool: makes the pool.
        receiver: told what became of each file.
        trusted: whether the processors may run in this process when there is no other.
    """

    def __init__(self, open_pool: OpenPool, receiver: Receiver, *, trusted: bool) -> None:
        self._open_pool = open_pool
        self._receiver = receiver
        self._trusted = trusted
        self._numbers = count()
        # Files without an answer by the number of their task, and those to be sent once more.
        self._sent: dict[int, Batch] = {}
        self._again: deque[Sent] = deque()

    def run(self, batches: Iterable[Batch]) -> None:
        """Have all files processed; a batch is taken when the pool has room for it."""
        batches = iter(batches)
        first = list(_up_to(batches, _IN_LINE_BYTES))
        if not first:
            return
        small = sum(map(_weight_bytes, first)) <= _IN_LINE_BYTES
        rest = chain(first, batches)
        del first  # or what is answered would be held until the end
        try:
            with self._open_pool(small=small) as pool:
                self._work_off(pool, rest)
        except PoolError as exc:
            # From the pool itself: there is no process left, and none to be had.
            self._go_on_alone(rest, exc)

    def _work_off(self, pool: Pool, batches: Iterable[Batch]) -> None:
        for answer in pool.map(map(self._task, batches)):
            self._take(answer)
        while self._again:
            for answer in pool.map(map(self._task, self._once_more())):
                self._take(answer)

    def _once_more(self) -> Iterator[Batch]:
        # One by one, a file that costs its task takes no other with it.
        while self._again:
            yield _alone(self._again.popleft())

    def _go_on_alone(self, batches: Iterable[Batch], cause: PoolError) -> None:
        """Do what is left without other processes, or say of each file that it cannot be done."""
        left = [*self._again, *chain.from_iterable(self._sent.values())]
        self._again.clear()
        self._sent.clear()
        if self._trusted:
            self._receiver.warn(f"{cause}; going on in one process")
            with self._open_pool(small=True) as pool:
                self._work_off(pool, chain(map(_alone, left), batches))
            return
        for one in chain(left, chain.from_iterable(batches)):
            self._receiver.failed(one, str(cause))

    def _task(self, batch: Batch) -> Task:
        number = next(self._numbers)
        self._sent[number] = batch
        payload = join([one.task().encode() for one in batch])
        return Task(number, payload, _weight_bytes(batch))

    def _take(self, answer: Answer) -> None:
        sent = self._sent.pop(answer.id)
        if answer.error is not None:
            self._take_error(sent, answer.error)
            return
        try:
            done = [FileDone.decode(part) for part in split(answer.payload)]
        except ValueError:
            # Foreign code ran there, and may have done anything to what it answers.
            done = []
        if len(done) != len(sent):
            self._take_error(sent, PoolError("the worker's answer cannot be read"))
            return
        for one, told in zip(sent, done, strict=True):
            self._receiver.done(one, told)

    def _take_error(self, sent: Batch, error: PoolError) -> None:
        # A process may die by no fault of the file: the system wanted its memory, say.
        may_do_better = isinstance(error, WorkerDied) and sent[0].tries < 1
        if len(sent) > 1 or may_do_better:
            self._again.extend(sent)
        else:
            self._receiver.failed(sent[0], str(error))


def _alone(one: Sent) -> Batch:
    return [one._replace(tries=one.tries + 1)]


def _weight_bytes(batch: Batch) -> int:
    return sum(one.file.signature.size_bytes for one in batch)


def _up_to(batches: Iterator[Batch], limit_bytes: int) -> Iterator[Batch]:
    """The first batches, until they are heavier than the limit."""
    weight_bytes = 0
    for batch in batches:
        yield batch
        weight_bytes += _weight_bytes(batch)
        if weight_bytes > limit_bytes:
            return
