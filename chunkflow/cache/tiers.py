"""The cache as the rest of the program sees it: payloads by key, looked for in tier after tier.

A key is looked for in L1 (memory), then in L2 (memory, for a while), then in L3 (the store). What
is found moves up to L1. What L1 lets go moves down to L2 until its time is over; the store has had
it since it was put. docs/cache.md draws one value's life.
"""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from chunkflow.cache.expiring import ExpiringStats, ExpiringTier
from chunkflow.cache.memory import MemoryStats, MemoryTier
from chunkflow.cache.record import seal, unseal
from chunkflow.cache.store import ForkLock, Store, StoreStats

_MANY = 256
"""Keys: a look for more of them at once is one over the whole project."""


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
    l2: ExpiringStats | None
    """None if there is no L2."""
    l3: StoreStats | None
    """None if there is no store."""


class Tiers:
    """Reads through from memory (L1, L2) to a store (L3), and writes back. Safe with threads.

    L1 and L2 hold plain payloads, never one key both; the store holds sealed ones. `expiring` is
    L2, `store` is None where none can be used. `warn` is told once if records in the store are
    damaged; each is removed and counts as a miss.
    """

    def __init__(
        self,
        memory: MemoryTier,
        store: Store | None,
        *,
        warn: Callable[[str], None],
        expiring: ExpiringTier | None = None,
    ) -> None:
        self._memory = memory
        self._expiring = expiring
        self._store = store
        self._warn = warn
        self._has_warned = False
        if expiring is not None:
            memory.hand_over_to(expiring.put_many)
        # Held where the store is touched, so that what is read from it never covers what another
        # thread has put meanwhile.
        self._lock = ForkLock()
        # Held where payloads move between L1 and L2, so that none is ever in neither. Not while
        # the disk is waited for: what is in memory is found at once.
        self._memory_lock = ForkLock()
        self._hits: dict[str, int] = {"l1": 0, "l2": 0, "l3": 0}
        self._misses = 0

    @property
    def empty(self) -> bool:
        """Whether no tier holds anything, so that it is no use to ask; takes a quick query."""
        in_memory = self._memory.stats().entries
        if in_memory or (self._expiring is not None and self._expiring.stats().entries):
            return False
        return self._store is None or self._store.is_empty()

    def get(self, key: bytes) -> Hit | None:
        """Return what is kept under `key`, or None."""
        return self.get_many((key,)).get(key)

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, Hit]:
        """Return what is there of `keys`; all of it is in L1 from then on, as far as it has room.

        Of more than 256 keys, L1 and L2 give up nothing for what comes from the store.

        What is in memory does not wait for the disk, what is not costs one query.
        """
        wanted = dict.fromkeys(keys)
        hits = self._look_in_memory(wanted)
        missing = [key for key in wanted if key not in hits]
        if missing:
            hits.update(self._look_in_store(missing))
        return hits

    def peek_many(self, keys: Collection[bytes]) -> dict[bytes, Hit]:
        """Return what is there of `keys`, each left where it is; neither hits nor misses count."""
        wanted = list(dict.fromkeys(keys))
        with self._lock:
            stored = self._read_store(wanted)
            with self._memory_lock:
                second = {} if self._expiring is None else self._expiring.get_many(wanted)
                first = self._memory.get_many(wanted)
        found = {key: Hit(payload, "l3") for key, payload in stored.items()}
        found.update((key, Hit(payload, "l2")) for key, payload in second.items())
        found.update((key, Hit(payload, "l1")) for key, payload in first.items())
        return found

    def put(self, key: bytes, payload: bytes) -> None:
        """Keep `payload` under `key`; a transaction of its own, so many at once cost less."""
        self.put_many(((key, payload),))

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep each payload under its key, in L1 and in the store.

        On return it is with the operating system, so it outlives this process however that ends:
        the store writes all of it in one transaction, see `SqliteStore.put_many`.
        """
        payloads = dict(items)
        with self._lock:
            with self._memory_lock:
                if self._expiring is not None:
                    self._expiring.remove_many(payloads)
                self._memory.put_many(payloads.items())
            if self._store is not None:
                self._store.put_many((key, seal(key, data)) for key, data in payloads.items())

    def prefetch(self, keys: Iterable[bytes]) -> int:
        """Bring what the store has of `keys` into L2, and return how many records that were.

        What is in memory already stays as it is; without L2 nothing is done. It counts neither as
        a hit nor as a miss.
        """
        if self._expiring is None:
            return 0
        with self._lock:
            stored = self._read_store(self._absent(dict.fromkeys(keys)))
            with self._memory_lock:
                self._expiring.put_many(stored.items())
        return len(stored)

    def clear(self, tier: str = "all") -> None:
        """Forget what `l1`, `l2`, `l3` or `all` hold; what is cleared does not move down."""
        with self._lock:
            with self._memory_lock:
                if tier in ("l1", "all"):
                    self._memory.clear()
                if tier in ("l2", "all") and self._expiring is not None:
                    self._expiring.clear()
            if tier in ("l3", "all") and self._store is not None:
                self._store.clear()

    def stats(self) -> TiersStats:
        """Return the counts and what each tier holds; counting a store's records takes a query."""
        with self._lock, self._memory_lock:
            return TiersStats(
                self._hits["l1"],
                self._hits["l2"],
                self._hits["l3"],
                self._misses,
                self._memory.stats(),
                None if self._expiring is None else self._expiring.stats(),
                None if self._store is None else self._store.stats(),
            )

    def close(self) -> None:
        """Close the store; memory goes on."""
        with self._lock:
            if self._store is not None:
                self._store.close()

    def _look_in_memory(self, keys: Collection[bytes]) -> dict[bytes, Hit]:
        with self._memory_lock:
            first = self._memory.get_many(keys)
            second: dict[bytes, bytes] = {}
            if self._expiring is not None and len(first) < len(keys):
                second = self._expiring.take_many([key for key in keys if key not in first])
                self._memory.put_many(second.items())
            self._hits["l1"] += len(first)
            self._hits["l2"] += len(second)
        hits = {key: Hit(payload, "l1") for key, payload in first.items()}
        hits.update((key, Hit(payload, "l2")) for key, payload in second.items())
        return hits

    def _look_in_store(self, keys: list[bytes]) -> dict[bytes, Hit]:
        with self._lock:
            stored = self._read_store(keys)
            with self._memory_lock:
                # Another thread may have put some between the looks, and a store that cannot be
                # written then has older ones.
                absent = self._absent(stored)
                items = ((key, stored[key]) for key in absent)
                # Of many at once most are not asked for again: they displace nothing.
                if len(keys) > _MANY:
                    self._memory.fill(items)
                else:
                    self._memory.put_many(items)
                self._hits["l3"] += len(stored)
                self._misses += len(keys) - len(stored)
        return {key: Hit(payload, "l3") for key, payload in stored.items()}

    def _absent(self, keys: Iterable[bytes]) -> list[bytes]:
        absent = self._memory.absent(keys)
        return absent if self._expiring is None else self._expiring.absent(absent)

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
