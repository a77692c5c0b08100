"""What a `ChunkFlow` holds: its callbacks, and its cache, opened when that is first needed.

What the cache is made of is imported then, too: on a first run others get ready meanwhile.
"""

import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from chunkflow.cache.locks import ForkLock
from chunkflow.errors import CacheError
from chunkflow.settings import Settings

if TYPE_CHECKING:
    from chunkflow.cache.store import AdminStore, Store
    from chunkflow.cache.tiers import Tiers

_L1_BYTES = 24 * 1024 * 1024
_L2_BYTES = 8 * 1024 * 1024

P = ParamSpec("P")
R = TypeVar("R")

_loading = threading.RLock()
_loaded: list[bool] = []
# The command line, and a store that needs a package which few have.
_NOT_LOADED = ("chunkflow.cli", "chunkflow.__main__", "chunkflow.cache.diskcache")


def load_all() -> None:
    """Import every module that may be needed; again costs nothing.

    A module that another thread was importing at a fork can never be imported in the child. So a
    fork waits for the end of this, and nothing is left to be imported later.
    """
    if _loaded:
        return
    with _loading:
        from importlib import import_module  # noqa: PLC0415 - not for a command line
        from pkgutil import walk_packages  # noqa: PLC0415

        for module in walk_packages(sys.modules["chunkflow"].__path__, "chunkflow."):
            if not module.name.startswith(_NOT_LOADED):
                import_module(module.name)
        _loaded.append(True)


os.register_at_fork(
    before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release
)


