"""The default layout of a store's database: one table of records."""

from collections.abc import Sequence

from chunkflow.cache.connection import (
    FOREIGN,
    DamagedDatabase,
    Row,
    StoreConnection,
    read_schema,
)

_TABLE = (
    # A table WITHOUT ROWID holds the values in its tree. Compared with it, this one takes a quarter
    # of the time for a bulk read, and two thirds for a bulk write.
    "CREATE TABLE records"
    " (key BLOB PRIMARY KEY NOT NULL, used INTEGER NOT NULL, value BLOB NOT NULL)"
)
_INDEX = (
    # Finds what to evict, and what has not been used for long, without reading values.
    "CREATE INDEX records_used ON records(used)"
)
# Larger values are written in pieces of this size, as SQLite would make two copies of each.
_LARGE_BYTES = 1 << 20
_SCHEMA = [
    ("table", "records", "records", _TABLE),
    ("index", "records_used", "records", _INDEX),
    ("index", "sqlite_autoindex_records_1", "records", None),
]


class SqliteLayout:
    """A table of keys, values and times of use; fulfils `Layout`."""

    suffix = ".sqlite3"
    inner_name = ""
    table = "records"
    used = "used"
    valid = "1"

    def create(self, connection: StoreConnection) -> None:
        """Create the table and its index."""
        connection.execute(_TABLE)
        connection.execute(_INDEX)

    def check(self, connection: StoreConnection) -> None:
        """Raise DamagedDatabase unless the schema is exactly this one."""
        if read_schema(connection) != _SCHEMA:
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
