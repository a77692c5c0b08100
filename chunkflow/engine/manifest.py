"""The manifest: what was last seen of each file, a record a folder; it only saves reading.

No result depends on it. It is trusted as git trusts its index: a file whose times are not older
than the look that noted them may have changed since within one tick of the clock, so it is read
again.
"""

import os
from array import array
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from chunkflow.cache.keys import DIGEST_BYTES, manifest_key
from chunkflow.cache.tiers import Tiers
from chunkflow.model.framing import join, split

_TICK_NS = 100_000_000
# File systems that keep whole seconds (two, for FAT) show it by times without a fraction.
_COARSE_TICK_NS = 2_000_000_000
_SECOND_NS = 1_000_000_000
_NUMBERS = 4
_INODE_MASK = (1 << 63) - 1
_EARLIEST_NS = -(1 << 63)


class Signature(NamedTuple):
    """What the file system says of a file; another one means that it may have changed."""

    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class Seen(NamedTuple):
    """A file's content when it had a signature."""

    signature: Signature
    digest: bytes


_NEVER = Signature(-1, 0, 0, 0)


def signature_of(stat: os.stat_result) -> Signature:
    """The signature in a stat result."""
    return Signature(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino & _INODE_MASK)


def settled(signature: Signature, looked_ns: int) -> Signature:
    """The signature, or one that no file has where a change could go unnoticed by it.

    Args:
        signature: as it was when looked at.
        looked_ns: the time of that look, nanoseconds since the epoch.
    """
    times_ns = (signature.mtime_ns, signature.ctime_ns)
    is_coarse = not any(time_ns % _SECOND_NS for time_ns in times_ns)
    before_ns = looked_ns - (_COARSE_TICK_NS if is_coarse else _TICK_NS)
    # A time may be set to anything, to one that the record has no room for too.
    is_settled = all(_EARLIEST_NS <= time_ns < before_ns for time_ns in times_ns)
    return signature if is_settled else _NEVER


class Manifest:
    """What was seen of the files of some folders, and what is seen now."""

    def __init__(self, tiers: Tiers, paths: Iterable[str]) -> None:
        """Read what is known of the absolute `paths`, in one go."""
        self._tiers = tiers
        keys = {manifest_key(folder): folder for folder in {_split(path)[0] for path in paths}}
        self._folders: dict[str, dict[str, Seen]] = {folder: {} for folder in keys.values()}
        self._changed: set[str] = set()
        for key, hit in tiers.get_many(list(keys)).items():
            self._folders[keys[key]] = _unpack(hit.payload)

    def __bool__(self) -> bool:
        return any(self._folders.values())

    def seen(self, path: str) -> Seen | None:
        """What was last seen of an absolute path that was named when this was made."""
        folder, name = _split(path)
        return self._folders[folder].get(name)

    def note(self, path: str, seen: Seen) -> None:
        """Keep what is seen now; written by `save`."""
        folder, name = _split(path)
        entries = self._folders[folder]
        if entries.get(name) != seen:
            entries[name] = seen
            self._changed.add(folder)

    def forget(self, path: str) -> None:
        """The file is gone."""
        folder, name = _split(path)
        if self._folders[folder].pop(name, None) is not None:
            self._changed.add(folder)

    def forget_gone(self) -> int:
        """Forget the files that are not there any more; returns how many they were."""
        gone = [
            path
            for folder, entries in self._folders.items()
            for path in (os.path.join(folder, name) for name in entries)
            if not os.path.lexists(path)
        ]
        for path in gone:
            self.forget(path)
        return len(gone)

    def save(self) -> None:
        """Write the folders in which anything changed; nothing where nothing did."""
        if self._changed:
            self._tiers.put_many(
                [(manifest_key(f), _pack(self._folders[f])) for f in sorted(self._changed)]
            )
            self._changed.clear()


def _split(path: str) -> tuple[str, str]:
    """The folder and the name of an absolute path; much quicker than what `os.path` has."""
    folder, _, name = path.rpartition("/")
    return folder or "/", name


def _pack(entries: Mapping[str, Seen]) -> bytes:
    names: Collection[str] = sorted(entries)
    numbers = array("q", [n for name in names for n in entries[name].signature])
    return join(
        [
            "\0".join(names).encode("utf-8", "surrogateescape"),
            numbers.tobytes(),
            b"".join(entries[name].digest for name in names),
        ]
    )


def _unpack(payload: bytes) -> dict[str, Seen]:
    try:
        raw_names, raw_numbers, digests = split(payload)
        names = raw_names.decode("utf-8", "surrogateescape").split("\0")
        numbers = array("q", raw_numbers).tolist()
    except ValueError:
        return {}
    if len(numbers) != len(names) * _NUMBERS or len(digests) != len(names) * DIGEST_BYTES:
        return {}
    each = iter(numbers)
    signatures = map(Signature._make, zip(each, each, each, each, strict=True))
    places = range(0, len(digests), DIGEST_BYTES)
    seen = map(Seen, signatures, (digests[at : at + DIGEST_BYTES] for at in places))
    return dict(zip(names, seen, strict=True))
