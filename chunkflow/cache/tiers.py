"""The cache as the rest of the program sees it: payloads by key, looked for in tier after tier."""

import threading
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from chunkflow.cache.memory import MemoryStats, MemoryTier
from chunkflow.cache.record import seal, unseal
from chunkflow.cache.store import Store, StoreStats


class Hit(NamedTuple):
    """A payload, and the tier it was found in."""

    payload: bytes
    tier: str
    """`l1`, `l2` or `l3`."""


class TiersStats(NamedTuple):
    """What was found where since the tiers were made, and what each of them holds."""

    l1_hits: int
    l2_hits: int
    l3_hits: int
    misses: int
    """Keys that no tier had."""
    l1: MemoryStats
    l3: StoreStats | None
    """None if there is no store."""


class Tiers:
    """Reads through from memory (L1) to a store (L3), and writes to both. Safe with threads.

    L1 holds plain payloads, the store sealed ones. `store` is None where none can be used. `warn`
    is told once if records in the store are damaged; each is removed and counts as a miss.
    """

    def __init__(
        self, memory: MemoryTier, store: Store | None, *, warn: Callable[[str], None]
    ) -> None:
        self._memory = memory
        self._store = store
        self._warn = warn
        self._has_warned = False
        # Held where both tiers are touched, so that what is read from the store never covers what
        # another thread has just put into memory.
        self._lock = threading.Lock()
        self._hits: dict[str, int] = {"l1": 0, "l2": 0, "l3": 0}
        self._misses = 0

    @property
    def empty(self) -> bool:
        """Whether no tier holds anything, so that it is no use to ask; takes a query."""
        stats = self.stats()
        return not stats.l1.entries and (stats.l3 is None or not stats.l3.records)

    def get(self, key: bytes) -> Hit | None:
        """Return what is kept under `key`, or None."""
        return self.get_many((key,)).get(key)

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, Hit]:
        """Return what is there of `keys`; what comes from the store is in memory from then on."""
        wanted = dict.fromkeys(keys)
        hits = {key: Hit(payload, "l1") for key, payload in self._memory.get_many(wanted).items()}
        missing = [key for key in wanted if key not in hits]
        with self._lock:
            stored = self._read_store(missing)
            self._memory.put_many(stored.items())
            self._hits["l1"] += len(hits)
            self._hits["l3"] += len(stored)
            self._misses += len(missing) - len(stored)
        hits.update((key, Hit(payload, "l3")) for key, payload in stored.items())
        return hits

    def put(self, key: bytes, payload: bytes) -> None:
        """Keep `payload` under `key`."""
        self.put_many(((key, payload),))

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep each payload under its key, in every tier."""
        payloads = dict(items)
        with self._lock:
            self._memory.put_many(payloads.items())
            if self._store is not None:
                self._store.put_many((key, seal(key, data)) for key, data in payloads.items())

    def clear(self, tier: str = "all") -> None:
        """Forget what `l1`, `l2`, `l3` or `all` hold. There is no L2 yet: nothing to forget."""
        with self._lock:
            if tier in ("l1", "all"):
                self._memory.clear()
            if tier in ("l3", "all") and self._store is not None:
                self._store.clear()

    def stats(self) -> TiersStats:
        """Return the counts and what each tier holds; counting a store's records takes a query."""
        with self._lock:
            return TiersStats(
                self._hits["l1"],
                self._hits["l2"],
                self._hits["l3"],
                self._misses,
                self._memory.stats(),
                None if self._store is None else self._store.stats(),
            )

    def close(self) -> None:
        """Close the store; memory goes on."""
        with self._lock:
            if self._store is not None:
                self._store.close()

    def _read_store(self, keys: list[bytes]) -> dict[bytes, bytes]:
        if self._store is None or not keys:
            return {}
        payloads = {}
        damaged = []
        for key, sealed in self._store.get_many(keys).items():
            payload = unseal(key, sealed)
            if payload is None:
                damaged.append(key)
            else:
                payloads[key] = payload
        if damaged:
            self._store.remove_many(damaged)
            self._tell_damage(len(damaged))
        return payloads

    def _tell_damage(self, count: int) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._warn(f"{count} damaged records in the cache were removed and are computed again")
