"""The cache of a `ChunkFlow`, opened when it is first needed.

Modules that only an open cache needs are imported at that moment: on a first run, worker processes
get ready meanwhile.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from chunkflow.cache.locks import ForkLock
from chunkflow.errors import CacheError
from chunkflow.settings import Settings

if TYPE_CHECKING:
    from chunkflow.cache.store import AdminStore, Store
    from chunkflow.cache.tiers import Tiers

_L1_BYTES = 24 * 1024 * 1024
_L2_BYTES = 8 * 1024 * 1024


class Cache:
    """The tiers that the settings describe; any thread may use it.

    Args:
        settings: where the store is, and how large it may be.
        enabled: whether there is a store.
        lasting: whether more than one run follows. For a single run, memory holds nothing that the
            store has: putting it there takes longer than it could save.
        warn: receives what goes wrong; it must not use the cache.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        enabled: bool,
        lasting: bool = True,
        warn: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._enabled = enabled
        self._lasting = lasting
        self._warn = warn
        self._lock = ForkLock()
        self._store: AdminStore | None = None
        self._tiers: Tiers | None = None

    @property
    def tiers(self) -> "Tiers":
        """L1, L2 and L3, opened by the first call; without a store, L1 and L2."""
        return self._open(in_memory=self._lasting)

    @property
    def store(self) -> "AdminStore | None":
        """The store behind the tiers; None if there is none, or it cannot be used."""
        return self._store if self.tiers else None

    @property
    def is_surely_empty(self) -> bool:
        """Whether a lookup is bound to miss, as far as can be said without opening the store."""
        if self._tiers is not None:
            return self._tiers.is_empty
        return not (self._enabled and os.path.lexists(self._settings.cache_dir))

    @property
    def is_missing(self) -> bool:
        """Whether nothing is open, and the store's directory does not exist."""
        is_closed = self._enabled and self._tiers is None
        return is_closed and not os.path.isdir(self._settings.cache_dir)

    @property
    def is_open(self) -> bool:
        """Whether a store is open, or will be as soon as there is a result to store."""
        return self._tiers is not None and self._tiers.has_store

    def open_for_run(self, *, in_memory: bool = True) -> "Tiers":
        """The tiers for one run.

        Without a store, each run gets memory of its own, so that equal chunks run once.

        Args:
            in_memory: whether to hold the run's results in memory in any case. They are then found
                again even if the store cannot be written.
        """
        if not self._enabled:
            return self._build_tiers(None, in_memory=True)
        is_late = not self._lasting and self.is_surely_empty
        return self._open(in_memory=self._lasting or in_memory, is_late=is_late)

    def close(self) -> None:
        """Close the store for good; closing twice does nothing."""
        with self._lock:
            if self._tiers is None:
                self._tiers = self._build_tiers(None, in_memory=True)
            self._tiers.close()

    def _open(self, *, in_memory: bool, is_late: bool = False) -> "Tiers":
        with self._lock:
            if self._tiers is None:
                if self._enabled and not is_late:
                    self._open_store()
                self._tiers = self._build_tiers(self._store, in_memory=in_memory, is_late=is_late)
            return self._tiers

    def _build_tiers(
        self, store: "Store | None", *, in_memory: bool, is_late: bool = False
    ) -> "Tiers":
        from chunkflow.cache.tiers import Tiers  # noqa: PLC0415 - see the module

        open_store = self._open_store if is_late else None
        if (store is not None or is_late) and not in_memory:
            return Tiers(None, store, warn=self._warn, open_store=open_store)
        from chunkflow.cache.memory import MemoryTier  # noqa: PLC0415 - see the module

        return Tiers(
            MemoryTier(_L1_BYTES),
            store,
            warn=self._warn,
            l2=MemoryTier(_L2_BYTES, ttl_s=self._settings.cache.ttl_s),
            open_store=open_store,
        )

    def _open_store(self) -> "AdminStore | None":
        from chunkflow.cache.database import open_store  # noqa: PLC0415 - see the module

        settings = self._settings
        # A repository, with the links in it, must not name a place outside itself; its user may.
        is_users = settings.cache.dir is None and settings.cache.location == "user"
        is_chosen = settings.origin.get("cache.dir") in ("call", "CHUNKFLOW_CACHE_DIR")
        try:
            self._store = open_store(
                settings.cache_dir,
                l3=settings.cache.l3,
                limit_bytes=settings.cache.size,
                warn=self._warn,
                inside=None if is_users or is_chosen else settings.root,
            )
        except CacheError as exc:
            self._warn(f"{exc}; going on without it")
        return self._store
