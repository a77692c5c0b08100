"""The third tier (L3) in a database of diskcache's making, for those who have its tools.

diskcache trusts what is in its directory: it unpickles what a row says is pickled, opens and
deletes whatever file a row names, and runs the pragmas that a row of settings names. Here none of
that can happen:

- The database is opened, locked and read by this package. The library is called for two things
  only: to make the tables, and to put a value.
- Before that, the schema and the settings are compared with what the library makes; a database
  with anything else in it is set aside.
- Values are bytes in the row itself, never pickled and never in a file; a row that says otherwise
  is not read. The `Disk` that the library is given can do nothing else.
"""

import functools
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import diskcache  # type: ignore[import-untyped]
from diskcache.core import DBNAME, MODE_RAW  # type: ignore[import-untyped]

from chunkflow.cache.connection import FOREIGN, DamagedDatabase, StoreConnection, schema_of
from chunkflow.cache.database import DatabaseStore
from chunkflow.cache.layout import Row

_SETTINGS = {
    "statistics": 0,
    "tag_index": 0,
    # Makes the index over the time of last use. The library itself shall delete nothing.
    "eviction_policy": "least-recently-used",
    "size_limit": 1 << 62,
    "cull_limit": 0,
    # What the connection has already, so that the library sets nothing.
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
        return super().put(_bytes(key))  # type: ignore[no-any-return]

    def get(self, key: object, raw: object) -> bytes:
        """Return a key from the database."""
        if not raw:
            raise _refusal("a pickled key")
        return _bytes(key)

    def store(self, value: object, read: object, **_key: object) -> tuple[Any, ...]:
        """Return a value for the database."""
        if read:
            raise _refusal("a file")
        return 0, MODE_RAW, None, _bytes(value)

    def fetch(self, mode: object, filename: object, value: object, read: object) -> bytes:
        """Return a value from the database."""
        if mode != MODE_RAW or filename is not None or read:
            raise _refusal("a value that is pickled or in a file")
        return _bytes(value)

    def filename(self, *_arguments: object) -> tuple[str, str]:
        """Refuse to name a file."""
        raise _refusal("a file")

    def remove(self, _file_path: object) -> None:
        """Delete nothing, whatever a row names."""


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise _refusal(type(value).__name__)
    return value


def _refusal(what: str) -> ValueError:
    return ValueError(f"only bytes in the database itself are kept, not {what}")


class GuardedCache(diskcache.Cache):  # type: ignore[misc]
    """A `diskcache.Cache` on a connection that was made, and is locked, by somebody else."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.now_s = 0
        # The directory is only looked at: no file is opened there, or made.
        super().__init__(os.sep, disk=RawDisk, **_SETTINGS)

    @property
    def _con(self) -> sqlite3.Connection:
        return self._connection

    @property
    def _sql_retry(self) -> Callable[..., sqlite3.Cursor]:
        # The library's own goes on for a minute.
        return self._connection.execute

    @contextmanager
    def _transact(
        self, *_arguments: object, **_options: object
    ) -> Iterator[tuple[Callable[..., sqlite3.Cursor], Callable[[object], None]]]:
        # Only ever called within a transaction. What a row names is not removed.
        yield self._connection.execute, lambda _file: None

    def _row_insert(self, key: object, raw: object, _now: object, columns: object) -> None:
        super()._row_insert(key, raw, self.now_s, columns)

    def _row_update(self, rowid: object, _now: object, columns: object) -> None:
        super()._row_update(rowid, self.now_s, columns)


class DiskcacheLayout:
    """The library's tables, with one set of settings; fulfils `Layout`."""

    suffix = ".diskcache"
    inner_name = DBNAME
    table = "Cache"
    used = "access_time"
    valid = f"raw = 1 AND mode = {MODE_RAW} AND filename IS NULL"

    def __init__(self) -> None:
        self._cache: GuardedCache | None = None

    def create(self, connection: StoreConnection) -> None:
        """Let the library make its tables."""
        self._cache = GuardedCache(connection)

    def check(self, connection: StoreConnection) -> None:
        """Raise DamagedDatabase if there is anything that the library did not make here."""
        if schema_of(connection) != _expected_schema():
            raise DamagedDatabase(FOREIGN)
        found = dict(connection.execute("SELECT key, value FROM Settings"))
        counts = [found.pop(name, None) for name in _COUNTS]
        if found != _SETTINGS or not all(isinstance(count, int) for count in counts):
            raise DamagedDatabase("its settings are not this program's")

    def put(self, connection: StoreConnection, rows: Sequence[Row]) -> None:
        """Let the library put each value."""
        for key, now_s, value in rows:
            cache = self._cache_on(connection)
            cache.now_s = now_s
            cache.set(key, value)

    def _cache_on(self, connection: StoreConnection) -> GuardedCache:
        if self._cache is None or self._cache._con is not connection:
            # Not sooner: it writes its settings, and a run that finds everything writes nothing.
            self.check(connection)
            self._cache = GuardedCache(connection)
        return self._cache


@functools.cache
def _expected_schema() -> list[tuple[str | None, ...]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        GuardedCache(connection)
        return schema_of(connection)


class DiskcacheStore(DatabaseStore):
    """A `DatabaseStore` with diskcache's tables, `chunkflow-vN-M.diskcache/` in `directory`."""

    layout = DiskcacheLayout
