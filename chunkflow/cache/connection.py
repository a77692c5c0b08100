"""Opens a store's SQLite database, and tells a damaged one from one that cannot be used now."""

import contextlib
import errno
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from chunkflow.cache.generations import FORMAT, SIDE_SUFFIXES

BUSY_TIMEOUT_S = 1.0
"""How long to wait for another process's lock."""

PAGE_BYTES = 8192
"""Of 4, 8 and 16 KB: with records of 1 to 4 KB, 8 writes in half the time of 4, in a smaller file,
and reads as fast; 16 gains little and makes the smallest write larger."""

_RETRY_S = 0.003
_BY_EFFECTIVE_IDS = os.access in os.supports_effective_ids
_APPLICATION_ID = 0x43484643  # "CHFC"; `file` shows it
FOREIGN = "it is not of this program's making"
"""Why a database is not used that is none of ours, or no longer."""

_PLAIN_BYTES = frozenset(b"/-_.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_T = TypeVar("_T")
# Where nothing can be written, or the disk is full, SQLite cannot make the files that it keeps
# beside a database in use.
_UNWRITABLE_CODES = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
)
_DAMAGE_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SETTINGS = (
    # WAL with several writers and mapped memory is a known way to a corrupt database.
    "mmap_size = 0",
    # What is on disk is data: nothing in a schema is run, and every page is checked.
    "trusted_schema = OFF",
    "cell_size_check = ON",
    # Survives a killed process; a power cut may cost the last commits, never the database.
    "synchronous = NORMAL",
    # Overwriting what is deleted doubles the time of an eviction where it is the default.
    "secure_delete = OFF",
    # Pages, 768 KB: so little is left to move when the store is closed. It does not keep the
    # journal short where others write all the time; `transaction` does.
    "wal_autocheckpoint = 96",
)


class StoreConnection(sqlite3.Connection):
    """A connection that knows how long to wait for a lock, and what its journal may grow to."""

    journal_path = ""
    journal_limit_bytes = 0
    patience_s = 0.0
    is_immutable = False
    """Whether it was opened to read a file that nobody changes; if somebody does, it reads junk."""

    def wait_at_most(self, seconds: float) -> None:
        """Set how long each statement waits for a lock of another connection."""
        self.patience_s = seconds
        self.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def journal_size_bytes(self) -> int:
        """Return the size of the journal on disk; 0 if there is none."""
        try:
            return os.stat(self.journal_path).st_size
        except OSError:
            return 0


class Tables(Protocol):
    """Makes and checks what is in a database; see `Layout`, which fulfils it."""

    def create(self, connection: StoreConnection) -> None:
        """Make the tables, in a transaction."""

    def check(self, connection: StoreConnection) -> None:
        """Raise DamagedDatabase unless the tables are what `create` makes."""


class DamagedDatabase(Exception):  # noqa: N818 - says what it is
    """The file is not a database that this program made, or no longer; handled in the cache."""


DatabaseErrors = (sqlite3.Error, UnicodeDecodeError)
"""What a statement raises. SQLite's message may quote what stands in a damaged schema, which need
not be UTF-8; then the module sqlite3 raises the second."""


def is_damage(error: Exception) -> bool:
    """Tell whether an error means that the database itself is broken."""
    # Without a further code, the third means that the file itself says that it may not be written,
    # or what is left beside it; where the place forbids it, a database is opened to read only.
    return (
        isinstance(error, UnicodeDecodeError)
        or _primary_code(error) in _DAMAGE_CODES
        or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY
    )


def reason_of(error: Exception) -> str:
    """Return what an error says of the database."""
    return "malformed database schema" if isinstance(error, UnicodeDecodeError) else str(error)


def open_database(
    path: str, tables: Tables, *, create: bool, journal_limit_bytes: int
) -> StoreConnection:
    """Open the database at `path`; read-only if it cannot be written.

    Raises DamagedDatabase, or OSError or sqlite3.Error for what cannot be opened now.
    """
    if create:
        _create_file(path)
    _check_files(path)
    try:
        connection = _open_either(path, tables, journal_limit_bytes)
    except DatabaseErrors as exc:
        # The statements are this program's own, so what is wrong with one is in the file: "no such
        # table", or a format that no SQLite knows.
        if is_damage(exc) or _primary_code(exc) == sqlite3.SQLITE_ERROR:
            raise DamagedDatabase(reason_of(exc)) from exc
        raise
    connection.wait_at_most(BUSY_TIMEOUT_S)
    return connection


@contextlib.contextmanager
def transaction(connection: StoreConnection) -> Iterator[None]:
    """Hold the write lock, and commit; on any exception, a signal's too, nothing was written."""
    _begin(connection)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def empty_journal(connection: StoreConnection) -> bool:
    """Move the journal into the database and cut it to nothing; tell whether that was possible."""
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _begin(connection: StoreConnection) -> None:
    # SQLite itself empties the journal only when nobody writes in between: two busy writers make
    # it grow to many times the database. The size is looked at under the lock, so that however
    # many writers there are, it is passed by one transaction at most.
    deadline = time.monotonic() + connection.patience_s
    while True:
        _begin_immediate(connection)
        if connection.journal_size_bytes() <= connection.journal_limit_bytes:
            return
        connection.execute("ROLLBACK")
        if not empty_journal(connection) and time.monotonic() > deadline:
            raise sqlite3.OperationalError("its journal is held by another process")
        # Another process may be emptying it at this moment.
        time.sleep(_RETRY_S)


