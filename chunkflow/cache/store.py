"""What a store (L3) is to the tiers: sealed records by key, kept on disk."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol


class StoreStats(NamedTuple):
    """What a store holds."""

    records: int
    size_bytes: int
    """Bytes of its files on disk."""


class Store(Protocol):
    """Keeps bytes by key across runs. Every method may be called from any thread.

    Nothing but opening raises: a read that fails is a miss, a write that fails is dropped, and
    either is told once to the `warn` function that the store was made with.
    """

    # What is there of `keys`; missing keys are left out. One query, whatever their number.
    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]: ...

    # All in one transaction; a later value of a key replaces the earlier one.
    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None: ...

    def remove_many(self, keys: Iterable[bytes]) -> None: ...

    def clear(self) -> None: ...

    # Quick, whatever is in it.
    def is_empty(self) -> bool: ...

    def stats(self) -> StoreStats: ...

    def close(self) -> None: ...


class Census(NamedTuple):
    """What a store holds, counted."""

    records: Mapping[bytes, int]
    """The first byte of a key → how many there are."""
    size_bytes: Mapping[bytes, int]
    """The first byte of a key → bytes of keys and values, without what a database adds."""
    oldest_use_s: int | None
    """When the record was used last that was not used for longest, in seconds since 1970."""
    newest_use_s: int | None


class TendedStore(Store, Protocol):
    """A store, and what those ask of it who look after it; the tiers need none of that."""

    # Reads no value. None where it cannot be read.
    def census(self) -> Census | None: ...

    # Every key with its value, some at a time; it does not count as use.
    def walk(self) -> Iterator[list[tuple[bytes, bytes]]]: ...

    # Forgets what no run will use, and gives the disk all the room that is free.
    def collect(self) -> None: ...
