"""The third tier (L3) by default: one table of records in an SQLite database."""

from collections.abc import Sequence

from chunkflow.cache.connection import FOREIGN, DamagedDatabase, StoreConnection, schema_of
from chunkflow.cache.database import DatabaseStore
from chunkflow.cache.layout import Row

_TABLE = (
    # With a rowid: a bulk read takes a quarter of what it takes in a table WITHOUT ROWID, whose
    # tree holds the values; a bulk write two thirds.
    "CREATE TABLE records"
    " (key BLOB PRIMARY KEY NOT NULL, used INTEGER NOT NULL, value BLOB NOT NULL)"
)
_INDEX = (
    # Finds what goes first, and what was not used for long, without reading the values.
    "CREATE INDEX records_used ON records(used)"
)
# What is larger is written in pieces of this size: SQLite would make two copies of it.
_LARGE_BYTES = 1 << 20
_SCHEMA = [
    ("table", "records", "records", _TABLE),
    ("index", "records_used", "records", _INDEX),
    ("index", "sqlite_autoindex_records_1", "records", None),
]


class RecordsLayout:
    """A table of keys, values and times of use; fulfils `Layout`."""

    suffix = ".sqlite3"
    inner_name = ""
    table = "records"
    used = "used"
    valid = "1"

    def create(self, connection: StoreConnection) -> None:
        """Make the table and its index."""
        connection.execute(_TABLE)
        connection.execute(_INDEX)

    def check(self, connection: StoreConnection) -> None:
        """Raise DamagedDatabase if there is anything else, or not all of it."""
        if schema_of(connection) != _SCHEMA:
            raise DamagedDatabase(FOREIGN)

    def put(self, connection: StoreConnection, rows: Sequence[Row]) -> None:
        """Keep each value under its key."""
        put = "REPLACE INTO records(key, used, value) VALUES (?, ?, {value})"
        small = [row for row in rows if len(row[2]) < _LARGE_BYTES]
        connection.executemany(put.format(value="?"), small)
        if len(small) == len(rows):
            return
        for key, used, value in rows:
            if len(value) >= _LARGE_BYTES:
                row = (key, used, len(value))
                rowid = connection.execute(put.format(value="zeroblob(?)"), row).lastrowid
                assert rowid is not None
                with connection.blobopen(self.table, "value", rowid) as blob:
                    for start in range(0, len(value), _LARGE_BYTES):
                        blob.write(value[start : start + _LARGE_BYTES])


class SqliteStore(DatabaseStore):
    """A `DatabaseStore` with a table of its own, `chunkflow-vN-M.sqlite3` in `directory`."""

    layout = RecordsLayout
