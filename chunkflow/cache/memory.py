"""The tiers in memory: L1, bounded in bytes, and L2, where entries also expire."""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable

from chunkflow.cache.locks import ForkLock

ENTRY_OVERHEAD_BYTES = 240
"""What an entry takes besides its key and payload: the headers of two objects and a place in an
ordered dict, which grows in steps. Measured with tracemalloc on CPython 3.11: 110 to 230 bytes."""

EXPIRY_OVERHEAD_BYTES = 200
"""What an entry takes in addition where entries expire. Measured: 100 to 170 bytes."""


class MemoryTier:
    """Keeps payloads by key in memory, within a bound in bytes. Safe to use from several threads.

    Where there is no room for a new entry, the least recently used ones are evicted. An item that
    is larger than the bound is not kept, and neither is an earlier payload of its key.

    Args:
        limit_bytes: the bound on keys, payloads and what each entry takes besides them.
        ttl_s: how long an entry lives after it was put; reading it does not extend its life. None
            if entries do not expire.
        timer: returns seconds, counted from any moment.
    """

    def __init__(
        self,
        limit_bytes: int,
        *,
        ttl_s: float | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = ForkLock(self._reset)
        self._limit_bytes = limit_bytes
        self._overhead_bytes = ENTRY_OVERHEAD_BYTES
        if ttl_s is not None:
            self._overhead_bytes += EXPIRY_OVERHEAD_BYTES
        self._ttl_s = ttl_s
        self._timer = timer
        self._reset()

    def __len__(self) -> int:
        with self._lock:
            self._expire()
            return len(self._payloads)

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return the payloads of those `keys` that are here, and mark them as used."""
        with self._lock:
            return self._find(keys)

    def take_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return the payloads of those `keys` that are here, and remove them."""
        with self._lock:
            found = self._find(keys)
            for key in found:
                self._discard(key)
        return found

    def find_absent(self, keys: Iterable[bytes]) -> list[bytes]:
        """Return those of `keys` that are not here. It does not mark the others as used."""
        with self._lock:
            self._expire()
            return [key for key in keys if key not in self._payloads]

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
        """Keep each payload under its key, in place of an earlier one.

        Returns what was evicted, oldest first, and what is larger than the bound.
        """
        evicted: dict[bytes, bytes] = {}
        with self._lock:
            self._expire()
            for key, payload in items:
                self._discard(key)
                # An earlier payload of the key may have been evicted by this very call.
                evicted.pop(key, None)
                room_bytes = self._limit_bytes - self._measure(key, payload)
                if room_bytes < 0:
                    evicted[key] = payload
                    continue
                while self._size_bytes > room_bytes:
                    oldest = next(iter(self._payloads))
                    evicted[oldest] = self._payloads[oldest]
                    self._discard(oldest)
                self._insert(key, payload)
        return evicted

    def fill(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep payloads, in their order, until one does not fit. Nothing is evicted."""
        with self._lock:
            self._expire()
            for key, payload in items:
                if self._size_bytes + self._measure(key, payload) > self._limit_bytes:
                    break
                self._discard(key)
                self._insert(key, payload)

    def remove_many(self, keys: Iterable[bytes]) -> None:
        """Remove `keys`; keys that are not here are ignored."""
        with self._lock:
            for key in keys:
                self._discard(key)

    def clear(self) -> None:
        """Remove everything."""
        with self._lock:
            self._reset()

    def _reset(self) -> None:
        # New objects: in a forked child, another thread may have been changing the old ones.
        self._size_bytes = 0
        # The least recently used entry comes first.
        self._payloads: OrderedDict[bytes, bytes] = OrderedDict()
        # When each entry expires. The one to expire first comes first, as all live equally long.
        self._expiry_s: OrderedDict[bytes, float] = OrderedDict()

    def _find(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        self._expire()
        payloads = self._payloads
        found = {key: payloads[key] for key in keys if key in payloads}
        for key in found:
            payloads.move_to_end(key)
        return found

    def _insert(self, key: bytes, payload: bytes) -> None:
        self._payloads[key] = payload
        self._size_bytes += self._measure(key, payload)
        if self._ttl_s is not None:
            self._expiry_s[key] = self._timer() + self._ttl_s

    def _discard(self, key: bytes) -> None:
        payload = self._payloads.pop(key, None)
        if payload is not None:
            self._size_bytes -= self._measure(key, payload)
            self._expiry_s.pop(key, None)

    def _expire(self) -> None:
        if self._expiry_s:
            now_s = self._timer()
            while self._expiry_s:
                oldest = next(iter(self._expiry_s))
                if self._expiry_s[oldest] > now_s:
                    break
                self._discard(oldest)

    def _measure(self, key: bytes, payload: bytes) -> int:
        return len(key) + len(payload) + self._overhead_bytes
