"""Files that a worker has gone through, until there is a result for each of their chunks."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, TypeAlias

from chunkflow.engine.chunk_work import ChunkWork, Result
from chunkflow.engine.draft import Place, unpack_places
from chunkflow.engine.messages import FileDone
from chunkflow.engine.sent import Sent


class Missing(NamedTuple):
    """A chunk of a draft, and the key that its result has."""

    place: Place
    key: bytes


class Draft(NamedTuple):
    """What a file's record of one processor still lacks, and the results that it gets."""

    missing: list[Missing]
    results: dict[bytes, Result]


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
                number: self._draft(number, sent, part.missing)
                for number, part in enumerate(done.parts)
                if part.missing
            }
        except (ValueError, TypeError, LookupError):
            return False  # foreign code ran there
        sent = sent._replace(source=None)  # of no use any more, and there may be many who wait
        if drafts:
            _FileInHand(sent, done, drafts, self._ready).ask(self._chunks)
        else:
            self._ready(sent, done, drafts)
        return True

    def _draft(self, number: int, sent: Sent, packed: bytes) -> Draft:
        places = unpack_places(packed)
        local_keys = [bytes.fromhex(place.local_key) for place in places]
        keys = self._chunks.keys(number, sent.file.language, local_keys)
        if not all(map(self._chunks.is_wanted, keys)):
            raise ValueError("there is a chunk that nobody was asked for")
        return Draft([Missing(*pair) for pair in zip(places, keys, strict=True)], {})


class _FileInHand:
    def __init__(self, sent: Sent, done: FileDone, drafts: Drafts, ready: Ready) -> None:
        self._sent = sent
        self._done = done
        self._drafts = drafts
        self._ready = ready
        self._open = 0

    def ask(self, chunks: ChunkWork) -> None:
        asked = [
            (draft, key)
            for draft in self._drafts.values()
            for key in dict.fromkeys(missing.key for missing in draft.missing)
        ]
        self._open = len(asked)
        for draft, key in asked:
            chunks.ask(key, partial(self._answer, draft))

    def _answer(self, draft: Draft, key: bytes, result: Result) -> None:
        draft.results[key] = result
        self._open -= 1
        if not self._open:
            self._ready(self._sent, self._done, self._drafts)
