"""The policies by which the memory tiers give entries up: cachetools', telling what went.

Imported with a tier's first entry only: cachetools takes about 3 ms to import, and a command that
runs once need not keep anything in memory.
"""

import operator
from collections.abc import Callable
from typing import TypeAlias

import cachetools

Entry: TypeAlias = tuple[int, bytes]
"""A payload behind the size that counts against the bound."""


class LruEntries(cachetools.LRUCache[bytes, Entry]):
    """Gives up the least recently used for want of room, and tells `give_up` of each."""

    def __init__(self, limit_bytes: int, give_up: Callable[[bytes, bytes], None]) -> None:
        super().__init__(limit_bytes, operator.itemgetter(0))
        self.give_up = give_up

    def popitem(self) -> tuple[bytes, Entry]:
        """Give up the least recently used; it is through this that cachetools makes room."""
        key, entry = super().popitem()
        self.give_up(key, entry[1])
        return key, entry


class TtlEntries(cachetools.TTLCache[bytes, Entry]):
    """Gives up what is `ttl_s` old, and for want of room the least recently used."""

    def __init__(self, limit_bytes: int, ttl_s: float, timer: Callable[[], float]) -> None:
        super().__init__(limit_bytes, ttl_s, timer, operator.itemgetter(0))
        self.evictions = 0
        self.expirations = 0

    def popitem(self) -> tuple[bytes, Entry]:
        """Give up the least recently used; it is through this that cachetools makes room."""
        item = super().popitem()
        self.evictions += 1
        return item

    def expire(self, time: float | None = None) -> list[tuple[bytes, Entry]]:
        """Give up what is too old; cachetools calls this before it adds or counts."""
        expired = list(super().expire(time))
        self.expirations += len(expired)
        return expired
