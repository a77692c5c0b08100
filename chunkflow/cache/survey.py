"""Looks at all that a store holds, for those who look after it; no run needs that."""

from collections.abc import Iterable

from chunkflow.cache.connection import StoreConnection
from chunkflow.cache.layout import Layout
from chunkflow.cache.record import unseal
from chunkflow.cache.store import Census, TendedStore

_ROWS_AT_ONCE = 64
BEFORE_ALL = -(1 << 63)
"""A rowid that no row comes before."""

Row = tuple[int, object, object]
"""A rowid, a key and a value; a database that came from elsewhere may hold anything."""


def take_census(connection: StoreConnection, layout: Layout) -> Census:
    """Count records by the first byte of their keys; of values only the length is read."""
    counts = connection.execute(
        "SELECT ifnull(substr(key, 1, 1), x''), count(*),"
        f" ifnull(sum(length(key) + length(value)), 0), CAST(min({layout.used}) AS INTEGER),"
        f" CAST(max({layout.used}) AS INTEGER) FROM {layout.table}"
        " WHERE typeof(key) = 'blob' GROUP BY 1"
    ).fetchall()
    return Census(
        {kind: count for kind, count, _, _, _ in counts},
        {kind: int(size_bytes) for kind, _, size_bytes, _, _ in counts},
        min((oldest for *_, oldest, _ in counts if oldest is not None), default=None),
        max((newest for *_, newest in counts if newest is not None), default=None),
    )


def rows_after(connection: StoreConnection, layout: Layout, rowid: int) -> list[Row]:
    """Some rows behind the one with that rowid, in order; none at the end."""
    query = f"SELECT rowid, key, value FROM {layout.table} WHERE rowid > ? ORDER BY rowid LIMIT ?"
    return connection.execute(query, (rowid, _ROWS_AT_ONCE)).fetchall()


def records_in(rows: Iterable[Row]) -> list[tuple[bytes, bytes]]:
    """Keys and values of rows; a value that is no bytes is as bad as an empty one."""
    return [
        (key, value if isinstance(value, bytes) else b"")
        for _, key, value in rows
        if isinstance(key, bytes)
    ]


def count_damaged(store: TendedStore) -> tuple[int, int]:
    """How many records a store has, and of how many the seal is broken."""
    records = damaged = 0
    for batch in store.walk():
        records += len(batch)
        damaged += sum(unseal(key, sealed) is None for key, sealed in batch)
    return records, damaged
