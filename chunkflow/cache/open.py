"""Opens the store that the settings name; what another store needs is not imported."""

import os
import time
from collections.abc import Callable

from chunkflow.cache.store import TendedStore
from chunkflow.errors import SettingsError


def open_store(
    directory: str | os.PathLike[str],
    *,
    l3: str = "sqlite",
    limit_bytes: int,
    warn: Callable[[str], None],
    clock: Callable[[], float] = time.time,
    inside: str | None = None,
) -> TendedStore:
    """Open the store in `directory`, which is made if it is missing.

    Args:
        directory: where the store keeps its files.
        l3: `sqlite`, or `diskcache`, which needs the extra of that name.
        limit_bytes: what its files may take.
        warn: told what goes wrong later; it must not call the store.
        clock: tells the time, in seconds since 1970.
        inside: the project that the directory must be in, links followed, as where a project's
            own files say where it is; None is anywhere.

    Raises:
        SettingsError: the store needs a package that is not installed.
        CacheError: the store cannot be used.
    """
    make = _diskcache if l3 == "diskcache" else _sqlite
    return make()(directory, limit_bytes=limit_bytes, warn=warn, clock=clock, inside=inside)


def _sqlite() -> Callable[..., TendedStore]:
    from chunkflow.cache.sqlite import SqliteStore  # noqa: PLC0415 - a run may go without

    return SqliteStore


def _diskcache() -> Callable[..., TendedStore]:
    try:
        from chunkflow.cache.diskcache import DiskcacheStore  # noqa: PLC0415 - few have it
    except ImportError as exc:
        raise SettingsError(
            'cannot use cache.l3 = "diskcache": the package diskcache is not installed;'
            ' run pip install "chunkflow[diskcache]", or set cache.l3 to "sqlite"'
        ) from exc
    return DiskcacheStore
