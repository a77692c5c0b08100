"""Keeps a store's database below its bound: the least recently used records go first."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

from chunkflow.cache.connection import PAGE_BYTES, StoreConnection, transaction

_T = TypeVar("_T")


def make_room(
    connection: StoreConnection, need_bytes: int, *, bound_bytes: int, journal_bytes: int
) -> None:
    """Delete what was not used for longest until `need_bytes` more stay below the bound.

    A tenth of the bound is freed beyond that, so that it is not done for every write. The journal
    grows by no more than about `journal_bytes` at a time.
    """
    while (excess := _used_bytes(connection) + need_bytes - bound_bytes) > 0:
        rows = _oldest_rows(connection, excess + bound_bytes // 10)
        if not rows:
            return
        for part in sliced(rows, rows_a_transaction(journal_bytes)):
            with transaction(connection):
                connection.executemany("DELETE FROM records WHERE rowid = ?", part)


def shrink(connection: StoreConnection, *, bound_bytes: int, journal_bytes: int) -> None:
    """Cut free pages off the file while it is above the bound, as when the bound was lowered."""
    pages = max(1, journal_bytes // PAGE_BYTES)
    while _count(connection, "page_count") * PAGE_BYTES > bound_bytes:
        if not _count(connection, "freelist_count"):
            return
        with transaction(connection):
            # Each row that is fetched frees a page.
            connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()


def rows_a_transaction(journal_bytes: int) -> int:
    """Return how many rows may change in one transaction, with a leaf and an index page each."""
    return max(1, journal_bytes // (2 * PAGE_BYTES))


def sliced(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Cut a sequence into parts of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _oldest_rows(connection: StoreConnection, size_bytes: int) -> list[tuple[int]]:
    rows: list[tuple[int]] = []
    # `ifnull`, as a database that came from elsewhere may hold anything.
    query = "SELECT rowid, ifnull(length(key) + length(value), 0) FROM records ORDER BY used, rowid"
    with contextlib.closing(connection.execute(query)) as found:
        for rowid, record_bytes in found:
            if size_bytes <= 0:
                break
            rows.append((rowid,))
            size_bytes -= record_bytes
    return rows


def _used_bytes(connection: StoreConnection) -> int:
    pages = _count(connection, "page_count") - _count(connection, "freelist_count")
    return pages * PAGE_BYTES


def _count(connection: StoreConnection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
