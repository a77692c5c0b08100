"""Chunks on which expensive processors are to be called: each once, the largest first.

A chunk is known by its key, wherever it stands. What the cache holds is not called for again; what
is being worked on is waited for; every result is stored as soon as it is there.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from chunkflow.cache.keys import make_chunk_key
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.dispatch.waiting import Pending, Waiting
from chunkflow.engine.messages import ChunkDone, ChunkTask
from chunkflow.engine.plan import RunProcessor
from chunkflow.engine.records.chunks import unpack_chunk
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
# Results that come faster share a transaction.
_STORE_S = 0.01
# How much the last measurement counts.
_WEIGHT = 0.2


class Result(NamedTuple):
    """What a processor said of a chunk, and how that is known."""

    outcome: Outcome
    tier: str
    """Where it was found; empty for the first who asked for what was called."""


Asker = Callable[[bytes, Result], None]
"""Told the key of a chunk and its result."""


class _Entry:
    """A chunk that somebody wants."""

    __slots__ = ("askers", "claims", "is_charged", "outcome", "tier")

    def __init__(self, outcome: Outcome | None, tier: str) -> None:
        self.outcome = outcome
        self.tier = tier
        self.is_charged = False
        self.claims = 0
        self.askers: tuple[Asker, ...] = ()  # an empty list each would take 8 MB of a large file

    def tell(self, key: bytes, asker: Asker) -> None:
        assert self.outcome is not None
        tier = self.tier or ("l1" if self.is_charged else "")
        self.is_charged = True
        asker(key, Result(self.outcome, tier))


class ChunkWork:
    """What expensive processors have to do in a run, between files, cache and workers.

    Args:
        processors: of the run.
        tiers: where chunk records are kept.
        jobs: how many workers there may be.
        clock_s: any clock that never goes back.
    """

    def __init__(
        self,
        processors: Sequence[RunProcessor],
        tiers: Tiers,
        *,
        jobs: int,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._processors = processors
        self._tiers = tiers
        self._jobs = jobs
        self._entries: dict[bytes, _Entry] = {}
        self._claimed: dict[int, list[bytes]] = {}
        self._waiting = Waiting()
        self._is_draining = False
        # Seconds that each processor takes for a chunk, once one was measured.
        self._seconds: dict[int, float] = {}
        self.late_code: dict[int, dict[str, str]] = {}
        """By the number of a processor: what it loaded that its key does not have."""
        self._unstored: list[tuple[bytes, bytes]] = []
        self._clock_s = clock_s
        self._stored_s = clock_s()

    @property
    def is_full(self) -> bool:
        """Whether so much waits that no more is to be looked for."""
        if self._is_draining:
            self._is_draining = bool(self._waiting)
        else:
            self._is_draining = self._waiting.size_bytes > _FULL_BYTES
        return self._is_draining

    def keys(self, number: int, local_keys: Iterable[bytes]) -> list[bytes]:
        """The keys of chunks, for the processor of that number."""
        own = self._processors[number].own
        return [make_chunk_key(own, local_key) for local_key in local_keys]

    def want(self, owner: int, tasks: Iterable[ChunkTask]) -> None:
        """See to it that there will be a result for each chunk.

        Args:
            owner: for whom results are held until it lets go of them.
            tasks: the chunks.
        """
        keyed = {self.keys(task.processor, [task.local_key])[0]: task for task in tasks}
        self.store()  # or a result that waits for others to be stored with would not be found
        hits = self._tiers.get_many([key for key in keyed if key not in self._entries])
        for key, task in keyed.items():
            if key not in self._entries:
                hit = hits.get(key)
                outcome = None if hit is None else unpack_chunk(hit.payload)
                known = hit is not None and outcome is not None
                self._entries[key] = _Entry(outcome, hit.tier if known and hit else "")
                if outcome is None:
                    self._waiting.push(Pending(key, task))
            self._entries[key].claims += 1
            self._claimed.setdefault(owner, []).append(key)

    def is_wanted(self, key: bytes) -> bool:
        """Whether there is or will be a result for it."""
        return key in self._entries

    def let_go(self, owner: int) -> None:
        """Hold nothing any longer for an owner."""
        for key in self._claimed.pop(owner, ()):
            self._entries[key].claims -= 1
            self._drop(key)

    def ask(self, key: bytes, asker: Asker) -> None:
        """Tell the asker the result for a chunk that is wanted: now, or when it is there."""
        entry = self._entries[key]
        if entry.outcome is None:
            entry.askers = (*entry.askers, asker)
        else:
            entry.tell(key, asker)

    def next(self, busy: int) -> list[Pending]:
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

    def take(self, one: Pending, done: ChunkDone) -> None:
        """A worker is done with a chunk."""
        number = one.task.processor
        before_s = self._seconds.get(number, done.took_s)
        self._seconds[number] = before_s + _WEIGHT * (done.took_s - before_s)
        if done.error:
            self._settle(one.key, Outcome(error=done.error))
            return
        outcome = unpack_chunk(done.record)
        if outcome is None:
            self._settle(one.key, self._error(one, "the worker's answer cannot be read"))
            return
        if done.late_code:
            # A processor's first one is noted before anything of this can be looked for.
            self.late_code.setdefault(number, {}).update(done.late_code)
            self._settle(one.key, outcome._replace(is_certain=False))
            return
        self._unstored.append((one.key, done.record))
        if self._clock_s() - self._stored_s >= _STORE_S:
            self.store()
        self._settle(one.key, outcome)

    def fail(self, rest: Sequence[Pending], error: PoolError) -> None:
        """A task ended before these chunks were done, at the first of them."""
        if not rest:
            return
        if isinstance(error, WorkerSpoiled):
            self.put_back(rest)
            return
        culprit, *others = rest
        # A process may die by no fault of the chunk: the system wanted its memory, say.
        if isinstance(error, WorkerDied) and not culprit.tries:
            self._waiting.push(culprit._replace(tries=1))
        else:
            self._settle(culprit.key, self._error(culprit, str(error)))
        self.put_back(others)

    def put_back(self, rest: Iterable[Pending]) -> None:
        """A task was lost before these chunks were done, by no fault of theirs."""
        for one in rest:
            self._waiting.push(one)

    def give_up(self, cause: str) -> None:
        """There are no workers: nobody gets what is not there yet."""
        self._waiting.clear()
        for key, entry in list(self._entries.items()):
            if entry.outcome is None:
                self._settle(key, Outcome(error=cause))

    def store(self) -> None:
        """Store the results that are not stored yet."""
        if self._unstored:
            self._tiers.put_many(self._unstored)
            self._unstored.clear()
        self._stored_s = self._clock_s()

    def _seconds_for(self, one: Pending) -> float:
        # Until it was measured a chunk is a task.
        return self._seconds.get(one.task.processor, _TASK_S)

    def _settle(self, key: bytes, outcome: Outcome) -> None:
        entry = self._entries[key]
        entry.outcome = outcome
        askers, entry.askers = entry.askers, ()
        for asker in askers:
            entry.tell(key, asker)
        self._drop(key)

    def _drop(self, key: bytes) -> None:
        entry = self._entries[key]
        if entry.outcome is not None and not entry.claims:
            del self._entries[key]

    def _error(self, one: Pending, cause: str) -> Outcome:
        return Outcome(error=f'processor "{self._processors[one.task.processor].name}": {cause}')
