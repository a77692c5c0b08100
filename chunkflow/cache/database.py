"""A store in an SQLite database that any number of processes share, whatever its layout.

The files of a store stay below its limit: the database below 13/16 of it, its journal below 2/16,
and a damaged database that was set aside is cut to 1/16.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import ClassVar, TypeVar

from chunkflow.cache.connection import (
    PAGE_BYTES,
    DamagedDatabase,
    DatabaseErrors,
    StoreConnection,
    empty_journal,
    is_damage,
    open_database,
    reason_of,
    transaction,
)
from chunkflow.cache.directory import cache_error, prepare_directory
from chunkflow.cache.eviction import (
    DAY_S,
    UNUSED_S,
    forget_unused,
    make_room,
    rows_a_transaction,
    set_used,
    shrink,
    sliced,
)
from chunkflow.cache.generations import Generations
from chunkflow.cache.layout import Layout
from chunkflow.cache.store import Census, StoreStats
from chunkflow.errors import CacheError

_KEYS_A_QUERY = 500
"""SQLite before 3.32 takes 999 parameters at most; more than 250 a query gains nothing."""

_SELECT = (
    # The last column is the row whose time of use is out of date, or 0. A clock may have been
    # wrong, so a time in the future is out of date as well.
    "SELECT key, value, CASE WHEN {used} BETWEEN ? AND ? THEN 0 ELSE rowid END"
    " FROM {table} WHERE {valid} AND key IN ({marks})"
)
_DATABASE_SHARES = 13
_ATTEMPTS = 3
_FAILED_WRITES_ALLOWED = 3
_CLOSE_PATIENCE_S = 0.1

_FORK_PATIENCE_S = 5.0

_T = TypeVar("_T")

_opening = threading.RLock()
_locks: set[threading.Lock] = set()
_held: list[threading.Lock] = []


def _wait_for_statements() -> None:
    # SQLite has locks of its own; a child that opens another database would wait for them for ever.
    _opening.acquire()
    # Who forks in a signal's handler may hold one itself.
    _held.extend(lock for lock in tuple(_locks) if lock.acquire(timeout=_FORK_PATIENCE_S))


def _go_on() -> None:
    while _held:
        _held.pop().release()
    _opening.release()


os.register_at_fork(before=_wait_for_statements, after_in_parent=_go_on, after_in_child=_go_on)


class DatabaseStore:
    """Sealed records by key in `directory`, at most `limit_bytes` of files; fulfils `Store`.

    When it is full the least recently used go, a tenth of it at a time; what was not used for 30
    days goes in any case. A damaged database is set aside and a new one begun. `warn` is called
    from within, at most once for each of: a database set aside, reading or writing that failed; it
    must not call the store. After a fork, the child's copy holds nothing.

    A subclass says which `layout` the database has; no two may have the same.

    Args:
        directory: made if it is missing.
        limit_bytes: the bound.
        warn: told what went wrong.
        clock: tells the time, in seconds since 1970.
        inside: the project that the directory must be in, links followed; None is anywhere.

    Raises:
        CacheError: the directory or the database cannot be used.
    """

    layout: ClassVar[Callable[[], Layout]]
    """Makes the database's layout."""

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        limit_bytes: int,
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        inside: str | None = None,
    ) -> None:
        self._directory = os.path.abspath(directory)
        self._layout = layout = type(self).layout()
        self._files = Generations(self._directory, layout.suffix, layout.inner_name)
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
        prepare_directory(self._directory, inside=inside)
        with _opening:
            _locks.add(self._lock)
        with self._lock:
            self._connection: StoreConnection | None = self._open()
        self._files.forget_left_over(self._generation, now_s=clock(), keep_s=UNUSED_S)

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
        self._attempt("write to", self._remove, list(keys))

    def clear(self) -> None:
        """Forget everything, and give the disk its room back."""
        self._attempt("write to", self._clear)

    def stats(self) -> StoreStats:
        """Return how many records there are, and the size of the files."""
        records = self._attempt("read", self._count) or 0
        return StoreStats(records, self._files.size_bytes())

    def is_empty(self) -> bool:
        """Whether there is no record that could be read."""
        return not self._attempt("read", self._any)

    def census(self) -> Census | None:
        """Return what there is, counted; None if it cannot be read."""
        from chunkflow.cache.survey import take_census  # noqa: PLC0415 - no run needs it

        return self._attempt("read", take_census, self._layout)

    def walk(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """Yield every key with its value, some at a time; that is not noted as a use."""
        from chunkflow.cache.survey import BEFORE_ALL, records_in, rows_after  # noqa: PLC0415

        rowid = BEFORE_ALL
        while rows := self._attempt("read", rows_after, self._layout, rowid):
            rowid = rows[-1][0]
            yield records_in(rows)

    def collect(self) -> None:
        """Forget what no run will use, and give the disk all the room that is free."""
        self._attempt("write to", self._collect)

    def close(self) -> None:
        """Write what was put off, and close; from then on nothing is found and nothing kept."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            with contextlib.suppress(DamagedDatabase, *DatabaseErrors):
                # Times of use and a shorter journal are not worth a wait or a warning.
                connection.wait_at_most(_CLOSE_PATIENCE_S)
                self._finish(connection)
            connection.close()
        _locks.discard(self._lock)

    def _open(self) -> StoreConnection:
        for _ in range(_ATTEMPTS):
            generation, exists = self._files.newest()
            try:
                connection = self._open_generation(generation, exists=exists)
            except DamagedDatabase as exc:
                self._set_aside(generation, str(exc))
            except (OSError, sqlite3.Error) as exc:
                if not exists or os.path.lexists(self._files.database_path(generation)):
                    raise cache_error(self._directory, exc) from exc
                # Another process has just set it aside.
            else:
                self._generation = generation
                return connection
        raise cache_error(self._directory, "each new database in it is damaged at once")

    def _open_generation(self, generation: int, *, exists: bool) -> StoreConnection:
        if not exists:
            self._files.make(generation)
        if not self._files.is_sound(generation):
            raise DamagedDatabase("it is not a directory")
        return open_database(
            self._files.database_path(generation),
            self._layout,
            # A process may have been killed between making a directory and the database in it.
            create=not exists or bool(self._layout.inner_name),
            journal_limit_bytes=self._share_bytes,
        )

    def _set_aside(self, generation: int, reason: str) -> None:
        try:
            aside = self._files.set_aside(generation, keep_bytes=self._share_bytes)
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
            # Once more on the new database where the old one was set aside: what is written when
            # the damage is met is not lost, so the next run has it.
            while self._connection is not None:
                try:
                    return action(self._connection, *args)
                except DamagedDatabase as exc:
                    self._begin_anew(self._connection, str(exc))
                except DatabaseErrors as exc:
                    if not is_damage(exc) or self._connection.is_immutable:
                        self._tell_failure(verb, reason_of(exc))
                        return None
                    self._begin_anew(self._connection, reason_of(exc))
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

    def _tell_failure(self, verb: str, reason: str) -> None:
        self._failed_writes += verb == "write to"
        if not self._has_warned:
            self._has_warned = True
            self._warn(
                f"cannot {verb} the cache in {self._directory}: {reason}; the run goes on without"
            )

    def _read(self, connection: StoreConnection, keys: Collection[bytes]) -> dict[bytes, bytes]:
        found = {}
        layout = self._layout
        now = int(self._clock())
        for part in sliced(list(keys), _KEYS_A_QUERY):
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
            self._layout.put(connection, kept)
            self._delete_keys(connection, batch.keys() - {key for key, _, _ in kept})
        self._failed_writes = 0

    def _make_room(self, connection: StoreConnection, need_bytes: int) -> None:
        make_room(
            connection,
            self._layout,
            need_bytes,
            bound_bytes=_DATABASE_SHARES * self._share_bytes,
            journal_bytes=self._share_bytes,
        )

    def _remove(self, connection: StoreConnection, keys: list[bytes]) -> None:
        for key in keys:
            self._check_row(connection, key)
        for part in sliced(keys, rows_a_transaction(self._share_bytes)):
            with transaction(connection):
                self._delete_keys(connection, part)

    def _check_row(self, connection: StoreConnection, key: bytes) -> None:
        # Where the index leads to a row of another key, deleting by the key would leave it so, and
        # every run would find the same damage again.
        table = self._layout.table
        found = connection.execute(
            f"SELECT key FROM {table} NOT INDEXED"
            f" WHERE rowid IN (SELECT rowid FROM {table} WHERE key = ?)",
            (key,),
        ).fetchall()
        if found not in ([], [(key,)]):
            raise DamagedDatabase("its index of keys leads astray")

    def _delete_keys(self, connection: StoreConnection, keys: Iterable[bytes]) -> None:
        delete = f"DELETE FROM {self._layout.table} WHERE key = ?"
        connection.executemany(delete, ((key,) for key in keys))

    def _clear(self, connection: StoreConnection) -> None:
        with transaction(connection):
            connection.execute(f"DELETE FROM {self._layout.table}")
        shrink(connection, bound_bytes=0, journal_bytes=self._share_bytes)
        empty_journal(connection)
        self._outdated_rows.clear()
        self._files.forget_before(self._generation)

    def _collect(self, connection: StoreConnection) -> None:
        now_s, share_bytes = int(self._clock()), self._share_bytes
        forget_unused(connection, self._layout, now_s=now_s, journal_bytes=share_bytes)
        self._make_room(connection, 0)
        shrink(connection, bound_bytes=0, journal_bytes=share_bytes)
        empty_journal(connection)
        self._files.forget_left_over(self._generation, now_s=now_s, keep_s=UNUSED_S)

    def _any(self, connection: StoreConnection) -> bool:
        return bool(connection.execute(f"SELECT 1 FROM {self._layout.table} LIMIT 1").fetchone())

    def _count(self, connection: StoreConnection) -> int:
        count = f"SELECT count(*) FROM {self._layout.table}"
        return int(connection.execute(count).fetchone()[0])

    def _finish(self, connection: StoreConnection) -> None:
        # When a record was last used is written at most once a day, and never while reading, so
        # a run that finds everything writes nothing.
        share_bytes = self._share_bytes
        now_s = int(self._clock())
        outdated = [(now_s, row) for row in sorted(self._outdated_rows)]
        set_used(connection, self._layout, outdated, journal_bytes=share_bytes)
        forget_unused(connection, self._layout, now_s=now_s, journal_bytes=share_bytes)
        # The limit may be lower than it was for the last run.
        self._make_room(connection, 0)
        bound_bytes = (_DATABASE_SHARES + 1) * share_bytes
        shrink(connection, bound_bytes=bound_bytes, journal_bytes=share_bytes)
        if connection.total_changes:
            empty_journal(connection)
