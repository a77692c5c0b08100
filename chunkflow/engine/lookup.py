"""Looks up the records of files, for every processor of a run at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chunkflow.cache.keys import make_file_key
from chunkflow.cache.tiers import Hit, Tiers
from chunkflow.engine.files import File
from chunkflow.engine.options import RunProcessor
from chunkflow.engine.records.files import Contents
from chunkflow.engine.reuse import find_contents


class Known(NamedTuple):
    """All that a report needs of a file, found in the cache."""

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


class FileRecords:
    """The file records of a run's processors."""

    def __init__(
        self, tiers: Tiers, processors: Sequence[RunProcessor], *, with_values: bool = True
    ) -> None:
        self._tiers = tiers
        self._processors = processors
        self._with_values = with_values
        # Where what is asked for twice in a run was found first; then it is in memory.
        self._first_tiers: dict[bytes, str] = {}

    def keys(self, file: File, digest: bytes) -> list[bytes]:
        """The key of a file's record, one a processor."""
        return [
            make_file_key(p.run, file.language, digest, file.shown if p.sees_path else None)
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
                found[file.path] = Known(digest, contents, hits[keys[0]].tier)
            else:
                for key in hits.keys() & set(keys):
                    self._first_tiers.setdefault(key, hits[key].tier)
        return found

    def find_previous(self, wanted: Iterable[tuple[File, bytes]]) -> dict[str, Previous]:
        """Records in which results of chunks may be found, by path; files have the digests given.

        For each processor it is the record of this content, which has all but what failed, or that
        of what the file last held.
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
            contents = hit and find_contents(hit.payload, with_values=self._with_values)
            if contents is None:
                return None
            found.append(contents)
        return tuple(found)
