"""Hands files and chunks to workers, and sees to it that each is answered for, whatever happens."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count
from typing import NamedTuple

from chunkflow.engine.dispatch.chunk_work import ChunkWork
from chunkflow.engine.dispatch.in_hand import FilesInHand, Ready
from chunkflow.engine.dispatch.sent import Batch, Sent, payload_of, weight_bytes
from chunkflow.engine.dispatch.waiting import Pending
from chunkflow.engine.messages import CHUNKS, DONE, ChunkDone, ChunkTask, FileDone, joined, parted
from chunkflow.engine.options import OpenPool
from chunkflow.errors import PoolError, WorkerDied
from chunkflow.pool.protocol import Answer, Pool, Task

# Parsed sooner than another process is started.
_IN_LINE_BYTES = 512 * 1024
_UNREADABLE = "the worker's answer cannot be read"


class Receiver(NamedTuple):
    """Told what became of each file, once, and what else goes wrong."""

    done: Ready
    failed: Callable[[Sent, str], None]
    """With the cause, without a subject."""
    warn: Callable[[str], None]


class Terms(NamedTuple):
    """How the work of a run is handed out."""

    trusted: bool
    """Whether all processors may run in this process when there is no other."""
    risky: bool
    """Whether processors that are not trusted run on whole files; see `Sent.apart`."""
    limit_s: float | None
    """How long a processor that is not trusted may take for a chunk, and others for a file."""
    should_stop: Callable[[], bool]
    """Whether nothing more is to be begun; what is in hand is finished."""


class Dispatch:
    """The work of a run, between the run and its pool.

    Args:
        open_pool: makes the pool.
        receiver: told what became of each file.
        chunks: what expensive processors have to do.
        terms: how it is handed out.
    """

    def __init__(
        self, open_pool: OpenPool, receiver: Receiver, chunks: ChunkWork, terms: Terms
    ) -> None:
        self._open_pool = open_pool
        self._receiver = receiver
        self._chunks = chunks
        self._terms = terms
        self._files = FilesInHand(chunks, receiver.done)
        self._numbers = count()
        # What is with workers, by the number of its task.
        self._sent: dict[int, Batch] = {}
        self._called: dict[int, deque[Pending]] = {}
        # Files to be sent once more, each alone: one that costs its task takes no other with it.
        self._again: deque[Sent] = deque()

    def run(self, batches: Iterable[Batch]) -> None:
        """Have all files processed; a batch is taken when the pool has room for it."""
        batches = iter(batches)
        first = list(_up_to(batches, _IN_LINE_BYTES))
        if not first:
            return
        small = sum(map(weight_bytes, first)) <= _IN_LINE_BYTES
        rest = chain(first, batches)
        del first  # or what is answered would be held until the end
        try:
            with self._open_pool(small=small) as pool:
                self._work_off(pool, rest)
        except PoolError as exc:
            # From the pool itself: there is no process left, and none to be had.
            self._go_on_alone(rest, exc)
        finally:
            self._chunks.store()

    def _work_off(self, pool: Pool, batches: Iterator[Batch]) -> None:
        for answer in pool.map(self._tasks(batches)):
            if answer.id in self._called:
                self._take_chunk(answer)
            else:
                self._take(answer)

    def _tasks(self, batches: Iterator[Batch]) -> Iterator[Task | None]:
        while not self._terms.should_stop():
            task = self._next(batches)
            if task is None and not self._sent and not self._called:
                return
            yield task

    def _next(self, batches: Iterator[Batch]) -> Task | None:
        if not self._chunks.is_full:
            if self._again:
                return self._file_task([self._again.popleft()])
            batch = next(batches, None)
            if batch is not None:
                return self._file_task(batch)
        called = self._chunks.next(busy=len(self._sent) + len(self._called))
        return self._chunk_task(called) if called else None

    def _file_task(self, batch: Batch) -> Task:
        number = next(self._numbers)
        self._sent[number] = batch
        return Task(number, payload_of(batch), weight_bytes(batch), self._file_limit_s(batch))

    def _file_limit_s(self, batch: Batch) -> float | None:
        """How long a task about files may take.

        Built-in processors keep the limit of each file themselves; a worker that does not come
        back in spite of that is ended.
        """
        limit_s = self._terms.limit_s
        if limit_s is None or self._terms.risky:
            return limit_s
        return limit_s * (len(batch) + 1)

    def _chunk_task(self, called: list[Pending]) -> Task:
        number = next(self._numbers)
        self._called[number] = deque(called)
        payload = joined(CHUNKS, [one.task.encode() for one in called])
        return Task(number, payload, len(payload), self._terms.limit_s)

    def _take_chunk(self, answer: Answer) -> None:
        called = self._called[answer.id]
        if not answer.is_final:
            if called:
                self._take_called(called.popleft(), answer.payload)
            return
        del self._called[answer.id]
        # An end without all answers is no end.
        self._chunks.fail(called, answer.error or PoolError(_UNREADABLE))

    def _take_called(self, one: Pending, payload: bytes) -> None:
        try:
            done = ChunkDone.decode(payload)
        except ValueError:
            self._chunks.fail([one], PoolError(_UNREADABLE))
        else:
            self._chunks.take(one, done)

    def _take(self, answer: Answer) -> None:
        error = answer.error
        if answer.payload:
            try:
                self._take_part(answer)
            except (ValueError, IndexError):
                # Foreign code ran there, and may have done anything to what it answers.
                error = error or PoolError(_UNREADABLE)
        if answer.is_final or error is not None:
            self._take_end(answer.id, error, is_final=answer.is_final)

    def _take_part(self, answer: Answer) -> None:
        kind, parts = parted(answer.payload)
        if kind != DONE:
            self._chunks.want(answer.id, map(ChunkTask.decode, parts))
            return
        sent, done = self._sent[answer.id], [FileDone.decode(part) for part in parts]
        if len(sent) != len(done):
            raise ValueError("there are too few or too many answers")
        self._sent[answer.id] = []
        for one, told in zip(sent, done, strict=True):
            if not self._files.take(one, told):
                self._receiver.failed(one, _UNREADABLE)

    def _take_end(self, number: int, error: PoolError | None, *, is_final: bool) -> None:
        """A task is over, or what came of it cannot be read: then its files are as good as lost."""
        sent = self._sent[number]
        if is_final:
            del self._sent[number]
        else:
            self._sent[number] = []
        self._chunks.let_go(number)
        if sent:
            self._take_error(sent, error or PoolError(_UNREADABLE))

    def _take_error(self, sent: Batch, error: PoolError) -> None:
        first = sent[0]
        # A process may die by no fault of the file: the system wanted its memory, say.
        may_do_better = isinstance(error, WorkerDied) and first.tries < 1
        if self._terms.risky and not first.apart:
            # Chunk by chunk, what costs a worker costs its chunk only.
            self._again += (one._replace(apart=True, tries=one.tries + 1) for one in sent)
        elif len(sent) > 1 or may_do_better:
            self._again += (one._replace(tries=one.tries + 1) for one in sent)
        else:
            self._receiver.failed(first, str(error))

    def _go_on_alone(self, batches: Iterator[Batch], cause: PoolError) -> None:
        """Do what is left without other processes, or say of each file that it cannot be done."""
        left = [*self._again, *chain.from_iterable(self._sent.values())]
        self._chunks.put_back(chain.from_iterable(self._called.values()))
        for number in self._sent:
            self._chunks.let_go(number)
        self._again.clear()
        self._called.clear()
        self._sent.clear()
        if self._terms.trusted:
            self._receiver.warn(f"{cause}; going on in one process")
            self._again += (one._replace(tries=one.tries + 1) for one in left)
            with self._open_pool(small=True) as pool:
                self._work_off(pool, batches)
            return
        self._chunks.give_up(str(cause))
        for one in chain(left, chain.from_iterable(batches)):
            self._receiver.failed(one, str(cause))


def _up_to(batches: Iterator[Batch], limit_bytes: int) -> Iterator[Batch]:
    """The first batches, until they are heavier than the limit."""
    weight = 0
    for batch in batches:
        yield batch
        weight += weight_bytes(batch)
        if weight > limit_bytes:
            return
