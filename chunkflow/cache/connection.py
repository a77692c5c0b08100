"""Opens a store's SQLite database, and distinguishes damage from what may pass."""

import contextlib
import errno
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from chunkflow.cache.keys import FORMAT
from chunkflow.cache.versioned_files import SIDE_SUFFIXES

BUSY_TIMEOUT_S = 1.0
"""How long to wait for another process's lock."""

PAGE_BYTES = 8192
"""With records of 1 to 4 KB, pages of 8 KB halve the time that pages of 4 KB take to write. The
file is smaller, and reads take the same time. Pages of 16 KB gain little more, and make the
smallest write larger."""

_RETRY_S = 0.003
_BY_EFFECTIVE_IDS = os.access in os.supports_effective_ids
_APPLICATION_ID = 0x43484643  # "CHFC"; `file` shows it
FOREIGN = "it was not made by this program"
"""Why a database with another schema is not used."""

Row = tuple[bytes, int, bytes]
"""A key, its time of use in seconds since 1970, and a value."""

_PLAIN_BYTES = frozenset(b"/-_.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_T = TypeVar("_T")
# Where nothing can be written, or the disk is full, SQLite cannot create the files that it keeps
# beside an open database.
_UNWRITABLE_CODES = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
)
_DAMAGE_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SETTINGS = (
    # WAL with several writers and mapped memory is known to corrupt databases.
    "mmap_size = 0",
    # The file is untrusted: nothing in its schema is run, and every page is checked.
    "trusted_schema = OFF",
    "cell_size_check = ON",
    # Commits survive a killed process. A power cut may lose the last ones, never the database.
    "synchronous = NORMAL",
    # Where it is on by default, overwriting deleted data doubles the time of an eviction.
    "secure_delete = OFF",
    # In pages: 768 KB, so that little is left to move when the store is closed. `transaction`
    # keeps the journal short where others write all the time; this alone does not.
    "wal_autocheckpoint = 96",
)


class StoreConnection(sqlite3.Connection):
    """A connection with a time limit for locks and a limit on the size of its journal."""

    journal_path = ""
    journal_limit_bytes = 0
    busy_timeout_s = 0.0
    is_immutable = False
    """Whether the file is assumed not to change. If it does, reads may return garbage."""

    def set_busy_timeout(self, seconds: float) -> None:
        """Set how long each statement waits for a lock of another connection."""
        self.busy_timeout_s = seconds
        self.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    @property
    def journal_size_bytes(self) -> int:
        """The size of the journal on disk; 0 if there is none."""
        try:
            return os.stat(self.journal_path).st_size
        except OSError:
            return 0


class Layout(Protocol):
    """How one kind of database is laid out.

    Its strings become parts of SQL statements, so none of them may come from outside.
    """

    # What the names of its files end in.
    suffix: str
    # The name of the database inside a directory; "" if the database is no directory.
    inner_name: str
    # The table of records, with a rowid and the columns `key` and `value`.
    table: str
    # The column with the time of use. There is an index on it.
    used: str
    # The condition that a row must meet to be read.
    valid: str

    def create(self, connection: StoreConnection) -> None:
        """Create the tables. Called within a transaction."""

    def check(self, connection: StoreConnection) -> None:
        """Raise DamagedDatabase unless the tables are exactly what `create` makes."""

    def put(self, connection: StoreConnection, rows: Sequence[Row]) -> None:
        """Keep each value under its key. Called within a transaction."""


class DamagedDatabase(Exception):  # noqa: N818 - it describes a state, and never leaves the cache
    """The file is not, or is no longer, a database that this program made."""


DatabaseErrors = (sqlite3.Error, UnicodeDecodeError)
"""What a statement may raise. SQLite's message may quote a damaged schema. If that is not UTF-8,
the sqlite3 module raises UnicodeDecodeError."""


def is_damage(error: Exception) -> bool:
    """Return whether an error means that the database itself is damaged."""
    # SQLITE_READONLY without an extended code means that the file itself, or what is left beside
    # it, claims to be read-only. Where the directory cannot be written, we open read-only anyway.
    return (
        isinstance(error, UnicodeDecodeError)
        or _get_primary_code(error) in _DAMAGE_CODES
        or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY
    )


def describe_error(error: Exception) -> str:
    """Return the message of an error that a statement raised."""
    return "malformed database schema" if isinstance(error, UnicodeDecodeError) else str(error)


def open_database(
    path: str, layout: Layout, *, create: bool, journal_limit_bytes: int
) -> StoreConnection:
    """Open the database at `path`, read-only if it cannot be written.

    Raises:
        DamagedDatabase: the file is damaged, or is another program's.
        OSError, sqlite3.Error: the database cannot be opened at the moment.
    """
    if create:
        _create_file(path)
    _check_files(path)
    try:
        connection = _open_either(path, layout, journal_limit_bytes)
    except DatabaseErrors as exc:
        # The statements are our own. If one is wrong, the reason is in the file: a missing table,
        # say, or a format that SQLite does not know.
        if is_damage(exc) or _get_primary_code(exc) == sqlite3.SQLITE_ERROR:
            raise DamagedDatabase(describe_error(exc)) from exc
        raise
    connection.set_busy_timeout(BUSY_TIMEOUT_S)
    return connection


