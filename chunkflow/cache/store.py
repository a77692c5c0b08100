"""The protocols that every store (L3) fulfils."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol


class Store(Protocol):
    """Keeps bytes by key across runs. Every method may be called from any thread.

    Only opening a store raises. A read that fails is a miss, and a write that fails is dropped.
    Each kind of failure is reported once to the `warn` function that the store was opened with.
    """

    # What the store holds of `keys`; missing keys are left out. Any number of keys is one call.
    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]: ...

    # Writes all items in one transaction; of two items with one key the later one counts.
    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None: ...

    def remove_many(self, keys: Iterable[bytes]) -> None: ...

    def clear(self) -> None: ...

    # Takes constant time.
    def is_empty(self) -> bool: ...

    def close(self) -> None: ...


class Census(NamedTuple):
    """How many records a store holds, and how large they are."""

    records: Mapping[bytes, int]
    """The first byte of a key → the number of records."""
    size_bytes: Mapping[bytes, int]
    """The first byte of a key → the size of keys and values, without what a database adds."""
    file_bytes: int
    """The size of the store's files on disk."""
    oldest_use_s: int | None
    """The time of use of the least recently used record, in seconds since 1970."""
    newest_use_s: int | None


class AdminStore(Store, Protocol):
    """A store with what the `cache` commands need on top; the tiers need none of it."""

    # Reads no value. None if the store cannot be read.
    def take_census(self) -> Census | None: ...

    # Every key with its value, in batches. It does not count as use.
    def walk(self) -> Iterator[list[tuple[bytes, bytes]]]: ...

    # Removes what no run will use, and returns all free space to the file system.
    def collect_garbage(self) -> None: ...
