"""Counts and checks all that a store holds, for the `cache` commands; no run needs it."""

from collections.abc import Iterable

from chunkflow.cache.connection import Layout, StoreConnection
from chunkflow.cache.record import unseal
from chunkflow.cache.store import AdminStore, Census

_ROWS_AT_ONCE = 64
BEFORE_ALL = -(1 << 63)
"""A rowid that precedes all others."""

StoredRow = tuple[int, object, object]
"""A rowid, a key and a value. A database from elsewhere may hold anything."""


def count_records(connection: StoreConnection, layout: Layout, file_bytes: int) -> Census:
    """Count records by the first byte of their keys; of values, only the length is read."""
    counts = connection.execute(
        "SELECT ifnull(substr(key, 1, 1), x''), count(*),"
        f" ifnull(sum(length(key) + length(value)), 0), CAST(min({layout.used}) AS INTEGER),"
        f" CAST(max({layout.used}) AS INTEGER) FROM {layout.table}"
        " WHERE typeof(key) = 'blob' GROUP BY 1"
    ).fetchall()
    return Census(
        records={kind: count for kind, count, _, _, _ in counts},
        size_bytes={kind: int(size_bytes) for kind, _, size_bytes, _, _ in counts},
        file_bytes=file_bytes,
        oldest_use_s=min((old for *_, old, _ in counts if old is not None), default=None),
        newest_use_s=max((new for *_, new in counts if new is not None), default=None),
    )


def read_after(connection: StoreConnection, layout: Layout, rowid: int) -> list[StoredRow]:
    """Return the next rows after `rowid`, in order; none at the end."""
    query = f"SELECT rowid, key, value FROM {layout.table} WHERE rowid > ? ORDER BY rowid LIMIT ?"
    return connection.execute(query, (rowid, _ROWS_AT_ONCE)).fetchall()


def decode_rows(rows: Iterable[StoredRow]) -> list[tuple[bytes, bytes]]:
    """Return the keys and values of rows. A value that is not bytes counts as empty."""
    return [
        (key, value if isinstance(value, bytes) else b"")
        for _, key, value in rows
        if isinstance(key, bytes)
    ]


def count_damaged(store: AdminStore) -> tuple[int, int]:
    """Return how many records a store has, and how many of them have a broken seal."""
    records = damaged = 0
    for batch in store.walk():
        records += len(batch)
        damaged += sum(unseal(key, sealed) is None for key, sealed in batch)
    return records, damaged
