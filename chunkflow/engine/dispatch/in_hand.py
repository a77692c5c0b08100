"""Files that a worker has gone through, until there is a result for each of their chunks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeAlias

from chunkflow.engine.dispatch.chunk_work import ChunkWork, Result
from chunkflow.engine.dispatch.sent import Sent
from chunkflow.engine.messages import FileDone
from chunkflow.engine.records.drafts import Place, runs_of_places, unpack_run


class Missing(NamedTuple):
    """A chunk of a draft, and the key that its result has."""

    place: Place
    key: bytes


class Draft(NamedTuple):
    """What a file's record of one processor still lacks, and the results that it gets."""

    missing: Iterable[Missing]
    """In the order of the file; made anew each time that one goes through it."""
    results: dict[bytes, Result]


class _Packed:
    """The missing chunks of a draft; there may be so many that as objects they take 60 MB."""

    def __init__(self, places: bytes, keys: Callable[[Iterable[bytes]], list[bytes]]) -> None:
        self._runs = runs_of_places(places)
        self._keys = keys

    def __iter__(self) -> Iterator[Missing]:
        for run in self._runs:
            for place in unpack_run(run):
                (key,) = self._keys([bytes.fromhex(place.local_key)])
                yield Missing(place, key)


Drafts: TypeAlias = Mapping[int, Draft]
"""By the number of the processor; one whose record is complete has none."""

Ready: TypeAlias = Callable[[Sent, FileDone, Drafts], None]


class FilesInHand:
    """Waits for the chunks of files.

    Args:
        chunks: where results come from.
        ready: told of each file when all its results are there.
    """

    def __init__(self, chunks: ChunkWork, ready: Ready) -> None:
        self._chunks = chunks
        self._ready = ready

    def take(self, sent: Sent, done: FileDone) -> bool:
        """A worker has gone through a file; False if what it says cannot be understood."""
        try:
            drafts = {
                number: self._draft(number, part.missing)
                for number, part in enumerate(done.parts)
                if part.missing
            }
        except (ValueError, TypeError, LookupError):
            return False  # foreign code ran there
        if drafts:
            # Of no use any more, and there may be many who wait.
            sent = sent._replace(source=None)
            done = done._replace(parts=tuple(part._replace(missing=b"") for part in done.parts))
            _FileInHand(sent, done, drafts, self._ready).ask(self._chunks)
        else:
            self._ready(sent, done, drafts)
        return True

    def _draft(self, number: int, packed: bytes) -> Draft:
        missing = _Packed(packed, partial(self._chunks.keys, number))
        if not all(self._chunks.is_wanted(key) for _, key in missing):
            raise ValueError("there is a chunk that nobody was asked for")
        return Draft(missing, {})


class _FileInHand:
    def __init__(self, sent: Sent, done: FileDone, drafts: Drafts, ready: Ready) -> None:
        self._sent = sent
        self._done = done
        self._drafts = drafts
        self._ready = ready
        self._open = 0

    def ask(self, chunks: ChunkWork) -> None:
        asked = [
            (dict.fromkeys(key for _, key in draft.missing), partial(self._answer, draft))
            for draft in self._drafts.values()
        ]
        self._open = sum(len(keys) for keys, _ in asked)
        for keys, answer in asked:
            for key in keys:
                chunks.ask(key, answer)

    def _answer(self, draft: Draft, key: bytes, result: Result) -> None:
        draft.results[key] = result
        self._open -= 1
        if not self._open:
            self._ready(self._sent, self._done, self._drafts)
