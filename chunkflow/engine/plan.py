"""What is known of each file before anything is processed: from the manifest and from records."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chunkflow.cache.keys import content_digest, file_key
from chunkflow.cache.tiers import Hit, Tiers
from chunkflow.engine.file_record import FileRecord, unpack
from chunkflow.engine.manifest import Manifest, Signature, settled, signature_of
from chunkflow.engine.reading import check_regular, read_source, reason_of
from chunkflow.errors import SourceError
from chunkflow.syntax.suffixes import language_of


class RunProcessor(NamedTuple):
    """A processor as the keys see it."""

    name: str
    settings: dict[str, object]
    run: bytes
    """`run_fingerprint` of it."""
    sees_path: bool


class File(NamedTuple):
    """A file of the run, and what was last seen of it."""

    shown: str
    path: str
    """Absolute."""
    language: str
    signature: Signature
    looked_ns: int
    last_digest: bytes | None
    """Of the content that it had when it was last seen."""
    unchanged: bool
    """Whether the signature says that it still has that content."""


class Known(NamedTuple):
    """All that a report needs of a file, found in the cache."""

    file: File
    digest: bytes
    records: tuple[FileRecord, ...]
    tier: str


class Unreadable(NamedTuple):
    """A file that cannot be processed, and why."""

    shown: str
    reason: str


def look(
    shown: str, path: str, manifest: Manifest, looked_ns: int, *, named: bool
) -> File | None:
    """Stat a file and compare it with the manifest.

    Returns None where a file that was found, not named, is gone or is no file after all.

    Raises:
        SourceError: a named file is not there, or not a regular file of a known language.
    """
    try:
        language = language_of(path)
        if language is None:
            raise SourceError(f"cannot read {shown}: unknown language; name a TypeScript file")
        found = _stat(path, shown)
        check_regular(found, shown)
    except SourceError:
        manifest.forget(path)
        if named or os.path.isfile(path):
            raise
        return None
    signature = signature_of(found)
    seen = manifest.seen(path)
    unchanged = seen is not None and seen.signature == signature
    last = None if seen is None else seen.digest
    return File(shown, path, language, signature, looked_ns, last, unchanged)


def _stat(path: str, shown: str) -> os.stat_result:
    try:
        return os.stat(path)
    except (OSError, ValueError) as exc:
        reason = "it is a broken symbolic link" if os.path.islink(path) else reason_of(exc)
        raise SourceError(f"cannot read {shown}: {reason}") from exc


class Records:
    """Looks file records up, for every processor of the run at once."""

    def __init__(self, tiers: Tiers, processors: Sequence[RunProcessor]) -> None:
        self._tiers = tiers
        self._processors = processors

    def keys(self, file: File, digest: bytes) -> list[bytes]:
        """The key of a file's record, a processor each."""
        return [
            file_key(p.run, file.language, digest, file.shown if p.sees_path else None)
            for p in self._processors
        ]

    def find(self, wanted: Iterable[tuple[File, bytes]]) -> dict[str, Known]:
        """What is known in full of files with these digests, by path; one bulk read."""
        asked = [(file, digest, self.keys(file, digest)) for file, digest in wanted]
        hits = self._tiers.get_many([key for _, _, keys in asked for key in keys])
        found = {}
        for file, digest, keys in asked:
            known = _complete(file, digest, keys, hits)
            if known is not None:
                found[file.path] = known
        return found

    def previous(self, files: Iterable[File]) -> dict[str, tuple[list[bytes], str]]:
        """The packed records of what files last held, by path, and the tier of the first."""
        asked = [(f.path, self.keys(f, f.last_digest)) for f in files if f.last_digest is not None]
        hits = self._tiers.get_many([key for _, keys in asked for key in keys])
        found = {}
        for path, keys in asked:
            there = [hits[key] for key in keys if key in hits]
            if there:
                payloads = [hits[key].payload if key in hits else b"" for key in keys]
                found[path] = (payloads, there[0].tier)
        return found


def _complete(
    file: File, digest: bytes, keys: Sequence[bytes], hits: Mapping[bytes, Hit]
) -> Known | None:
    records = []
    for key in keys:
        hit = hits.get(key)
        record = unpack(hit.payload) if hit is not None else None
        if record is None or not record.complete:
            return None
        records.append(record)
    return Known(file, digest, tuple(records), hits[keys[0]].tier)


def read_and_digest(file: File) -> tuple[bytes, bytes]:
    """A file's bytes and their digest.

    Raises:
        SourceError: it cannot be read.
    """
    source = read_source(file.path, file.shown)
    return source, content_digest(source)


def noted(file: File) -> Signature:
    """The signature to keep for a file: none that a change could hide behind."""
    return settled(file.signature, file.looked_ns)
