"""Works out again, without the cache, what the cache holds of some files, and compares the two."""

import math
import os
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.audit.compare import Differing, compare_chunk_records, compare_records
from chunkflow.engine.audit.seen import seen_file
from chunkflow.engine.files import File, look
from chunkflow.engine.lookup import FileRecords
from chunkflow.engine.manifest import Manifest, signature_of
from chunkflow.engine.options import Cutting, RunOptions, RunProcessor, Wanted
from chunkflow.engine.reading import read_digest
from chunkflow.engine.records.files import FileRecord, contents_of, unpack
from chunkflow.engine.run import run_files
from chunkflow.errors import SourceError
from chunkflow.model.verification import Difference, Verification

# What is worked out is held in memory until it is compared.
_GROUP_FILES = 512
_GROUP_BYTES = 16 * 1024 * 1024
_NO_BOUND_BYTES = 1 << 62


class Sample(NamedTuple):
    """Which of the files are verified."""

    percent: float
    """Of those of which the cache holds all; at least one is."""
    seed: str
    """The same chooses the same files."""


class _Stored(NamedTuple):
    """A file of which the cache holds all, and the content that it is held for."""

    wanted: Wanted
    file: File
    digest: bytes


def verify_files(
    files: Sequence[Wanted], tiers: Tiers, options: RunOptions, cutting: Cutting, sample: Sample
) -> Verification:
    """Compare the records of some of the files, and the records of their chunks.

    The cache is only read, and what is in it is not moved.
    """
    return _Verifying(tiers, options, cutting).verify(files, sample)


class _Verifying:
    def __init__(self, tiers: Tiers, options: RunOptions, cutting: Cutting) -> None:
        self._tiers = tiers
        self._options = options
        self._cutting = cutting
        self._processors = options.processors
        self._records = FileRecords(tiers, options.processors)
        self._chunks = 0
        self._differences: list[Difference] = []
        self._failed: list[str] = []

    def verify(self, files: Sequence[Wanted], sample: Sample) -> Verification:
        stored = list(self._stored(files))
        chosen = _chosen(stored, sample)
        done = 0
        for group in _grouped(chosen):
            if self._options.should_stop():
                break
            self._verify_group(group, done, len(chosen))
            done += len(group)
        found = sorted(self._differences)
        return Verification(len(stored), done, self._chunks, tuple(found), tuple(self._failed))

    def _stored(self, files: Sequence[Wanted]) -> Iterator[_Stored]:
        """The files of which the cache would give all, as a run would see them."""
        manifest = Manifest(self._tiers, (wanted.path for wanted in files))
        clock_ns = self._options.clock_ns
        for wanted in files:
            try:
                file = look(wanted, manifest, clock_ns())
                if file is not None:
                    known = file.last_digest if file.unchanged else None
                    digest = known or read_digest(file.path, file.shown)
                    if self._cached(file, digest):
                        yield _Stored(wanted, file, digest)
            except SourceError as exc:
                self._failed.append(str(exc))

    def _cached(self, file: File, digest: bytes) -> list[FileRecord]:
        return _complete(self._tiers, self._records.keys(file, digest))

    def _verify_group(self, group: Sequence[_Stored], done: int, total: int) -> None:
        tell = self._options.progress
        options = self._options._replace(progress=lambda some, _all: tell(done + some, total))
        fresh = Tiers(MemoryTier(_NO_BOUND_BYTES), None, warn=options.warn)
        reports = run_files([one.wanted for one in group], fresh, options)
        errors = {report.path: report.error for report in reports}
        for one in group:
            error = errors.get(one.file.shown) or self._compare(one, fresh)
            if error is not None:
                self._failed.append(error)

    def _compare(self, one: _Stored, fresh: Tiers) -> str | None:
        """Compare what the cache has of a file with fresh records; or say why that cannot be."""
        file, keys = one.file, self._records.keys(one.file, one.digest)
        cached, found = _complete(self._tiers, keys), _complete(fresh, keys)
        if not cached:
            return None  # another process has just cleared it
        if not found:
            return self._other(one, is_same=bool(fresh.peek_many(keys)))
        self._chunks += max(record.chunks for record in found)
        for processor, before, now in zip(self._processors, cached, found, strict=True):
            differing = list(compare_records(before, now))
            if processor.expensive:
                differing += compare_chunk_records(self._tiers, processor, now)
            if differing:
                self._differences += self._placed(file, processor, differing)
        return None

    def _other(self, one: _Stored, *, is_same: bool) -> str | None:
        """What was worked out is not of the whole content that the cache was asked for."""
        shown = one.file.shown
        if is_same:
            return f"cannot verify {shown}: it could not be parsed in time; run again"
        if not one.file.unchanged or not _is_as_seen(one.file):
            return f"cannot verify {shown}: it has just changed; run again"
        self._differences.append(Difference(shown, "", 1, 1, "content"))
        return None

    def _placed(
        self, file: File, processor: RunProcessor, differing: Sequence[Differing]
    ) -> Iterator[Difference]:
        chunks = seen_file(file, processor, self._cutting).chunks
        lines = [(chunk.start_line, chunk.end_line) for chunk in chunks]
        whole = (1, lines[-1][1] if lines else 1)
        for index, what in differing:
            is_placed = index is not None and index < len(lines)
            start_line, end_line = lines[index] if is_placed and index is not None else whole
            yield Difference(file.shown, processor.name, start_line, end_line, what)


def _chosen(stored: Sequence[_Stored], sample: Sample) -> list[_Stored]:
    """The sample's share of the files, at least one if there is any, in their order."""
    count = min(len(stored), max(1, math.ceil(len(stored) * sample.percent / 100)))
    indexes = Random(sample.seed).sample(range(len(stored)), count)
    return [stored[index] for index in sorted(indexes)]


def _grouped(files: Sequence[_Stored]) -> Iterator[list[_Stored]]:
    group: list[_Stored] = []
    size_bytes = 0
    for one in files:
        group.append(one)
        size_bytes += one.file.signature.size_bytes
        if len(group) >= _GROUP_FILES or size_bytes >= _GROUP_BYTES:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group


def _complete(tiers: Tiers, keys: Sequence[bytes]) -> list[FileRecord]:
    """The records under all of these keys; none where a run could not go by them alone."""
    hits = tiers.peek_many(keys)
    found = [unpack(hits[key].payload) for key in keys if key in hits]
    records = [
        record
        for record in found
        if record is not None and record.complete and contents_of(record) is not None
    ]
    return records if len(records) == len(keys) else []


def _is_as_seen(file: File) -> bool:
    try:
        return signature_of(os.stat(file.path)) == file.signature
    except OSError:
        return False
