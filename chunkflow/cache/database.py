"""The store (L3) in an SQLite database that any number of processes share.

The files of a store stay within its limit. The database takes at most 13/16 of it, its journal
2/16, and a damaged database that was quarantined is truncated to 1/16.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from chunkflow.cache.connection import (
    PAGE_BYTES,
    DamagedDatabase,
    DatabaseErrors,
    Layout,
    StoreConnection,
    describe_error,
    empty_journal,
    fetch_value,
    is_damage,
    open_database,
    transaction,
)
from chunkflow.cache.directory import make_cache_error, prepare_directory
from chunkflow.cache.eviction import (
    DAY_S,
    UNUSED_S,
    change_rows,
    make_room,
    remove_unused,
    set_used,
    shrink,
    split,
)
from chunkflow.cache.locks import locks_held_at_fork, registry_lock
from chunkflow.cache.versioned_files import VersionedFiles
from chunkflow.errors import CacheError, SettingsError

if TYPE_CHECKING:
    from chunkflow.cache.store import AdminStore, Census

_KEYS_A_QUERY = 500
"""SQLite before 3.32 takes 999 parameters at most. More than 250 a query gain nothing."""

_SELECT = (
    # The last column is the row whose time of use is out of date, or 0. A time in the future is out
    # of date as well, as a clock may have been wrong.
    "SELECT key, value, CASE WHEN {used} BETWEEN ? AND ? THEN 0 ELSE rowid END"
    " FROM {table} WHERE {valid} AND key IN ({marks})"
)
_DATABASE_SHARES = 13
_ATTEMPTS = 3
_FAILED_WRITES_ALLOWED = 3
_CLOSE_TIMEOUT_S = 0.1

_T = TypeVar("_T")


def open_store(
    directory: str | os.PathLike[str],
    *,
    l3: str = "sqlite",
    limit_bytes: int,
    warn: Callable[[str], None],
    clock: Callable[[], float] = time.time,
    inside: str | None = None,
) -> "AdminStore":
    """Open the store in `directory`, which is created if it is missing.

    Args:
        directory: where the store keeps its files.
        l3: `sqlite`, or `diskcache`, which needs the extra of that name.
        limit_bytes: the bound on its files.
        warn: called with what goes wrong later; it must not call the store.
        clock: returns the time, in seconds since 1970.
        inside: the project that the directory must be in after links are resolved. Give it if the
            project's own files name the directory. None allows any place.

    Raises:
        SettingsError: the store needs a package that is not installed.
        CacheError: the store cannot be used.
    """
    layout = _make_layout(l3)
    return DatabaseStore(
        directory, layout, limit_bytes=limit_bytes, warn=warn, clock=clock, inside=inside
    )


def _make_layout(l3: str) -> Layout:
    if l3 != "diskcache":
        from chunkflow.cache.sqlite import SqliteLayout  # noqa: PLC0415 - one of two

        return SqliteLayout()
    try:
        from chunkflow.cache.diskcache import DiskcacheLayout  # noqa: PLC0415 - few have it
    except ImportError as exc:
        raise SettingsError(
            'cannot use cache.l3 = "diskcache": the package diskcache is not installed;'
            ' run pip install "chunkflow[diskcache]", or set cache.l3 to "sqlite"'
        ) from exc
    return DiskcacheLayout()


class DatabaseStore:
    """Records by key in an SQLite database; fulfils `AdminStore`. See `open_store`.

    When the store is full, the least recently used records are evicted, a tenth of the limit at a
    time. A damaged database is quarantined and a new one begun. `warn` is called at most once for
    each quarantined database, and at most once for a failed read or write. After a fork, the
    child's copy finds and keeps nothing.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        layout: Layout,
        *,
        limit_bytes: int,
        warn: Callable[[str], None],
        clock: Callable[[], float],
        inside: str | None,
    ) -> None:
        self._directory = os.path.abspath(directory)
        self._layout = layout
        self._files = VersionedFiles(self._directory, layout.suffix, layout.inner_name)
        self._share_bytes = limit_bytes // 16
        self._database_bytes = _DATABASE_SHARES * self._share_bytes
        self._delete_by_key = f"DELETE FROM {layout.table} WHERE key = ?"
        self._warn = warn
        self._clock = clock
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._generation = 0
        self._outdated_rows: set[int] = set()
        self._failed_writes = 0
        self._has_replaced_database = False
        self._has_warned = False
        prepare_directory(self._directory, inside=inside)
        with registry_lock:
            locks_held_at_fork.add(self._lock)
        with self._lock:
            self._connection: StoreConnection | None = self._open()
        self._files.remove_leftovers(self._generation, now_s=clock(), keep_s=UNUSED_S)

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """Return what the store holds of `keys`. What cannot be read is a miss."""
        return self._attempt("read", self._read, keys) or {}

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep each value under its key, in place of an earlier one.

        It takes one transaction, or several if the journal would exceed its share of the limit. A
        value that is larger than that share is not kept, and neither is its key's earlier value.
        """
        for batch in self._split_batches(items):
            if self._failed_writes >= _FAILED_WRITES_ALLOWED:
                # Each may have waited for a lock, which is not worth the time any more.
                return
            self._attempt("write to", self._write, batch)

    def remove_many(self, keys: Iterable[bytes]) -> None:
        """Remove `keys`; keys that are not there are ignored."""
        self._attempt("write to", self._remove, list(keys))

    def clear(self) -> None:
        """Remove everything, and return the space to the file system."""
        self._attempt("write to", self._clear)

    def is_empty(self) -> bool:
        """Return whether there is no record that can be read."""
        query = f"SELECT EXISTS (SELECT 1 FROM {self._layout.table})"
        return not self._attempt("read", fetch_value, query)

    def take_census(self) -> "Census | None":
        """Count the records and measure the files; return None if the store cannot be read."""
        from chunkflow.cache.census import count_records  # noqa: PLC0415 - no run needs it

        file_bytes = self._files.measure_bytes()
        return self._attempt("read", count_records, self._layout, file_bytes)

    def walk(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """Yield every key with its value, in batches. It does not count as use."""
        from chunkflow.cache.census import BEFORE_ALL, decode_rows, read_after  # noqa: PLC0415

        rowid = BEFORE_ALL
        while rows := self._attempt("read", read_after, self._layout, rowid):
            rowid = rows[-1][0]
            yield decode_rows(rows)

    def collect_garbage(self) -> None:
        """Remove what no run will use, and return all free space to the file system."""
        self._attempt("write to", self._collect)

    def close(self) -> None:
        """Write the times of use, and close. A closed store finds and keeps nothing."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            with contextlib.suppress(DamagedDatabase, *DatabaseErrors):
                # Times of use and a shorter journal are worth neither a wait nor a warning.
                connection.set_busy_timeout(_CLOSE_TIMEOUT_S)
                self._finish(connection)
            connection.close()
        locks_held_at_fork.discard(self._lock)

    def _open(self) -> StoreConnection:
        for _ in range(_ATTEMPTS):
            generation, exists = self._files.find_newest()
            try:
                connection = self._open_generation(generation, exists=exists)
            except DamagedDatabase as exc:
                self._quarantine(generation, str(exc))
            except (OSError, sqlite3.Error) as exc:
                if not exists or os.path.lexists(self._files.locate_database(generation)):
                    raise make_cache_error(self._directory, exc) from exc
                # Another process has just quarantined it.
            else:
                self._generation = generation
                return connection
        raise make_cache_error(self._directory, "each new database in it is damaged at once")

    def _open_generation(self, generation: int, *, exists: bool) -> StoreConnection:
        if not exists:
            self._files.create_directory(generation)
        if not self._files.is_sound(generation):
            raise DamagedDatabase("it is not a directory")
        return open_database(
            self._files.locate_database(generation),
            self._layout,
            # A process may have been killed after it created the directory, before the database.
            create=not exists or bool(self._layout.inner_name),
            journal_limit_bytes=self._share_bytes,
        )

    def _quarantine(self, generation: int, reason: str) -> None:
        try:
            kept_path = self._files.quarantine(generation, keep_bytes=self._share_bytes)
        except OSError as exc:
            raise make_cache_error(self._directory, exc) from exc
        if kept_path is not None:
            self._warn(
                f"the cache in {self._directory} was damaged ({reason});"
                f" a new one was created, and {os.path.basename(kept_path)} can be deleted"
            )

    def _attempt(self, verb: str, action: Callable[..., _T], *args: object) -> _T | None:
        if os.getpid() != self._pid:
            # SQLite does not allow a connection to be used across a fork, and the lock may be held
            # forever.
            return None
        with self._lock:
            # After a quarantine, try again on the new database. What was being written when the
            # damage was found is then not lost, and the next run finds it.
            while self._connection is not None:
                try:
                    return action(self._connection, *args)
                except DamagedDatabase as exc:
                    self._replace_database(self._connection, str(exc))
                except DatabaseErrors as exc:
                    if not is_damage(exc) or self._connection.is_immutable:
                        self._warn_of_failure(verb, describe_error(exc))
                        return None
                    self._replace_database(self._connection, describe_error(exc))
            return None

    def _replace_database(self, connection: StoreConnection, reason: str) -> None:
        connection.close()
        self._connection = None
        self._outdated_rows.clear()
        if self._has_replaced_database:
            # The second time in a run: the disk or the memory is faulty.
            return
        self._has_replaced_database = True
        try:
            self._quarantine(self._generation, reason)
            self._connection = self._open()
        except CacheError as exc:
            self._warn(str(exc))

    def _warn_of_failure(self, verb: str, reason: str) -> None:
        self._failed_writes += verb == "write to"
        if not self._has_warned:
            self._has_warned = True
            self._warn(
                f"cannot {verb} the cache in {self._directory}: {reason}; the run continues without"
            )

    def _read(self, connection: StoreConnection, keys: Collection[bytes]) -> dict[bytes, bytes]:
        found = {}
        layout = self._layout
        now = int(self._clock())
        for part in split(list(keys), _KEYS_A_QUERY):
            query = _SELECT.format(
                used=layout.used,
                table=layout.table,
                valid=layout.valid,
                marks=",".join("?" * len(part)),
            )
            parameters = (now - DAY_S, now + DAY_S, *part)
            asked = set(part)
            for key, value, outdated in connection.execute(query, parameters):
                if key not in asked:
                    raise DamagedDatabase("its index of keys is out of order")
                # A database from elsewhere may hold anything.
                if isinstance(value, bytes):
                    found[key] = value
                if outdated:
                    self._outdated_rows.add(outdated)
        return found

    def _split_batches(self, items: Iterable[tuple[bytes, bytes]]) -> Iterator[dict[bytes, bytes]]:
        batch: dict[bytes, bytes] = {}
        journal_bytes = 0
        for key, value in items:
            # In the journal, a record takes its own size. In a large database it takes a page of
            # the index as well, as keys are random.
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
        need_bytes = sum(len(key) + len(value) for key, _, value in kept)
        make_room(connection, self._layout, need_bytes, bound_bytes=self._database_bytes)
        too_large = batch.keys() - {key for key, _, _ in kept}
        with transaction(connection):
            self._layout.put(connection, kept)
            connection.executemany(self._delete_by_key, [(key,) for key in too_large])
        self._failed_writes = 0

    def _remove(self, connection: StoreConnection, keys: list[bytes]) -> None:
        for key in keys:
            self._check_row(connection, key)
        change_rows(connection, self._delete_by_key, [(key,) for key in keys])

    def _check_row(self, connection: StoreConnection, key: bytes) -> None:
        # If the index leads to a row with another key, deleting by key would not mend that, and
        # every run would meet the same damage again.
        table = self._layout.table
        found = connection.execute(
            f"SELECT key FROM {table} NOT INDEXED"
            f" WHERE rowid IN (SELECT rowid FROM {table} WHERE key = ?)",
            (key,),
        ).fetchall()
        if found not in ([], [(key,)]):
            raise DamagedDatabase("its index of keys leads to another row")

    def _clear(self, connection: StoreConnection) -> None:
        with transaction(connection):
            connection.execute(f"DELETE FROM {self._layout.table}")
        shrink(connection, bound_bytes=0)
        empty_journal(connection)
        self._outdated_rows.clear()
        self._files.remove_before(self._generation)

    def _collect(self, connection: StoreConnection) -> None:
        now_s = int(self._clock())
        remove_unused(connection, self._layout, now_s=now_s)
        make_room(connection, self._layout, 0, bound_bytes=self._database_bytes)
        shrink(connection, bound_bytes=0)
        empty_journal(connection)
        self._files.remove_leftovers(self._generation, now_s=now_s, keep_s=UNUSED_S)

    def _finish(self, connection: StoreConnection) -> None:
        # Times of use are written at most once a day, and never while reading, so a run that finds
        # everything writes nothing.
        now_s = int(self._clock())
        set_used(connection, self._layout, [(now_s, row) for row in sorted(self._outdated_rows)])
        remove_unused(connection, self._layout, now_s=now_s)
        # The limit may be lower than in the last run.
        make_room(connection, self._layout, 0, bound_bytes=self._database_bytes)
        shrink(connection, bound_bytes=self._database_bytes + self._share_bytes)
        if connection.total_changes:
            empty_journal(connection)
