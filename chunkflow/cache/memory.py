"""The first tier (L1): payloads in memory, the least recently used given up first."""

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from chunkflow.cache.store import ForkLock

if TYPE_CHECKING:
    from chunkflow.cache.policies import LruEntries

ENTRY_OVERHEAD_BYTES = 400
"""What an entry costs beside its key and payload: its places in cachetools' three dictionaries and
the objects' headers. Measured with tracemalloc on CPython 3.11: 300 to 375 bytes an entry."""

Items = Iterable[tuple[bytes, bytes]]


class MemoryStats(NamedTuple):
    """What a memory tier holds, and what was asked of it since it was made."""

    entries: int
    size_bytes: int
    """Keys, payloads and `ENTRY_OVERHEAD_BYTES` for each entry; never above the bound."""
    hits: int
    misses: int
    evictions: int
    """Entries given up for want of room; what was removed or replaced does not count."""


class MemoryTier:
    """Keeps bytes by key in memory, within a bound in bytes. Safe to use from several threads.

    An item larger than the bound is not kept, and neither is what its key held before. What is let
    go, for want of room or as too large, is handed on where `hand_over_to` says.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._lock = ForkLock(self._drop_all)
        self._limit_bytes = limit_bytes
        self._entries: LruEntries | None = None
        self._let_go: dict[bytes, bytes] = {}
        self._take: Callable[[Items], None] = _drop
        self._hits = 0
        self._misses = 0
        self._evictions = 0

    @property
    def limit_bytes(self) -> int:
        """The bound."""
        return self._limit_bytes

    def hand_over_to(self, take: Callable[[Items], None]) -> None:
        """From now on give `take` what is let go, oldest first.

        It is called while the tier is locked, so that no item is ever in neither place; it must
        not call the tier.
        """
        self._take = take

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return what is there of `keys`; each one found is now the most recently used."""
        found = {}
        with self._lock:
            if self._entries is not None:
                for key in keys:
                    entry = self._entries.get(key)
                    if entry is not None:
                        found[key] = entry[1]
            self._hits += len(found)
            self._misses += len(keys) - len(found)
        return found

    def absent(self, keys: Iterable[bytes]) -> list[bytes]:
        """Return those of `keys` that are not there; to be looked for here is no use."""
        with self._lock:
            held = self._entries or ()
            return [key for key in keys if key not in held]

    def put_many(self, items: Items) -> None:
        """Keep each payload under its key; a later one of a key replaces the earlier one."""
        with self._lock:
            for key, payload in items:
                self._keep(key, payload)
            self._hand_over()

    def fill(self, items: Items) -> None:
        """Keep of the payloads those that there is room for, in their order; nothing goes."""
        with self._lock:
            for key, payload in items:
                held = 0 if self._entries is None else self._entries.currsize
                if held + _size_bytes(key, payload) > self._limit_bytes:
                    break
                self._keep(key, payload)

    def remove_many(self, keys: Iterable[bytes]) -> None:
        """Forget `keys`; those that are not there do not matter."""
        with self._lock:
            for key in keys:
                self._remove(key)

    def clear(self) -> None:
        """Forget everything; the counts go on."""
        with self._lock:
            self._entries = None

    def resize(self, limit_bytes: int) -> None:
        """Change the bound; on a smaller one the least recently used go at once."""
        with self._lock:
            before, self._entries = self._entries, None
            self._limit_bytes = limit_bytes
            if before is not None:
                while before.currsize > limit_bytes:
                    before.popitem()
                before.give_up = self._keep
                while before:
                    # Least recently used first, so the order is kept.
                    before.popitem()
            self._hand_over()

    def stats(self) -> MemoryStats:
        """Return what is held and what was asked."""
        with self._lock:
            held = self._entries
            entries, size_bytes = (0, 0) if held is None else (len(held), int(held.currsize))
            return MemoryStats(entries, size_bytes, self._hits, self._misses, self._evictions)

    def _keep(self, key: bytes, payload: bytes) -> None:
        size_bytes = _size_bytes(key, payload)
        if size_bytes > self._limit_bytes:
            self._remove(key)
            self._let_go[key] = payload
            return
        if self._entries is None:
            from chunkflow.cache.policies import LruEntries  # noqa: PLC0415 - takes 3 ms

            self._entries = LruEntries(self._limit_bytes, self._give_up)
        self._entries[key] = (size_bytes, payload)
        # It may have been given up earlier in the same call.
        self._let_go.pop(key, None)

    def _give_up(self, key: bytes, payload: bytes) -> None:
        self._evictions += 1
        self._let_go[key] = payload

    def _hand_over(self) -> None:
        if self._let_go:
            self._take(self._let_go.items())
            self._let_go.clear()

    def _drop_all(self) -> None:
        # Another thread was changing them when this process was forked from its own.
        self._entries = None
        self._let_go = {}

    def _remove(self, key: bytes) -> None:
        if self._entries is not None:
            self._entries.pop(key, None)


def _size_bytes(key: bytes, payload: bytes) -> int:
    return len(key) + len(payload) + ENTRY_OVERHEAD_BYTES


def _drop(_items: Items) -> None:
    """Nobody wants it."""
