"""Files that a worker has gone through, until there is a result for each of their chunks."""

from collections.abc import Iterator
from typing import NamedTuple

from chunkflow.engine.chunk_queue import ChunkAnswer, ChunkQueue
from chunkflow.engine.files import File
from chunkflow.engine.lookup import NOTHING_PREVIOUS, Previous
from chunkflow.engine.messages import FileDone
from chunkflow.engine.records.drafts import Place, runs_of_places, unpack_run


class FileJob(NamedTuple):
    """A file on its way to a worker."""

    file: File
    source: bytes | None = None
    """None where the worker reads it: nothing is stored yet that it could be known by, or it is
    large."""
    previous: Previous = NOTHING_PREVIOUS
    tries: int = 0
    """How often it was sent alone."""
    apart: bool = False
    """Whether every user's function is called chunk by chunk."""


class Missing(NamedTuple):
    """A chunk of a draft, and the key of its result."""

    place: Place
    key: bytes


class Draft:
    """What a file's record of one processor still lacks, and the results that it gets.

    The missing chunks are packed: there may be so many that as objects they take 60 MB.
    """

    def __init__(self, number: int, places: bytes, queue: ChunkQueue) -> None:
        self._number = number
        self._runs = runs_of_places(places)
        self._queue = queue
        self.results: dict[bytes, ChunkAnswer] = {}

    def missing(self) -> Iterator[Missing]:
        """The missing chunks in the order of the file."""
        for run in self._runs:
            for place in unpack_run(run):
                yield Missing(place, self._queue.key(self._number, bytes.fromhex(place.local_key)))


class CutFile:
    """A file that a worker has gone through, with what its records still lack."""

    def __init__(self, job: FileJob, done: FileDone, queue: ChunkQueue) -> None:
        self.job = job
        self.done = done
        self.drafts = {
            number: Draft(number, part.missing, queue)
            for number, part in enumerate(done.parts)
            if part.missing
        }
        """By the number of the processor; one whose record is complete has none."""
        self.open = 0
        """How many results are not there yet."""


class PendingFiles:
    """Collects results for the files that wait for them.

    Args:
        queue: where results come from.
    """

    def __init__(self, queue: ChunkQueue) -> None:
        self._queue = queue
        # By key; tuples, as lists would take 8 MB for a large file.
        self._waiting: dict[bytes, tuple[tuple[CutFile, Draft], ...]] = {}

    def add(self, job: FileJob, done: FileDone) -> CutFile | None:
        """Take a file; returns it if all its results are there.

        Raises:
            ValueError: what the worker says of it cannot be understood; `TypeError` and
                `LookupError` likewise.
        """
        cut = CutFile(job, done, self._queue)
        if not cut.drafts:
            return cut
        for draft in cut.drafts.values():
            if not all(self._queue.is_wanted(key) for _, key in draft.missing()):
                raise ValueError("there is a chunk that nobody was asked for")
        # Of no use any more, and there may be many who wait.
        cut.job = job._replace(source=None)
        cut.done = done._replace(parts=tuple(p._replace(missing=b"") for p in done.parts))
        for draft in cut.drafts.values():
            for key in dict.fromkeys(key for _, key in draft.missing()):
                self._ask(key, cut, draft)
        return None if cut.open else cut

    def settle(self, key: bytes) -> list[CutFile]:
        """There is a result for a chunk; returns the files that have all of theirs now."""
        ready = []
        for cut, draft in self._waiting.pop(key, ()):
            result = self._queue.result(key)
            assert result is not None
            draft.results[key] = result
            cut.open -= 1
            if not cut.open:
                ready.append(cut)
        self._queue.drop_unclaimed(key)
        return ready

    def _ask(self, key: bytes, cut: CutFile, draft: Draft) -> None:
        result = self._queue.result(key)
        if result is not None:
            draft.results[key] = result
        else:
            cut.open += 1
            self._waiting[key] = (*self._waiting.get(key, ()), (cut, draft))
