"""The layout of a store's database that diskcache's own tools can read.

diskcache trusts its directory. It unpickles whatever a row says is pickled, opens and deletes
whatever file a row names, and runs the pragmas that a row of settings names. None of that can
happen here:

- This package opens, locks and reads the database. The library is called only to create the tables
  and to put a value.
- Before that, the schema and the settings are compared with what the library creates. A database
  with anything else in it is quarantined.
- Values are bytes in the row itself, never pickled and never in a file. A row that says otherwise
  is not read. The `Disk` that the library is given supports nothing else.
"""

import functools
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import diskcache  # type: ignore[import-untyped]
from diskcache.core import DBNAME, MODE_RAW  # type: ignore[import-untyped]

from chunkflow.cache.connection import (
    FOREIGN,
    DamagedDatabase,
    Row,
    StoreConnection,
    read_schema,
)

_SETTINGS = {
    "statistics": 0,
    "tag_index": 0,
    # Creates the index on the time of use. The library itself must not delete anything.
    "eviction_policy": "least-recently-used",
    "size_limit": 1 << 62,
    "cull_limit": 0,
    # The connection's own values, so that the library changes nothing.
    "sqlite_auto_vacuum": 2,
    "sqlite_cache_size": -2000,
    "sqlite_journal_mode": "wal",
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 1,
    # No value is large enough for a file.
    "disk_min_file_size": 1 << 62,
    "disk_pickle_protocol": 0,
}
_COUNTS = ("count", "size", "hits", "misses")


class RawDisk(diskcache.Disk):  # type: ignore[misc]
    """Passes bytes through and refuses everything else: no pickle, no file."""

    def put(self, key: object) -> tuple[object, bool]:
        """Return a key for the database."""
        return super().put(_require_bytes(key))  # type: ignore[no-any-return]

    def get(self, key: object, raw: object) -> bytes:
        """Return a key from the database."""
        if not raw:
            raise _make_refusal("a pickled key")
        return _require_bytes(key)

    def store(self, value: object, read: object, **_key: object) -> tuple[Any, ...]:
        """Return a value for the database."""
        if read:
            raise _make_refusal("a file")
        return 0, MODE_RAW, None, _require_bytes(value)

    def fetch(self, mode: object, filename: object, value: object, read: object) -> bytes:
        """Return a value from the database."""
        if mode != MODE_RAW or filename is not None or read:
            raise _make_refusal("a value that is pickled or in a file")
        return _require_bytes(value)

    def filename(self, *_arguments: object) -> tuple[str, str]:
        """Refuse to name a file."""
        raise _make_refusal("a file")

    def remove(self, _file_path: object) -> None:
        """Do nothing, whatever file a row names."""


def _require_bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise _make_refusal(type(value).__name__)
    return value


def _make_refusal(what: str) -> ValueError:
    return ValueError(f"only bytes in the database itself are kept, not {what}")


class GuardedCache(diskcache.Cache):  # type: ignore[misc]
    """A `diskcache.Cache` on a connection that its caller opens and locks."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.now_s = 0
        # No file is opened or created in that directory.
        super().__init__(os.sep, disk=RawDisk, **_SETTINGS)

    @property
    def _con(self) -> sqlite3.Connection:
        return self._connection

    @property
    def _sql_retry(self) -> Callable[..., sqlite3.Cursor]:
        # The library's own method retries for a minute.
        return self._connection.execute

    @contextmanager
    def _transact(
        self, *_arguments: object, **_options: object
    ) -> Iterator[tuple[Callable[..., sqlite3.Cursor], Callable[[object], None]]]:
        # Only called within a transaction. The file that a row names is not removed.
        yield self._connection.execute, lambda _file: None

    def _row_insert(self, key: object, raw: object, _now: object, columns: object) -> None:
        super()._row_insert(key, raw, self.now_s, columns)

    def _row_update(self, rowid: object, _now: object, columns: object) -> None:
        super()._row_update(rowid, self.now_s, columns)


class DiskcacheLayout:
    """The library's tables, with fixed settings; fulfils `Layout`."""

    suffix = ".diskcache"
    inner_name = DBNAME
    table = "Cache"
    used = "access_time"
    valid = f"raw = 1 AND mode = {MODE_RAW} AND filename IS NULL"

    def __init__(self) -> None:
        self._cache: GuardedCache | None = None

    def create(self, connection: StoreConnection) -> None:
        """Let the library create its tables."""
        self._cache = GuardedCache(connection)

    def check(self, connection: StoreConnection) -> None:
        """Raise DamagedDatabase unless schema and settings are what the library creates here."""
        if read_schema(connection) != _compute_expected_schema():
            raise DamagedDatabase(FOREIGN)
        found = dict(connection.execute("SELECT key, value FROM Settings"))
        counts = [found.pop(name, None) for name in _COUNTS]
        if found != _SETTINGS or not all(isinstance(count, int) for count in counts):
            raise DamagedDatabase("its settings were changed")

    def put(self, connection: StoreConnection, rows: Sequence[Row]) -> None:
        """Let the library put each value."""
        for key, now_s, value in rows:
            cache = self._open_cache(connection)
            cache.now_s = now_s
            cache.set(key, value)

    def _open_cache(self, connection: StoreConnection) -> GuardedCache:
        if self._cache is None or self._cache._con is not connection:
            # No earlier, as it writes its settings, and a run that finds everything writes nothing.
            self.check(connection)
            self._cache = GuardedCache(connection)
        return self._cache


@functools.cache
def _compute_expected_schema() -> list[tuple[str | None, ...]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        GuardedCache(connection)
        return read_schema(connection)
