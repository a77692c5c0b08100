"""How a store's database is laid out, as far as stores differ in it."""

from collections.abc import Sequence
from typing import Protocol

from chunkflow.cache.connection import StoreConnection, Tables

Row = tuple[bytes, int, bytes]
"""A key, the time of its use in seconds, and a value."""


class Layout(Tables, Protocol):
    """One kind of database. Its strings stand in statements, so none may come from outside."""

    # What the names of its files end in.
    suffix: str
    # The database's name within it, where that is a directory; else "".
    inner_name: str
    # The table of records. It has the columns `key` and `value`, and a rowid.
    table: str
    # The table's column with the time of last use; there is an index over it.
    used: str
    # What more a row must fulfil to be read, as a condition.
    valid: str

    def put(self, connection: StoreConnection, rows: Sequence[Row]) -> None:
        """Keep each value under its key, in a transaction."""
