"""Collects what a run is to store, so that it goes to the store in a few transactions."""

import time
from collections.abc import Callable, Collection, Iterable

from chunkflow.cache.tiers import Hit, Tiers

# In transactions of about this size an interruption loses little.
_MOST_BYTES = 128 * 1024
# Results that have been asked for one by one may be dear: they wait for others no longer than this.
_LONGEST_S = 0.01


class WriteBuffer:
    """Records that are not stored yet.

    Args:
        tiers: where they are stored.
        first: makes records that are stored along with the first ones.
        clock_s: any clock that never goes back.
    """

    def __init__(
        self,
        tiers: Tiers,
        *,
        first: Callable[[], Iterable[tuple[bytes, bytes]]] = tuple,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tiers = tiers
        self._first: Callable[[], Iterable[tuple[bytes, bytes]]] | None = first
        self._clock_s = clock_s
        self._records: dict[bytes, bytes] = {}
        self._size_bytes = 0
        # The first are stored at once, and with them a new store is opened: all workers have plenty
        # in hand then.
        self._most_bytes = 0
        self._flushed_s = clock_s()

    def add(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Take records with their keys; all are stored when they are many."""
        for key, record in records:
            self._records[key] = record
            self._size_bytes += len(record)
        if self._size_bytes > self._most_bytes:
            self.flush()

    def add_result(self, key: bytes, record: bytes) -> None:
        """Take the record of one chunk; it is stored at once, or with the next few."""
        self._records[key] = record
        self._size_bytes += len(record)
        if self._clock_s() - self._flushed_s >= _LONGEST_S:
            self.flush()

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, Hit]:
        """What is found of some keys, in the tiers or on the way there."""
        if self._records and not self._records.keys().isdisjoint(keys):
            self.flush()
        return self._tiers.get_many(keys)

    def flush(self) -> None:
        """Store what is not stored yet."""
        if self._records:
            if self._first is not None:
                first, self._first = self._first, None
                self._records.update(first())
            self._tiers.put_many(list(self._records.items()))
            self._records.clear()
            self._size_bytes, self._most_bytes = 0, _MOST_BYTES
        self._flushed_s = self._clock_s()
