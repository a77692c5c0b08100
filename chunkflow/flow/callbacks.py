"""Calls between a `ChunkFlow` and the program around it: callbacks, warnings, and safe forks."""

import os
import sys
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from chunkflow.cache.locks import ForkLock

P = ParamSpec("P")
R = TypeVar("R")

_loading = threading.RLock()
_loaded: list[bool] = []
# The command line, and a store that needs a package which few have.
_NOT_LOADED = ("chunkflow.cli", "chunkflow.__main__", "chunkflow.cache.diskcache")


def load_all() -> None:
    """Import every module that may be needed; calling it again costs nothing.

    If a process forks while another thread imports a module, the child can never import it. So a
    fork waits until this has ended, and nothing is left to import later.
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
    """Calls the program's callbacks, never while a lock of chunkflow is held.

    A callback may thus use the `ChunkFlow` that calls it, from any thread. If one raises, that is
    noted as a warning, once for each callback.

    Args:
        on_warning: receives each warning; None discards them.
    """

    def __init__(self, on_warning: Callable[[str], None] | None) -> None:
        self._on_warning = on_warning
        self._lock = ForkLock()
        self._noted: list[str] = []
        self._undelivered: list[str] = []
        self._failed: set[str] = set()

    def note(self, message: str) -> None:
        """Note a warning from anywhere, to be delivered later; a repeated one is dropped."""
        with self._lock:
            if message not in self._noted:
                self._noted.append(message)
                self._undelivered.append(message)

    def warn(self, message: str) -> None:
        """Note a warning and deliver it. No lock may be held."""
        self.note(message)
        self.deliver()

    def deliver(self) -> None:
        """Deliver the warnings noted so far. No lock may be held."""
        while self._undelivered:
            with self._lock:
                messages, self._undelivered = self._undelivered, []
            for message in messages:
                if self._on_warning is not None:
                    self._call("on_warning", self._on_warning, message)

    def guard(self, name: str, callback: Callable[P, R], default: R) -> Callable[P, R]:
        """Wrap a callback: warnings are delivered before it; if it raises, return `default`."""

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            self.deliver()
            result = self._call(name, callback, *args, **kwargs)
            return default if result is None else result

        return call

    def collect(self) -> tuple[str, ...]:
        """Deliver what is left, and return every warning so far."""
        self.deliver()
        return tuple(self._noted)

    def _call(
        self, name: str, callback: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R | None:
        try:
            return callback(*args, **kwargs)
        except Exception as exc:  # noqa: BLE001 - the program's own code
            self._note_failure(name, exc)
        return None

    def _note_failure(self, name: str, exc: Exception) -> None:
        with self._lock:
            is_first = name not in self._failed
            self._failed.add(name)
            if not is_first:
                return
            message = f"{name} raised {_describe(exc)}; the run went on"
            self._noted.append(message)
            if name != "on_warning":
                self._undelivered.append(message)


def _describe(exc: Exception) -> str:
    try:
        text = str(exc)
    except Exception:  # noqa: BLE001 - the program's own code
        text = ""
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__