class Callbacks:
    """Calls what a program gave to be called; never while anything here is locked.

    A callback may thus use the `ChunkFlow` that calls it, from any thread. What one raises is noted
    as a warning, once for each callback.

    Args:
        on_warning: told each warning; None is nobody.
    """

    def __init__(self, on_warning: Callable[[str], None] | None) -> None:
        self._on_warning = on_warning
        self._lock = ForkLock()
        self._noted: list[str] = []
        self._undelivered: list[str] = []
        self._failed: set[str] = set()

    def note(self, message: str) -> None:
        """Note a warning, from wherever it arises; it is delivered later. Each is told once."""
        with self._lock:
            if message not in self._noted:
                self._noted.append(message)
                self._undelivered.append(message)

    def warn(self, message: str) -> None:
        """Note a warning and deliver it. Nothing may be locked."""
        self.note(message)
        self.deliver()

    def deliver(self) -> None:
        """Deliver what was noted. Nothing may be locked."""
        while self._undelivered:
            with self._lock:
                messages, self._undelivered = self._undelivered, []
            for message in messages:
                if self._on_warning is not None:
                    self._call("on_warning", self._on_warning, message)

    def guard(self, name: str, callback: Callable[P, R], otherwise: R) -> Callable[P, R]:
        """The callback, after warnings are delivered; says `otherwise` where it raises."""

        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            self.deliver()
            found = self._call(name, callback, *args, **kwargs)
            return otherwise if found is None else found

        return guarded

    def told(self) -> tuple[str, ...]:
        """Every warning until now, all delivered."""
        self.deliver()
        return tuple(self._noted)

    def _call(
        self, name: str, callback: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R | None:
        try:
            return callback(*args, **kwargs)
        except Exception as exc:  # noqa: BLE001 - a program's own
            self._note_failure(name, exc)
        return None

    def _note_failure(self, name: str, exc: Exception) -> None:
        with self._lock:
            is_first = name not in self._failed
            self._failed.add(name)
            if not is_first:
                return
            message = f"{name} raised {_shown(exc)}; the run went on"
            self._noted.append(message)
            if name != "on_warning":
                self._undelivered.append(message)


def _shown(exc: Exception) -> str:
    try:
        said = str(exc)
    except Exception:  # noqa: BLE001 - a program's own
        said = ""
    return f"{type(exc).__name__}: {said}" if said else type(exc).__name__


class Cache:
    """The tiers that settings describe; it may be used from several threads.

    Args:
        settings: say where the store is, and how large.
        enabled: whether there is a store at all.
        lasting: whether more than one run is to come. For one alone, what the store has is not held
            in memory as well: to put it there takes longer than it could save.
        warn: told what goes wrong; it must not use the cache.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        enabled: bool,
        lasting: bool = True,
        warn: Callable[[str], None],
    ) -> None:
        self.enabled = enabled
        self._lasting = lasting
        self._settings = settings
        self._warn = warn
        self._lock = ForkLock()
        self._store: AdminStore | None = None
        self._tiers: Tiers | None = None

    @property
    def directory(self) -> str:
        """Where the store keeps its files."""
        return self._settings.cache_dir

    @property
    def tiers(self) -> "Tiers":
        """L1, L2 and L3, which is opened by the first call; without a store, the first two."""
        return self._opened(in_memory=self._lasting)

    @property
    def store(self) -> "AdminStore | None":
        """The store behind the tiers; None where there is none, or it cannot be used."""
        return self._store if self.tiers else None

    def for_run(self, *, in_memory: bool = True) -> "Tiers":
        """The tiers for one run.

        Without a store a run remembers its own results only, so that equal chunks run once.

        Args:
            in_memory: whether what the run finds is to be held in memory in any case, so that it is
                found again even if the store cannot be written.
        """
        if not self.enabled:
            return self._new_tiers(None, in_memory=True)
        late = not self._lasting and self.surely_empty
        return self._opened(in_memory=self._lasting or in_memory, late=late)

    @property
    def surely_empty(self) -> bool:
        """Whether nothing can be found, as is plain without opening anything."""
        if self._tiers is not None:
            return self._tiers.is_empty
        return not (self.enabled and os.path.lexists(self.directory))

    @property
    def is_open(self) -> bool:
        """Whether a store is open, or will be once there is something to put into it."""
        return self._tiers is not None and self._tiers.has_store

    def close(self) -> None:
        """Close the store, which is not opened any more; closing twice does nothing."""
        with self._lock:
            if self._tiers is None:
                self._tiers = self._new_tiers(None, in_memory=True)
            self._tiers.close()

    def _opened(self, *, in_memory: bool, late: bool = False) -> "Tiers":
        with self._lock:
            if self._tiers is None:
                if self.enabled and not late:
                    self._open_store()
                self._tiers = self._new_tiers(self._store, in_memory=in_memory, late=late)
            return self._tiers

    def _new_tiers(self, store: "Store | None", *, in_memory: bool, late: bool = False) -> "Tiers":
        from chunkflow.cache.tiers import Tiers  # noqa: PLC0415 - see above

        open_store = self._open_store if late else None
        if (store is not None or late) and not in_memory:
            return Tiers(None, store, warn=self._warn, open_store=open_store)
        from chunkflow.cache.memory import MemoryTier  # noqa: PLC0415 - see above

        return Tiers(
            MemoryTier(_L1_BYTES),
            store,
            warn=self._warn,
            l2=MemoryTier(_L2_BYTES, ttl_s=self._settings.cache.ttl_s),
            open_store=open_store,
        )

    def _open_store(self) -> "AdminStore | None":
        from chunkflow.cache.database import open_store  # noqa: PLC0415 - see above

        settings = self._settings
        # What a repository brings along, links too, names no place outside it; its user may.
        is_users = settings.cache.dir is None and settings.cache.location == "user"
        is_chosen = settings.origin.get("cache.dir") in ("call", "CHUNKFLOW_CACHE_DIR")
        try:
            self._store = open_store(
                self.directory,
                l3=settings.cache.l3,
                limit_bytes=settings.cache.size,
                warn=self._warn,
                inside=None if is_users or is_chosen else settings.root,
            )
        except CacheError as exc:
            self._warn(f"{exc}; going on without it")
        return self._store
