"""The manifest: what was last seen of each file, a record a folder; it only saves reading.

No result depends on it. It is trusted as git trusts its index: a file whose times are not older
than the look that noted them may have changed since within one tick of the clock, so it is read
again.
"""

import os
from array import array
from collections.abc import Iterable
from typing import NamedTuple

from chunkflow.cache.keys import DIGEST_BYTES, make_manifest_key
from chunkflow.cache.tiers import Tiers
from chunkflow.model.framing import join, split

_TICK_NS = 100_000_000
# File systems that keep whole seconds (two, for FAT) show it by times without a fraction.
_COARSE_TICK_NS = 2_000_000_000
_SECOND_NS = 1_000_000_000
_NUMBERS = 4
_INODE_MASK = (1 << 63) - 1
_EARLIEST_NS = -(1 << 63)
# Of all others there is only the record: a file takes 60 bytes there, and 200 where it is open.
# As files come by path, this is as many as can be half done, unless folders are deeper.
_OPEN_FOLDERS = 128


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


def settle_signature(signature: Signature, looked_ns: int) -> Signature:
    """The signature, or one that no file has where a change could go unnoticed by it.

    Args:
        signature: as it was when looked at.
        looked_ns: the time of that look, nanoseconds since the epoch.
    """
    mtime_ns, ctime_ns = signature.mtime_ns, signature.ctime_ns
    is_coarse = not (mtime_ns % _SECOND_NS or ctime_ns % _SECOND_NS)
    before_ns = looked_ns - (_COARSE_TICK_NS if is_coarse else _TICK_NS)
    # A time may be set to anything, to one that the record has no room for too.
    if _EARLIEST_NS <= mtime_ns < before_ns and _EARLIEST_NS <= ctime_ns < before_ns:
        return signature
    return _NEVER


class Manifest:
    """What was seen of the files of some folders, and what is seen now."""

    def __init__(self, tiers: Tiers, paths: Iterable[str]) -> None:
        """Read what is known of the absolute `paths`, in one go."""
        self._tiers = tiers
        keys = {make_manifest_key(folder): folder for folder in {_split(path)[0] for path in paths}}
        self._records = dict.fromkeys(keys.values(), b"")
        # The last used is last.
        self._open: dict[str, _Folder] = {}
        self._changed: set[str] = set()
        for key, hit in tiers.get_many(list(keys)).items():
            self._records[keys[key]] = hit.payload

    def __bool__(self) -> bool:
        return any(self._opened(folder).places for folder in self._records)

    def seen(self, path: str) -> Seen | None:
        """What was last seen of an absolute path that was named when this was made."""
        folder, name = _split(path)
        return self._opened(folder).seen(name)

    def note(self, path: str, seen: Seen) -> None:
        """Keep what is seen now; written by `save`. A digest of another length is none."""
        if len(seen.digest) != DIGEST_BYTES:
            return  # it came from where foreign code ran, and would move those of other files
        folder, name = _split(path)
        entries = self._opened(folder)
        if entries.seen(name) != seen:
            entries.note(name, seen)
            self._changed.add(folder)

    def forget(self, path: str) -> None:
        """The file is gone."""
        folder, name = _split(path)
        if self._opened(folder).places.pop(name, None) is not None:
            self._changed.add(folder)

    def forget_gone(self) -> int:
        """Forget the files that are not there any more; returns how many they were."""
        gone = [
            path
            for folder in self._records
            for path in (os.path.join(folder, name) for name in self._opened(folder).places)
            if not os.path.lexists(path)
        ]
        for path in gone:
            self.forget(path)
        return len(gone)

    def save(self) -> None:
        """Write the folders in which anything changed; nothing where nothing did."""
        if self._changed:
            for folder in self._changed & self._open.keys():
                self._records[folder] = self._open[folder].packed()
            self._tiers.put_many(
                [
                    (make_manifest_key(folder), self._records[folder])
                    for folder in sorted(self._changed)
                ]
            )
            self._changed.clear()

    def _opened(self, folder: str) -> "_Folder":
        entries = self._open.pop(folder, None)
        if entries is None:
            if len(self._open) >= _OPEN_FOLDERS:
                self._close(next(iter(self._open)))
            entries = _Folder.unpacked(self._records[folder])
        self._open[folder] = entries
        return entries

    def _close(self, folder: str) -> None:
        entries = self._open.pop(folder)
        if folder in self._changed:
            self._records[folder] = entries.packed()


class _Folder:
    """What was seen of a folder's files, side by side in columns: a `Seen` each is twice as large.

    Args:
        names: of the files.
        numbers: the signatures, one after the other.
        digests: likewise.
    """

    def __init__(self, names: Iterable[str], numbers: "array[int]", digests: bytes) -> None:
        self.places = {name: place for place, name in enumerate(names)}
        """Name → place in the columns; what is nobody's place is left out of the record."""
        self._numbers = numbers
        self._digests = bytearray(digests)

    @classmethod
    def unpacked(cls, record: bytes) -> "_Folder":
        """What a record holds; nothing where it is of another shape."""
        numbers = array("q")
        try:
            raw_names, raw_numbers, digests = split(record)
            names = raw_names.decode("utf-8", "surrogateescape").split("\0")
            numbers.frombytes(raw_numbers)
        except ValueError:
            return cls((), array("q"), b"")
        if len(numbers) != len(names) * _NUMBERS or len(digests) != len(names) * DIGEST_BYTES:
            return cls((), array("q"), b"")
        return cls(names, numbers, digests)

    def packed(self) -> bytes:
        """The record of it."""
        names = "\0".join(self.places).encode("utf-8", "surrogateescape")
        if len(self.places) * _NUMBERS == len(self._numbers):
            # No place is nobody's, so names and columns are in one order.
            return join([names, self._numbers.tobytes(), bytes(self._digests)])
        places = self.places.values()
        numbers = array("q", [n for place in places for n in self._numbers_at(place)])
        return join([names, numbers.tobytes(), b"".join(map(self._digest_at, places))])

    def seen(self, name: str) -> Seen | None:
        """What was last seen of a file."""
        place = self.places.get(name)
        if place is None:
            return None
        return Seen(Signature._make(self._numbers_at(place)), self._digest_at(place))

    def note(self, name: str, seen: Seen) -> None:
        """Keep what is seen now."""
        self.places[name] = len(self._numbers) // _NUMBERS
        self._numbers += array("q", seen.signature)
        self._digests += seen.digest

    def _numbers_at(self, place: int) -> "array[int]":
        return self._numbers[place * _NUMBERS : (place + 1) * _NUMBERS]

    def _digest_at(self, place: int) -> bytes:
        return bytes(self._digests[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES])


def _split(path: str) -> tuple[str, str]:
    """The folder and the name of an absolute path; much quicker than what `os.path` has."""
    folder, _, name = path.rpartition("/")
    return folder or "/", name
