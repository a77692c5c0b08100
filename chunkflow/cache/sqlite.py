"""The third tier (L3) on disk: an SQLite database that any number of processes share.

The files of a store stay below its limit: the database below 13/16 of it, its journal below 2/16,
and a damaged database that was set aside is cut to 1/16.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar

from chunkflow.cache.connection import (
    PAGE_BYTES,
    DamagedDatabase,
    StoreConnection,
    empty_journal,
    is_damage,
    open_database,
    transaction,
)
from chunkflow.cache.directory import cache_error, prepare_directory
from chunkflow.cache.eviction import make_room, rows_a_transaction, shrink, sliced
from chunkflow.cache.generations import (
    database_path,
    files_size_bytes,
    forget_before,
    newest_generation,
    set_aside,
)
from chunkflow.cache.store import StoreStats
from chunkflow.errors import CacheError

_DAY_S = 86_400
_KEYS_A_QUERY = 500
"""SQLite before 3.32 takes 999 parameters at most; more than 250 a query gains nothing."""

_SELECT = (
    # The last column is the row whose time of use is out of date, or 0. A clock may have been
    # wrong, so a time in the future is out of date as well.
    "SELECT key, value, CASE WHEN used BETWEEN ? AND ? THEN 0 ELSE rowid END"
    " FROM records WHERE key IN ({})"
)
_DATABASE_SHARES = 13
_ATTEMPTS = 3
_FAILED_WRITES_ALLOWED = 3
_CLOSE_PATIENCE_S = 0.1

_T = TypeVar("_T")


class SqliteStore:
    """Sealed records by key in `directory`, at most `limit_bytes` of files; fulfils `Store`.

    When it is full the least recently used go, a tenth of it at a time. A damaged database is set
    aside and a new one begun. `warn` is called from within, at most once for each of: a database
    set aside, reading or writing that failed; it must not call the store. Raises CacheError if the
    directory or the database cannot be used. After a fork, the child's copy holds nothing.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        limit_bytes: int,
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory = os.path.abspath(directory)
        self._share_bytes = limit_bytes // 16
        self._warn = warn
        self._clock = clock
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._generation = 0
        self._outdated_rows: set[int] = set()
        self._failed_writes = 0
        self._began_anew = False
        self._has_warned = False
        prepare_directory(self._directory)
        self._connection: StoreConnection | None = self._open()

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return what is there of `keys`; what cannot be read is a miss."""
        return self._attempt("read", self._read, keys) or {}

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep each value under its key; a later one of a key replaces the earlier one.

        One transaction, as long as the journal stays within its share of the limit; else several.
        A value larger than that share is not kept, and neither is what its key held before.
        """
        for batch in self._batches(items):
            if self._failed_writes >= _FAILED_WRITES_ALLOWED:
                # Each may have waited for a lock: this is no longer worth the time.
                return
            self._attempt("write to", self._write, batch)

    def remove_many(self, keys: Iterable[bytes]) -> None:
        """Forget `keys`; those that are not there do not matter."""
        self._attempt("write to", self._delete, list(keys))

    def clear(self) -> None:
        """Forget everything, and give the disk its room back."""
        self._attempt("write to", self._clear)

    def stats(self) -> StoreStats:
        """Return how many records there are, and the size of the files."""
        records = self._attempt("read", _count_records) or 0
        return StoreStats(records, files_size_bytes(self._directory))

    def close(self) -> None:
        """Write what was put off, and close; from then on nothing is found and nothing kept."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            with contextlib.suppress(sqlite3.Error):
                # Times of use and a shorter journal are not worth a wait or a warning.
                connection.wait_at_most(_CLOSE_PATIENCE_S)
                self._finish(connection)
            connection.close()

    def _open(self) -> StoreConnection:
        for _ in range(_ATTEMPTS):
            generation, exists = newest_generation(self._directory)
            path = database_path(self._directory, generation)
            try:
                connection = open_database(
                    path, create=not exists, journal_limit_bytes=self._share_bytes
                )
            except DamagedDatabase as exc:
                self._set_aside(generation, str(exc))
            except (OSError, sqlite3.Error) as exc:
                if not exists or os.path.lexists(path):
                    raise cache_error(self._directory, exc) from exc
                # Another process has just set it aside.
            else:
                self._generation = generation
                return connection
        raise cache_error(self._directory, "each new database in it is damaged at once")

    def _set_aside(self, generation: int, reason: str) -> None:
        try:
            aside = set_aside(self._directory, generation, keep_bytes=self._share_bytes)
        except OSError as exc:
            raise cache_error(self._directory, exc) from exc
        if aside is not None:
            self._warn(
                f"the cache in {self._directory} was damaged ({reason});"
                f" a new one is begun, {os.path.basename(aside)} may be deleted"
            )

    def _attempt(self, verb: str, action: Callable[..., _T], *args: object) -> _T | None:
        if os.getpid() != self._pid:
            # SQLite forbids to carry a connection across a fork; its lock may be held for ever.
            return None
        with self._lock:
            if self._connection is None:
                return None
            try:
                return action(self._connection, *args)
            except sqlite3.DatabaseError as exc:
                if is_damage(exc):
                    self._begin_anew(self._connection, str(exc))
                else:
                    self._tell_failure(verb, exc)
                return None

    def _begin_anew(self, connection: StoreConnection, reason: str) -> None:
        connection.close()
        self._connection = None
        self._outdated_rows.clear()
        if self._began_anew:
            # Twice in a run: the disk or the memory is at fault.
            return
        self._began_anew = True
        try:
            self._set_aside(self._generation, reason)
            self._connection = self._open()
        except CacheError as exc:
            self._warn(str(exc))

    def _tell_failure(self, verb: str, error: sqlite3.DatabaseError) -> None:
        self._failed_writes += verb == "write to"
        if not self._has_warned:
            self._has_warned = True
            self._warn(
                f"cannot {verb} the cache in {self._directory}: {error}; the run goes on without"
            )

    def _read(self, connection: StoreConnection, keys: Collection[bytes]) -> dict[bytes, bytes]:
        found = {}
        now = int(self._clock())
        for part in sliced(list(keys), _KEYS_A_QUERY):
            marks = ",".join("?" * len(part))
            parameters = (now - _DAY_S, now + _DAY_S, *part)
            for key, value, outdated in connection.execute(_SELECT.format(marks), parameters):
                # A database that came from elsewhere may hold anything.
                if isinstance(value, bytes):
                    found[key] = value
                if outdated:
                    self._outdated_rows.add(outdated)
        return found

    def _batches(self, items: Iterable[tuple[bytes, bytes]]) -> Iterator[dict[bytes, bytes]]:
        batch: dict[bytes, bytes] = {}
        journal_bytes = 0
        for key, value in items:
            # In the journal a record takes its own size and, in a large database, a page of the
            # index, as keys are random.
            item_bytes = len(key) + len(value) + PAGE_BYTES
            if batch and journal_bytes + item_bytes > self._share_bytes:
                yield batch
                batch, journal_bytes = {}, 0
            batch[key] = value
            journal_bytes += item_bytes
        if batch:
            yield batch

    def _write(self, connection: StoreConnection, batch: dict[bytes, bytes]) -> None:
        now = int(self._clock())
        kept = [
            (key, now, value) for key, value in batch.items() if len(value) <= self._share_bytes
        ]
        self._make_room(connection, sum(len(key) + len(value) for key, _, value in kept))
        with transaction(connection):
            connection.executemany("REPLACE INTO records(key, used, value) VALUES (?, ?, ?)", kept)
            _delete_keys(connection, batch.keys() - {key for key, _, _ in kept})
        self._failed_writes = 0

    def _make_room(self, connection: StoreConnection, need_bytes: int) -> None:
        make_room(
            connection,
            need_bytes,
            bound_bytes=_DATABASE_SHARES * self._share_bytes,
            journal_bytes=self._share_bytes,
        )

    def _delete(self, connection: StoreConnection, keys: list[bytes]) -> None:
        for part in sliced(keys, rows_a_transaction(self._share_bytes)):
            with transaction(connection):
                _delete_keys(connection, part)

    def _clear(self, connection: StoreConnection) -> None:
        with transaction(connection):
            connection.execute("DELETE FROM records")
        shrink(connection, bound_bytes=0, journal_bytes=self._share_bytes)
        empty_journal(connection)
        self._outdated_rows.clear()
        forget_before(self._directory, self._generation)

    def _finish(self, connection: StoreConnection) -> None:
        # When a record was last used is written at most once a day, and never while reading, so
        # a run that finds everything writes nothing.
        now = int(self._clock())
        outdated = [(now, row) for row in sorted(self._outdated_rows)]
        for part in sliced(outdated, rows_a_transaction(self._share_bytes)):
            with transaction(connection):
                connection.executemany("UPDATE records SET used = ? WHERE rowid = ?", part)
        # The limit may be lower than it was for the last run.
        self._make_room(connection, 0)
        bound_bytes = (_DATABASE_SHARES + 1) * self._share_bytes
        shrink(connection, bound_bytes=bound_bytes, journal_bytes=self._share_bytes)
        if connection.total_changes:
            empty_journal(connection)


def _delete_keys(connection: StoreConnection, keys: Iterable[bytes]) -> None:
    connection.executemany("DELETE FROM records WHERE key = ?", ((key,) for key in keys))


def _count_records(connection: StoreConnection) -> int:
    return int(connection.execute("SELECT count(*) FROM records").fetchone()[0])
