"""What is known of each file before anything is processed: from the manifest and from records."""

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chunkflow.cache.keys import content_digest, file_key
from chunkflow.cache.tiers import Hit, Tiers
from chunkflow.engine.manifest import Manifest, Signature, settled, signature_of
from chunkflow.engine.reading import (
    bytes_to_hold,
    check_regular,
    read_digest,
    read_source,
)
from chunkflow.engine.records.files import Contents, contents_of, unpack
from chunkflow.errors import SourceError, describe_os_error
from chunkflow.syntax.suffixes import language_of


class RunProcessor(NamedTuple):
    """A processor as the keys see it."""

    name: str
    run: bytes
    """`fingerprint` of it and of how files are cut; keys of files hold it."""
    sees_path: bool
    max_chunk_bytes: int | None = None
    expensive: bool = False
    """Whether it is called chunk by chunk, and each result has a record."""
    trusted: bool = True
    """Whether it can do no harm: such a one may run in the run's own process."""
    context: tuple[str, ...] = ()
    """What it sees besides the chunk."""
    parts: Mapping[str, str] = {}
    """What `run` is made of, by name; each is only ever compared."""
    alone: bool = False
    """Whether it sees each chunk by itself."""
    own: bytes = b""
    """`fingerprint` of it alone; keys of chunks hold it."""
    described: str = ""
    """Of a user's function its `Description`, encoded."""
    base: bytes = b""
    """Of a user's function the `fingerprint` without code that was seen to be loaded late."""


class Cutting(NamedTuple):
    """How files are cut, as far as it is not the processor's to say."""

    suites: tuple[str, ...]
    """The names that make a call a test suite."""
    streaming_bytes: int | None
    """A larger file is held in windows."""


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
    contents: tuple[Contents, ...]
    """One a processor."""
    tier: str


class Previous(NamedTuple):
    """Packed records in which results for a file's chunks may be found."""

    records: tuple[bytes, ...]
    """One a processor; empty where there is none."""
    tier: str
    """Of the first one."""


NOTHING_PREVIOUS = Previous((), "l3")


def look(shown: str, path: str, manifest: Manifest, looked_ns: int, *, named: bool) -> File | None:
    """Stat a file and compare it with the manifest.

    Returns None where a file that was found, not named, is gone or is no file after all.

    Raises:
        SourceError: a named file is not there, or not a regular file of a known language.
    """
    language = language_of(path)
    if language is None:
        raise SourceError(f"cannot read {shown}: unknown language; name a TypeScript file")
    found = _stat(path, shown, named=named)
    if found is None:
        manifest.forget(path)
        return None
    signature = signature_of(found)
    seen = manifest.seen(path)
    if seen is None:
        return File(shown, path, language, signature, looked_ns, None, False)
    known, digest = seen
    return File(shown, path, language, signature, looked_ns, digest, known == signature)


def _stat(path: str, shown: str, *, named: bool) -> os.stat_result | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError) as exc:
        is_gone = isinstance(exc, FileNotFoundError | NotADirectoryError)
        if is_gone and not named:
            return None
        is_link = is_gone and os.path.islink(path)
        reason = "it is a link to nothing" if is_link else describe_os_error(exc)
        raise SourceError(f"cannot read {shown}: {reason}") from exc
    if not stat.S_ISREG(found.st_mode):
        if not named:
            return None
        check_regular(found, shown)
    return found


class Records:
    """Looks file records up, for every processor of the run at once."""

    def __init__(
        self, tiers: Tiers, processors: Sequence[RunProcessor], *, with_values: bool = True
    ) -> None:
        self._tiers = tiers
        self._processors = processors
        self._with_values = with_values
        # Where what is asked for twice in a run was found first; then it is in memory.
        self._first_tiers: dict[bytes, str] = {}

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
            contents = self._complete(keys, hits)
            if contents is not None:
                found[file.path] = Known(file, digest, contents, hits[keys[0]].tier)
            else:
                for key in hits.keys() & set(keys):
                    self._first_tiers.setdefault(key, hits[key].tier)
        return found

    def previous(self, wanted: Iterable[tuple[File, bytes]]) -> dict[str, Previous]:
        """What serves files of which not all is known, by path; they have the digests given.

        For each processor it is the record of this content, which has all but what failed, or
        that of what the file last held.
        """
        asked = [
            (file.path, self.keys(file, digest), self.keys(file, file.last_digest or digest))
            for file, digest in wanted
        ]
        hits = self._tiers.get_many([key for _, now, last in asked for key in (*now, *last)])
        found = {}
        for path, now, last in asked:
            keys = [a if a in hits else b for a, b in zip(now, last, strict=True)]
            first = next((key for key in keys if key in hits), None)
            if first is not None:
                records = tuple(hits[key].payload if key in hits else b"" for key in keys)
                found[path] = Previous(records, self._first_tiers.get(first, hits[first].tier))
        return found

    def _complete(
        self, keys: Sequence[bytes], hits: Mapping[bytes, Hit]
    ) -> tuple[Contents, ...] | None:
        found = []
        for key in keys:
            hit = hits.get(key)
            record = unpack(hit.payload) if hit is not None else None
            if record is None or not record.complete:
                return None
            contents = contents_of(record, with_values=self._with_values)
            if contents is None:
                return None
            found.append(contents)
        return tuple(found)


def read_and_digest(file: File, streaming_bytes: int | None) -> tuple[bytes | None, bytes]:
    """A file's bytes and their digest; of a file too large to be held the digest alone.

    Raises:
        SourceError: it cannot be read.
    """
    if file.signature.size_bytes > bytes_to_hold(streaming_bytes):
        return None, read_digest(file.path, file.shown)
    source = read_source(file.path, file.shown)
    return source, content_digest(source)


def noted(file: File) -> Signature:
    """The signature to keep for a file: none that a change could hide behind."""
    return settled(file.signature, file.looked_ns)
