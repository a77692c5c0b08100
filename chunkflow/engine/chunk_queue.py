"""Chunks that functions are to be called on: each once, the largest first.

A chunk is known by its key, wherever it stands. What the cache holds is not called for again, and
what is being worked on is waited for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chunkflow.cache.keys import make_chunk_key
from chunkflow.engine.messages import ChunkDone, ChunkTask
from chunkflow.engine.options import RunProcessor
from chunkflow.engine.reuse import find_outcome
from chunkflow.engine.spill_queue import Pending, SpillQueue
from chunkflow.engine.workers import UNREADABLE
from chunkflow.engine.write_buffer import WriteBuffer
from chunkflow.errors import PoolError, WorkerDied, WorkerSpoiled
from chunkflow.model.finding import Outcome

# When so much waits, no more files are cut until nothing does.
_FULL_BYTES = 4 * 1024 * 1024
# A task should take about this long: much longer than it takes to hand it out.
_TASK_S = 0.05
_MOST_CHUNKS = 256
_MOST_BYTES = 256 * 1024
# Where a chunk takes longer, no more are given out than there are workers, so that a run that is
# interrupted has only those to wait for.
_SLOW_S = 0.2
# How much the last measurement counts.
_WEIGHT = 0.2


class ChunkAnswer(NamedTuple):
    """What a function said of a chunk, and how that is known."""

    outcome: Outcome
    tier: str
    """Where it was found; empty for the first who asked for what was called."""
    late_code: Mapping[str, str] = {}
    """Code that the function had loaded by then and its key does not have."""


class _Entry:
    """A chunk that somebody wants."""

    __slots__ = ("claims", "is_charged", "late_code", "outcome", "tier")

    def __init__(self, outcome: Outcome | None, tier: str) -> None:
        self.outcome = outcome
        self.tier = tier
        self.is_charged = False
        self.claims = 0
        self.late_code: Mapping[str, str] = {}


class ChunkQueue:
    """What functions have to do in a run.

    Args:
        processors: of the run.
        writes: where chunk records are looked for and kept.
        jobs: how many workers there may be.
    """

    def __init__(
        self, processors: Sequence[RunProcessor], writes: WriteBuffer, *, jobs: int
    ) -> None:
        self._processors = processors
        self._writes = writes
        self._jobs = jobs
        self._entries: dict[bytes, _Entry] = {}
        self._claimed: dict[int, list[bytes]] = {}
        self._waiting = SpillQueue()
        self._is_draining = False
        # Seconds that each processor takes for a chunk, once one was measured.
        self._seconds: dict[int, float] = {}

    @property
    def is_full(self) -> bool:
        """Whether so much waits that no more is to be looked for."""
        if self._is_draining:
            self._is_draining = bool(self._waiting)
        else:
            self._is_draining = self._waiting.size_bytes > _FULL_BYTES
        return self._is_draining

    def key(self, number: int, local_key: bytes) -> bytes:
        """The key of a chunk for the processor of that number."""
        return make_chunk_key(self._processors[number].own, local_key)

    def want(self, owner: int, tasks: Iterable[ChunkTask]) -> None:
        """See to it that there will be a result for each chunk.

        Args:
            owner: for whom results are held until they are released.
            tasks: the chunks.
        """
        keyed = {self.key(task.processor, task.local_key): task for task in tasks}
        new = [key for key in keyed if key not in self._entries]
        hits = self._writes.get_many(new)
        for key, task in keyed.items():
            if key not in self._entries:
                hit = hits.get(key)
                outcome = hit and find_outcome(hit.payload)
                self._entries[key] = _Entry(outcome, hit.tier if hit and outcome else "")
                if outcome is None:
                    self._waiting.push(Pending(key, task))
            self._entries[key].claims += 1
            self._claimed.setdefault(owner, []).append(key)

    def release(self, owner: int) -> None:
        """Hold nothing any longer for an owner."""
        for key in self._claimed.pop(owner, ()):
            self._entries[key].claims -= 1
            self.drop_unclaimed(key)

    def is_wanted(self, key: bytes) -> bool:
        """Whether there is or will be a result for it."""
        return key in self._entries

    def result(self, key: bytes) -> ChunkAnswer | None:
        """The result of a chunk that is wanted; None where it is not there yet.

        The first who asks is charged with the call.
        """
        entry = self._entries[key]
        if entry.outcome is None:
            return None
        tier = entry.tier or ("l1" if entry.is_charged else "")
        entry.is_charged = True
        return ChunkAnswer(entry.outcome, tier, entry.late_code)

    def drop_unclaimed(self, key: bytes) -> None:
        """Forget a result that nobody claims any more."""
        entry = self._entries[key]
        if entry.outcome is not None and not entry.claims:
            del self._entries[key]

    def next_task(self, *, busy: int) -> list[Pending]:
        """The chunks of the next task, if there is one.

        Args:
            busy: how many tasks are with workers.
        """
        taken: list[Pending] = []
        room_s, room_bytes = _TASK_S, _MOST_BYTES
        if self._waiting:
            # In the end all workers shall be done at about the same time.
            seconds = self._seconds_for(self._waiting.first())
            room_s = min(_TASK_S, len(self._waiting) * seconds / (2 * self._jobs))
            if seconds > _SLOW_S and busy >= self._jobs:
                return []
        while self._waiting and len(taken) < _MOST_CHUNKS:
            one = self._waiting.first()
            seconds, size_bytes = self._seconds_for(one), len(one.task.chunk)
            if taken and (one.tries or seconds > room_s or size_bytes > room_bytes):
                break
            self._waiting.pop()
            room_s, room_bytes = room_s - seconds, room_bytes - size_bytes
            taken.append(one)
            if one.tries:
                break  # what cost a worker may cost one again, and is alone then
        return taken

    def finish(self, one: Pending, done: ChunkDone) -> bytes:
        """A worker is done with a chunk; returns its key, for which there is a result now."""
        number = one.task.processor
        before_s = self._seconds.get(number, done.took_s)
        self._seconds[number] = before_s + _WEIGHT * (done.took_s - before_s)
        if done.error:
            return self._settle(one.key, Outcome(error=done.error))
        outcome = find_outcome(done.record)
        if outcome is None:
            return self._settle(one.key, self._failure(one, UNREADABLE))
        if done.late_code:
            self._entries[one.key].late_code = done.late_code
            return self._settle(one.key, outcome._replace(is_certain=False))
        self._writes.add_result(one.key, done.record)
        return self._settle(one.key, outcome)

    def fail(self, rest: Sequence[Pending], error: PoolError) -> list[bytes]:
        """A task ended before these chunks were done, at the first of them.

        Returns the keys for which there is a result now.
        """
        if not rest or isinstance(error, WorkerSpoiled):
            self.put_back(rest)
            return []
        culprit, *others = rest
        self.put_back(others)
        # A process may die by no fault of the chunk: the system wanted its memory, say.
        if isinstance(error, WorkerDied) and not culprit.tries:
            self._waiting.push(culprit._replace(tries=1))
            return []
        return [self._settle(culprit.key, self._failure(culprit, str(error)))]

    def put_back(self, rest: Iterable[Pending]) -> None:
        """A task was lost before these chunks were done, by no fault of theirs."""
        for one in rest:
            self._waiting.push(one)

    def give_up(self, cause: str) -> list[bytes]:
        """There are no workers. Returns the keys of all for which there was no result yet."""
        self._waiting.clear()
        missing = [key for key, entry in self._entries.items() if entry.outcome is None]
        return [self._settle(key, Outcome(error=cause)) for key in missing]

    def _seconds_for(self, one: Pending) -> float:
        # Until it was measured a chunk is a task.
        return self._seconds.get(one.task.processor, _TASK_S)

    def _settle(self, key: bytes, outcome: Outcome) -> bytes:
        self._entries[key].outcome = outcome
        return key

    def _failure(self, one: Pending, cause: str) -> Outcome:
        return Outcome(error=f'processor "{self._processors[one.task.processor].name}": {cause}')