@contextlib.contextmanager
def transaction(connection: StoreConnection) -> Iterator[None]:
    """Hold the write lock, then commit. On any exception, nothing has been written."""
    _begin_short(connection)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has already ended the transaction.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def empty_journal(connection: StoreConnection) -> bool:
    """Move the journal into the database and truncate it; return whether that was possible."""
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _begin_short(connection: StoreConnection) -> None:
    # SQLite empties the journal only if nobody writes in between, so two busy writers make it grow
    # to many times the size of the database. Its size is checked under the write lock, so one
    # transaction at most exceeds the limit, whatever the number of writers.
    deadline = time.monotonic() + connection.busy_timeout_s
    while True:
        _begin_immediate(connection)
        if connection.journal_size_bytes <= connection.journal_limit_bytes:
            return
        connection.execute("ROLLBACK")
        if not empty_journal(connection) and time.monotonic() > deadline:
            raise sqlite3.OperationalError("another process is using its journal")
        # Another process may be emptying the journal right now.
        time.sleep(_RETRY_S)


def _begin_immediate(connection: StoreConnection) -> None:
    # SQLite's own wait sleeps for up to 0.1 s between attempts. Beside a busy writer it often finds
    # no gap within a second.
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        _retry_while_busy(lambda: connection.execute("BEGIN IMMEDIATE"), connection.busy_timeout_s)
    finally:
        connection.set_busy_timeout(connection.busy_timeout_s)


def _retry_while_busy(action: Callable[[], _T], timeout_s: float) -> _T:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return action()
        except sqlite3.OperationalError as exc:
            if _get_primary_code(exc) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_S)


def _create_file(path: str) -> None:
    # SQLite would create it readable to all; it gives its journals the same mode. Only a new file
    # may be opened and closed here: closing another one would release this process's locks on it.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, flags, 0o600))


def _check_files(path: str) -> None:
    # SQLite finds journals by their names. A link, a FIFO or a directory in the place of one is as
    # harmful as in the place of the database.
    for name in (path, *(path + suffix for suffix in SIDE_SUFFIXES)):
        try:
            mode = os.lstat(name).st_mode
        except FileNotFoundError:
            if name == path:
                raise
        else:
            if not stat.S_ISREG(mode):
                raise DamagedDatabase(f"{os.path.basename(name)} is not a regular file")


def _open_either(path: str, layout: Layout, journal_limit_bytes: int) -> StoreConnection:
    refusal: Exception
    if os.access(path, os.W_OK, effective_ids=_BY_EFFECTIVE_IDS):
        try:
            # SQLite's own timeout is for one statement, and opening takes several.
            return _retry_while_busy(
                lambda: _open_writable(path, layout, journal_limit_bytes), BUSY_TIMEOUT_S
            )
        except sqlite3.OperationalError as exc:
            if _get_primary_code(exc) not in _UNWRITABLE_CODES:
                raise
            refusal = exc
    else:
        # SQLite would open it for reading, and leave files beside it that nobody can write, even
        # once the database can be written again.
        refusal = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    connection = _open_read_only(path, layout)
    if connection is None:
        raise refusal
    return connection


def _open_writable(path: str, layout: Layout, journal_limit_bytes: int) -> StoreConnection:
    with _close_on_error(_connect(path, "mode=rw")) as connection:
        connection.journal_path = f"{path}-wal"
        connection.journal_limit_bytes = journal_limit_bytes
        if _is_new(connection):
            _create_schema(connection, layout)
        _check_schema(connection, layout)
        if fetch_value(connection, "PRAGMA journal_mode") != "wal":
            raise DamagedDatabase(FOREIGN)
        return connection


def _open_read_only(path: str, layout: Layout) -> StoreConnection | None:
    """Open a database to read; return None if it has no tables yet, so there is nothing to read."""
    # Immutable: without permission to write beside it, a database in WAL mode opens no other way.
    with _close_on_error(_connect(path, "mode=ro&immutable=1")) as connection:
        if _is_new(connection):
            connection.close()
            return None
        connection.is_immutable = True
        _check_schema(connection, layout)
        return connection


def _connect(path: str, options: str) -> StoreConnection:
    connection = sqlite3.connect(
        f"file:{_percent_encode(path)}?{options}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        factory=StoreConnection,
    )
    # Text in an untrusted database need not be UTF-8.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    with _close_on_error(connection):
        connection.set_busy_timeout(0)
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
    return connection


@contextlib.contextmanager
def _close_on_error(connection: StoreConnection) -> Iterator[StoreConnection]:
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _percent_encode(path: str) -> str:
    """Return a path for use in a URI. The bytes of a name need not be UTF-8."""
    absolute = os.fsencode(os.path.abspath(path))
    return "".join(chr(byte) if byte in _PLAIN_BYTES else f"%{byte:02X}" for byte in absolute)


def _is_new(connection: StoreConnection) -> bool:
    entries = fetch_value(connection, "SELECT count(*) FROM sqlite_master")
    return not entries and not fetch_value(connection, "PRAGMA application_id")


def _create_schema(connection: StoreConnection, layout: Layout) -> None:
    # The first two only take effect on a database without pages, so before anything else.
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection):
        if _is_new(connection):
            layout.create(connection)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")


def _check_schema(connection: StoreConnection, layout: Layout) -> None:
    # Nothing in the file can make this check write.
    connection.execute("PRAGMA query_only = ON")
    if (
        fetch_value(connection, "PRAGMA application_id") != _APPLICATION_ID
        or fetch_value(connection, "PRAGMA page_size") != PAGE_BYTES
        or fetch_value(connection, "PRAGMA user_version") != FORMAT
    ):
        raise DamagedDatabase(FOREIGN)
    layout.check(connection)
    connection.execute("PRAGMA query_only = OFF")


def read_schema(connection: sqlite3.Connection) -> list[tuple[str | None, ...]]:
    """Return type, name, table and SQL of every entry in a database's schema, sorted by name."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
    return connection.execute(query).fetchall()


def fetch_value(connection: StoreConnection, sql: str) -> Any:
    """Return the first column of a query's first row."""
    return connection.execute(sql).fetchone()[0]


def _get_primary_code(error: Exception) -> int:
    # It is the low byte. Errors that the sqlite3 module itself raises have no code.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