def _begin_immediate(connection: StoreConnection) -> None:
    # SQLite's own wait sleeps up to 0.1 s between tries: beside a busy writer it often fails to
    # find a gap in a second.
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        _patiently(lambda: connection.execute("BEGIN IMMEDIATE"), connection.patience_s)
    finally:
        connection.wait_at_most(connection.patience_s)


def _patiently(action: Callable[[], _T], patience_s: float) -> _T:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return action()
        except sqlite3.OperationalError as exc:
            if _primary_code(exc) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_S)


def _create_file(path: str) -> None:
    # Made here because SQLite would make it readable to all; it gives its journals the same mode.
    # Only a new file may be opened and closed: on another, that would drop this process's locks.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, flags, 0o600))


def _check_files(path: str) -> None:
    # SQLite finds a journal by its name: one that is a link, a FIFO or a directory is as bad as
    # such a database.
    for name in (path, *(path + suffix for suffix in SIDE_SUFFIXES)):
        try:
            mode = os.lstat(name).st_mode
        except FileNotFoundError:
            if name == path:
                raise
        else:
            if not stat.S_ISREG(mode):
                raise DamagedDatabase(f"{os.path.basename(name)} is not a regular file")


def _open_either(path: str, tables: Tables, journal_limit_bytes: int) -> StoreConnection:
    refusal: Exception
    if os.access(path, os.W_OK, effective_ids=_BY_EFFECTIVE_IDS):
        try:
            # SQLite's own wait is for one statement, and there are several.
            return _patiently(
                lambda: _open_writable(path, tables, journal_limit_bytes), BUSY_TIMEOUT_S
            )
        except sqlite3.OperationalError as exc:
            if _primary_code(exc) not in _UNWRITABLE_CODES:
                raise
            refusal = exc
    else:
        # SQLite would open it to read, and leave files beside it that nobody can write, also when
        # the database can be written again.
        refusal = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    connection = _open_read_only(path, tables)
    if connection is None:
        raise refusal
    return connection


def _open_writable(path: str, tables: Tables, journal_limit_bytes: int) -> StoreConnection:
    with _closed_on_error(_connect(path, "mode=rw")) as connection:
        connection.journal_path = f"{path}-wal"
        connection.journal_limit_bytes = journal_limit_bytes
        if _is_new(connection):
            _create_schema(connection, tables)
        _check_schema(connection, tables)
        if _value(connection, "PRAGMA journal_mode") != "wal":
            raise DamagedDatabase(FOREIGN)
        return connection


def _open_read_only(path: str, tables: Tables) -> StoreConnection | None:
    """Return None for a database that was only just begun: there is nothing to read."""
    # Immutable: without the right to write beside it, a database in WAL mode opens no other way.
    with _closed_on_error(_connect(path, "mode=ro&immutable=1")) as connection:
        if _is_new(connection):
            connection.close()
            return None
        connection.is_immutable = True
        _check_schema(connection, tables)
        return connection


def _connect(path: str, options: str) -> StoreConnection:
    connection = sqlite3.connect(
        f"file:{_percent_encoded(path)}?{options}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        factory=StoreConnection,
    )
    # A text in a hostile database need not be UTF-8.
    connection.text_factory = _text
    with _closed_on_error(connection):
        connection.wait_at_most(0)
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
    return connection


@contextlib.contextmanager
def _closed_on_error(connection: StoreConnection) -> Iterator[StoreConnection]:
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _percent_encoded(path: str) -> str:
    """Return the path for a URI; a name's bytes need not be UTF-8."""
    absolute = os.fsencode(os.path.abspath(path))
    return "".join(chr(byte) if byte in _PLAIN_BYTES else f"%{byte:02X}" for byte in absolute)


def _is_new(connection: StoreConnection) -> bool:
    return _value(connection, "SELECT count(*) FROM sqlite_master") == 0 and (
        _value(connection, "PRAGMA application_id") == 0
    )


def _create_schema(connection: StoreConnection, tables: Tables) -> None:
    # These two only take effect on a database without a page, and so before the others.
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection):
        if _is_new(connection):
            tables.create(connection)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")


def _check_schema(connection: StoreConnection, tables: Tables) -> None:
    # Nothing that it holds can make the look write.
    connection.execute("PRAGMA query_only = ON")
    if (
        _value(connection, "PRAGMA application_id") != _APPLICATION_ID
        or _value(connection, "PRAGMA page_size") != PAGE_BYTES
        or _value(connection, "PRAGMA user_version") != FORMAT
    ):
        raise DamagedDatabase(FOREIGN)
    tables.check(connection)
    connection.execute("PRAGMA query_only = OFF")


def schema_of(connection: sqlite3.Connection) -> list[tuple[str | None, ...]]:
    """Return the type, name, table and statement of all that a database's schema has, by name."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
    return connection.execute(query).fetchall()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _value(connection: StoreConnection, sql: str) -> object:
    return connection.execute(sql).fetchone()[0]


def _primary_code(error: Exception) -> int:
    # The low byte; what sqlite3 itself raises has no code.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
