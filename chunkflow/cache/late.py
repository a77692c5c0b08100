"""A store that is not opened before there is something to put into it."""

from collections.abc import Callable, Collection, Iterable, Iterator

from chunkflow.cache.store import Census, StoreStats, TendedStore


class LateStore:
    """A store where nothing was yet, and nothing is until something is put; fulfils `TendedStore`.

    Opening one takes as long as a worker takes for a dozen files, and the workers of a first run
    have nothing to do until its files are found.

    Args:
        open_store: opens the store; called once, by the first `put_many`. None if there is none to
            be had.
    """

    def __init__(self, open_store: Callable[[], TendedStore | None]) -> None:
        self._open_store: Callable[[], TendedStore | None] | None = open_store
        self._store: TendedStore | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a store behind it by now."""
        return self._store is not None

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return what is there of `keys`."""
        return {} if self._store is None else self._store.get_many(keys)

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep each value under its key."""
        if self._open_store is not None:
            open_store, self._open_store = self._open_store, None
            self._store = open_store()
        if self._store is not None:
            self._store.put_many(items)

    def remove_many(self, keys: Iterable[bytes]) -> None:
        """Forget `keys`."""
        if self._store is not None:
            self._store.remove_many(keys)

    def clear(self) -> None:
        """Forget everything."""
        if self._store is not None:
            self._store.clear()

    def is_empty(self) -> bool:
        """Whether there is no record."""
        return self._store is None or self._store.is_empty()

    def stats(self) -> StoreStats:
        """Return how much there is."""
        return StoreStats(0, 0) if self._store is None else self._store.stats()

    def census(self) -> Census | None:
        """Return what there is, counted."""
        return None if self._store is None else self._store.census()

    def walk(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """Yield every key with its value."""
        return iter(()) if self._store is None else self._store.walk()

    def collect(self) -> None:
        """Forget what no run will use."""
        if self._store is not None:
            self._store.collect()

    def close(self) -> None:
        """Close it; it is not opened any more."""
        self._open_store = None
        if self._store is not None:
            self._store.close()
