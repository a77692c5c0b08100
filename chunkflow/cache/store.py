"""What a store (L3) is to the tiers: sealed records by key, kept on disk."""

from collections.abc import Collection, Iterable
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
