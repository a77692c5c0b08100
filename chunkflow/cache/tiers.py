"""The cache as the rest of the program sees it: payloads by key, in up to three tiers.

A key is looked up in L1 (memory), then in L2 (memory, with a time to live), then in L3 (the store).
A hit moves up to L1. What L1 evicts moves down to L2 until it expires; the store has had it since
it was put. docs/cache.md draws the life of one value.
"""

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from chunkflow.cache.locks import ForkLock
from chunkflow.cache.record import seal, unseal

if TYPE_CHECKING:
    from chunkflow.cache.memory import MemoryTier
    from chunkflow.cache.store import Store

_MANY_KEYS = 256
"""A lookup of more keys at once is one over the whole project."""


class Hit(NamedTuple):
    """A payload, and the tier that it was found in."""

    payload: bytes
    tier: str
    """`l1`, `l2` or `l3`."""


class Tiers:
    """Reads through from memory (L1, L2) to a store (L3), and writes to both. Safe with threads.

    L1 and L2 hold plain payloads, and no key is in both. The store holds sealed ones.

    Args:
        l1: None if nothing is to be kept in memory.
        store: None if there is none, or not yet.
        warn: called once if records in the store are damaged. Each is removed, and is a miss.
        l2: takes what L1 evicts, and what is prefetched.
        open_store: opens the store when the first payload is put; returns None if it cannot be
            used. Give it if there is nothing to read yet. Opening a store takes as long as a worker
            takes for a dozen files, and the first run's workers would wait for it.
    """

    def __init__(
        self,
        l1: "MemoryTier | None",
        store: "Store | None",
        *,
        warn: Callable[[str], None],
        l2: "MemoryTier | None" = None,
        open_store: "Callable[[], Store | None] | None" = None,
    ) -> None:
        self._l1 = l1
        self._l2 = l2
        self._store = store
        self._open_store = open_store
        self._warn = warn
        self._has_warned = False
        # Held while the store is used, so that what is read from it never replaces what another
        # thread has put in the meantime.
        self._lock = ForkLock()
        # Held while payloads move between L1 and L2, so that none is ever in neither. Not held
        # while waiting for the disk: what is in memory is found at once.
        self._memory_lock = ForkLock()

    @property
    def is_empty(self) -> bool:
        """Whether no tier holds anything. Costs one quick query."""
        if self._l1 or self._l2:
            return False
        return self._store is None or self._store.is_empty()

    @property
    def has_store(self) -> bool:
        """Whether there is a store, or will be once something is put."""
        return self._store is not None or self._open_store is not None

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, Hit]:
        """Return what the tiers hold of `keys`, and move it up to L1.

        Of a lookup of more than 256 keys, L1 keeps only what fits without evictions. What is in
        memory does not wait for the disk. The rest costs one query.
        """
        wanted = dict.fromkeys(keys)
        hits = self._find_in_memory(wanted)
        missing = [key for key in wanted if key not in hits]
        if missing:
            hits.update(self._find_in_store(missing))
        return hits

    def peek_many(self, keys: Collection[bytes]) -> dict[bytes, Hit]:
        """Return what the tiers hold of `keys`, and leave it where it is."""
        wanted = list(dict.fromkeys(keys))
        with self._lock:
            found = {key: Hit(payload, "l3") for key, payload in self._read_store(wanted).items()}
            with self._memory_lock:
                for name, tier in (("l2", self._l2), ("l1", self._l1)):
                    if tier is not None:
                        payloads = tier.get_many(wanted)
                        found.update((key, Hit(payloads[key], name)) for key in payloads)
        return found

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep each payload under its key, in L1 and in the store.

        On return the operating system has all of it, so it outlives this process, however that
        ends. The store writes it in one transaction.
        """
        payloads = dict(items)
        with self._lock:
            with self._memory_lock:
                if self._l2 is not None:
                    self._l2.remove_many(payloads)
                self._put_in_memory(payloads.items())
            if self._open_store is not None:
                open_store, self._open_store = self._open_store, None
                self._store = open_store()
            if self._store is not None:
                self._store.put_many((key, seal(key, data)) for key, data in payloads.items())

    def prefetch(self, keys: Iterable[bytes]) -> int:
        """Copy what the store has of `keys` into L2; return the number of records.

        What is in memory stays as it is. Without L2, nothing is done.
        """
        if self._l2 is None:
            return 0
        with self._lock:
            with self._memory_lock:
                absent = self._find_absent(dict.fromkeys(keys))
            stored = self._read_store(absent)
            with self._memory_lock:
                self._l2.put_many((key, stored[key]) for key in self._find_absent(stored))
        return len(stored)

    def clear(self, tier: str = "all") -> None:
        """Remove what `l1`, `l2`, `l3` or `all` hold. Nothing moves to another tier."""
        with self._lock:
            with self._memory_lock:
                if tier in ("l1", "all") and self._l1 is not None:
                    self._l1.clear()
                if tier in ("l2", "all") and self._l2 is not None:
                    self._l2.clear()
            if tier in ("l3", "all") and self._store is not None:
                self._store.clear()

    def close(self) -> None:
        """Close the store. What is in memory can still be found."""
        with self._lock:
            self._open_store = None
            if self._store is not None:
                self._store.close()

    def _find_in_memory(self, keys: Collection[bytes]) -> dict[bytes, Hit]:
        if self._l1 is None:
            return {}
        with self._memory_lock:
            first = self._l1.get_many(keys)
            second: dict[bytes, bytes] = {}
            if self._l2 is not None and len(first) < len(keys):
                second = self._l2.take_many([key for key in keys if key not in first])
                self._put_in_memory(second.items())
        hits = {key: Hit(payload, "l1") for key, payload in first.items()}
        hits.update((key, Hit(payload, "l2")) for key, payload in second.items())
        return hits

    def _find_in_store(self, keys: list[bytes]) -> dict[bytes, Hit]:
        with self._lock:
            stored = self._read_store(keys)
            if self._l1 is not None and stored:
                with self._memory_lock:
                    # Another thread may have put some of them in between. A store that cannot be
                    # written has older payloads of these.
                    items = [(key, stored[key]) for key in self._find_absent(stored)]
                    # Most of many are not asked for again, so they must not evict anything.
                    if len(keys) > _MANY_KEYS:
                        self._l1.fill(items)
                    else:
                        self._put_in_memory(items)
        return {key: Hit(payload, "l3") for key, payload in stored.items()}

    def _put_in_memory(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        if self._l1 is not None:
            evicted = self._l1.put_many(items)
            if self._l2 is not None and evicted:
                self._l2.put_many(evicted.items())

    def _find_absent(self, keys: Iterable[bytes]) -> list[bytes]:
        absent = list(keys)
        for tier in (self._l1, self._l2):
            if tier is not None:
                absent = tier.find_absent(absent)
        return absent

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
            self._warn_of_damage(len(damaged))
        return payloads

    def _warn_of_damage(self, count: int) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._warn(f"{count} damaged records in the cache were removed and are computed again")
