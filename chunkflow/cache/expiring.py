"""The second tier (L2): payloads in memory for a while, each for as long as its time to live."""

import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from chunkflow.cache.store import ForkLock

if TYPE_CHECKING:
    from chunkflow.cache.policies import TtlEntries

ENTRY_OVERHEAD_BYTES = 560
"""What an entry costs beside its key and payload. Measured with tracemalloc on CPython 3.11."""


class ExpiringStats(NamedTuple):
    """What an expiring tier holds, and what was asked of it since it was made."""

    entries: int
    """Those that have not expired."""
    size_bytes: int
    """Keys, payloads and `ENTRY_OVERHEAD_BYTES` for each entry; never above the bound."""
    hits: int
    misses: int
    evictions: int
    """Entries given up for want of room, before their time."""
    expirations: int
    """Entries given up because their time was over."""


class ExpiringTier:
    """Keeps bytes by key in memory, each for `ttl_s`, within a bound in bytes. Safe with threads.

    The time of an entry begins when it is put, and no look makes it longer. For want of room the
    least recently used go. An item larger than the bound is not kept, and neither is what its key
    held before. `timer` tells seconds, from any start.
    """

    def __init__(
        self, limit_bytes: int, *, ttl_s: float, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._lock = ForkLock(self._drop_all)
        self._limit_bytes = limit_bytes
        self._ttl_s = ttl_s
        self._timer = timer
        self._entries: TtlEntries | None = None
        self._hits = 0
        self._misses = 0

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return what is there of `keys`, and leave it there."""
        with self._lock:
            return self._find(keys)

    def take_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return what is there of `keys`, and forget it."""
        with self._lock:
            found = self._find(keys)
            self._remove(found)
        return found

    def absent(self, keys: Iterable[bytes]) -> list[bytes]:
        """Return those of `keys` that are not there; to be looked for here is no use."""
        with self._lock:
            held = () if self._entries is None else self._entries
            return [key for key in keys if key not in held]

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep each payload under its key; a later one of a key replaces the earlier one."""
        with self._lock:
            for key, payload in items:
                self._keep(key, payload)

    def remove_many(self, keys: Iterable[bytes]) -> None:
        """Forget `keys`; those that are not there do not matter."""
        with self._lock:
            self._remove(keys)

    def clear(self) -> None:
        """Forget everything; the counts go on."""
        with self._lock:
            if self._entries is not None:
                before, self._entries = self._entries, self._new_entries()
                self._entries.evictions = before.evictions
                self._entries.expirations = before.expirations

    def stats(self) -> ExpiringStats:
        """Return what is held and what was asked."""
        with self._lock:
            held = self._entries
            if held is None:
                return ExpiringStats(0, 0, self._hits, self._misses, 0, 0)
            # Counting expires what is too old, so the order of these matters.
            entries, size_bytes = len(held), int(held.currsize)
            return ExpiringStats(
                entries, size_bytes, self._hits, self._misses, held.evictions, held.expirations
            )

    def _find(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        found = {}
        if self._entries is not None:
            for key in keys:
                entry = self._entries.get(key)
                if entry is not None:
                    found[key] = entry[1]
        self._hits += len(found)
        self._misses += len(keys) - len(found)
        return found

    def _keep(self, key: bytes, payload: bytes) -> None:
        size_bytes = len(key) + len(payload) + ENTRY_OVERHEAD_BYTES
        if size_bytes > self._limit_bytes:
            self._remove((key,))
            return
        if self._entries is None:
            self._entries = self._new_entries()
        self._entries[key] = (size_bytes, payload)

    def _new_entries(self) -> "TtlEntries":
        from chunkflow.cache.policies import TtlEntries  # noqa: PLC0415 - takes 3 ms

        return TtlEntries(self._limit_bytes, self._ttl_s, self._timer)

    def _drop_all(self) -> None:
        self._entries = None

    def _remove(self, keys: Iterable[bytes]) -> None:
        if self._entries is not None:
            for key in keys:
                self._entries.pop(key, None)
