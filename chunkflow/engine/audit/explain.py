"""Explains what a run would find in the cache for each chunk of a file, and why not."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product

from chunkflow.cache.keys import make_chunk_key, make_facts_key, make_file_key
from chunkflow.cache.tiers import Hit, Tiers
from chunkflow.engine.audit.nearest import Nearest, reasons_against
from chunkflow.engine.audit.seen import SeenChunk, SeenFile, seen_file
from chunkflow.engine.files import File, look
from chunkflow.engine.fingerprint_history import Fingerprint, unpack_fingerprints
from chunkflow.engine.manifest import Manifest
from chunkflow.engine.options import Cutting, RunProcessor, Wanted
from chunkflow.engine.records.chunks import unpack_chunk
from chunkflow.engine.records.files import FileRecord, contents_of, reusable, unpack
from chunkflow.errors import SourceError
from chunkflow.model.explanation import NEW, REPEATED, ChunkExplanation, FileExplanation


def explain_files(
    files: Iterable[Wanted],
    tiers: Tiers,
    processors: Sequence[RunProcessor],
    cutting: Cutting,
    *,
    clock_ns: Callable[[], int] = time.time_ns,
) -> list[FileExplanation]:
    """What a run of these processors would find now; nothing in the cache is moved or changed.

    A file that cannot be read has an `error`.
    """
    wanted = list(files)
    manifest = Manifest(tiers, (file.path for file in wanted))
    found = []
    for one in wanted:
        shown = one.shown
        try:
            file = look(one, manifest, clock_ns())
            if file is None:
                continue
            chunks = [
                told
                for processor in processors
                for told in _Explained(file, processor, tiers, cutting).chunks()
            ]
            found.append(FileExplanation(shown, tuple(chunks)))
        except SourceError as exc:
            found.append(FileExplanation(shown, error=str(exc)))
    return found


class _Explained:
    """One file and one processor."""

    def __init__(self, file: File, processor: RunProcessor, tiers: Tiers, cutting: Cutting) -> None:
        self._file = file
        self._processor = processor
        self._tiers = tiers
        self._seen: SeenFile = seen_file(file, processor, cutting)
        # What the file holds now, and what it held when it was last seen.
        self._digests = list(filter(None, dict.fromkeys((self._seen.digest, file.last_digest))))

    def chunks(self) -> Iterator[ChunkExplanation]:
        """An explanation a chunk."""
        chunks = self._seen.chunks
        nearest, tier = self._last()
        known = {} if nearest is None else reusable(nearest.record)
        tiers = dict.fromkeys(known, tier) | self._tiers_of_chunks(known)
        missing = self._missing(tiers)
        reasons = self._reasons(nearest, [index for index, is_first in missing.items() if is_first])
        for index, chunk in enumerate(chunks):
            if index in missing:
                yield self._told(chunk, None, reasons.get(index, (REPEATED,)))
            else:
                yield self._told(chunk, tiers[chunk.local_key], ())

    def _last(self) -> tuple[Nearest | None, str]:
        """The record that a run would begin with, and where it is."""
        keys = [self._file_key(self._processor.run, digest) for digest in self._digests]
        hits = self._tiers.peek_many(keys)
        for key in keys:
            record = _record(hits.get(key))
            if record is not None:
                return Nearest(record, is_same_content=key == keys[0]), hits[key].tier
        return None, ""

    def _tiers_of_chunks(self, known: Mapping[bytes, object]) -> dict[bytes, str]:
        """Where results of chunks are that have a record of their own, by local key."""
        if not self._processor.expensive:
            return {}
        asked = self._chunk_keys(known)
        hits = self._tiers.peek_many(list(asked))
        return {asked[key]: hit.tier for key, hit in hits.items() if unpack_chunk(hit.payload)}

    def _missing(self, tiers: Mapping[bytes, str]) -> dict[int, bool]:
        """The chunks without a result, by index, and whether each is the first of its text."""
        first: dict[bytes, int] = {}
        missing = {}
        for index, chunk in enumerate(self._seen.chunks):
            if chunk.local_key not in tiers:
                missing[index] = first.setdefault(chunk.local_key, index) == index
        return missing

    def _reasons(
        self, nearest: Nearest | None, missing: Sequence[int]
    ) -> dict[int, tuple[str, ...]]:
        reasons: dict[int, tuple[str, ...]] = dict.fromkeys(missing, (NEW,))
        if not missing:
            return reasons
        earlier = self._earlier()
        if nearest is None:
            nearest = self._nearest_of(earlier)
        if nearest is not None:
            reasons |= reasons_against(nearest, self._seen.chunks, missing)
        new = [index for index in missing if reasons[index] == (NEW,)]
        return reasons | self._reasons_elsewhere(earlier, new)

    def _earlier(self) -> list[tuple[tuple[str, ...], Fingerprint]]:
        """What earlier runs of the processor depended on, the most alike first."""
        key = make_facts_key(self._processor.name)
        hit = self._tiers.peek_many([key]).get(key)
        known = [] if hit is None else unpack_fingerprints(hit.payload)
        others = [facts for facts in known if facts.run != self._processor.run]
        told = ((_differing(facts.parts, self._processor.parts), facts) for facts in others)
        return sorted(told, key=lambda pair: len(pair[0]))

    def _nearest_of(self, earlier: Iterable[tuple[tuple[str, ...], Fingerprint]]) -> Nearest | None:
        """The record of this file that an earlier run made, one of the same content first."""
        asked = {
            self._file_key(facts.run, digest, facts.parts): (differing, digest)
            for digest, (differing, facts) in product(self._digests, earlier)
        }
        hits = self._tiers.peek_many(list(asked))
        for key, (differing, digest) in asked.items():
            record = _record(hits.get(key))
            if record is not None:
                return Nearest(record, differing, digest == self._seen.digest)
        return None

    def _reasons_elsewhere(
        self, earlier: Iterable[tuple[tuple[str, ...], Fingerprint]], missing: Iterable[int]
    ) -> dict[int, tuple[str, ...]]:
        """Of chunks that are new to the file: why what they had in another is not used."""
        found: dict[int, tuple[str, ...]] = {}
        if not self._processor.expensive:
            return found
        for differing, facts in earlier:
            asked = {
                make_chunk_key(facts.own, self._seen.chunks[index].local_key): index
                for index in missing
            }
            for key in self._tiers.peek_many(list(asked)):
                found.setdefault(asked[key], differing)
        return found

    def _file_key(self, run: bytes, digest: bytes, parts: Mapping[str, str] | None = None) -> bytes:
        file, context = self._file, self._processor.context
        if parts is not None:
            context = tuple(parts.get("declared_context", "").split())
        return make_file_key(run, file.language, digest, file.shown if "path" in context else None)

    def _chunk_keys(self, known: Mapping[bytes, object]) -> dict[bytes, bytes]:
        keys = (chunk.local_key for chunk in self._seen.chunks)
        return {make_chunk_key(self._processor.own, key): key for key in keys if key not in known}

    def _told(
        self, chunk: SeenChunk, tier: str | None, reasons: tuple[str, ...]
    ) -> ChunkExplanation:
        place = (chunk.start_line, chunk.end_line, chunk.digest.hex())
        name = self._processor.name
        return ChunkExplanation(name, chunk.kind, chunk.name, chunk.scope, *place, tier, reasons)


def _record(hit: Hit | None) -> FileRecord | None:
    """A record that a run could use."""
    record = None if hit is None else unpack(hit.payload)
    return None if record is None or contents_of(record) is None else record


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in now if before.get(name) != now[name])
