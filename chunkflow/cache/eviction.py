"""Keeps a store's database below its bound and free of what nobody uses any more."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

from chunkflow.cache.connection import (
    PAGE_BYTES,
    DamagedDatabase,
    StoreConnection,
    transaction,
)
from chunkflow.cache.layout import Layout

DAY_S = 86_400
UNUSED_S = 30 * DAY_S
"""What has not been used for so long goes."""

_T = TypeVar("_T")


def make_room(
    connection: StoreConnection,
    layout: Layout,
    need_bytes: int,
    *,
    bound_bytes: int,
    journal_bytes: int,
) -> None:
    """Delete what was not used for longest until `need_bytes` more stay below the bound.

    A tenth of the bound is freed beyond that, so that it is not done for every write. The journal
    grows by no more than about `journal_bytes` at a time.
    """
    while (excess := _used_bytes(connection) + need_bytes - bound_bytes) > 0:
        rows = _oldest_rows(connection, layout, excess + bound_bytes // 10)
        if not rows:
            return
        delete_rows(connection, layout, rows, journal_bytes=journal_bytes)


def forget_unused(
    connection: StoreConnection, layout: Layout, *, now_s: int, journal_bytes: int
) -> None:
    """Delete what was not used for `UNUSED_S`; what was used in the future was used now.

    A clock that was ahead would else keep its records for as long as it was.
    """
    table, used = layout.table, layout.used
    ahead = f"SELECT ?, rowid FROM {table} WHERE {used} > ?"
    rows = connection.execute(ahead, (now_s, now_s + DAY_S)).fetchall()
    set_used(connection, layout, rows, journal_bytes=journal_bytes)
    unused = f"SELECT rowid FROM {table} WHERE {used} < ?"
    rows = connection.execute(unused, (now_s - UNUSED_S,)).fetchall()
    delete_rows(connection, layout, rows, journal_bytes=journal_bytes)


def set_used(
    connection: StoreConnection,
    layout: Layout,
    rows: Sequence[tuple[int, int]],
    *,
    journal_bytes: int,
) -> None:
    """Set when rows were used last; each is a time in seconds and a rowid."""
    update = f"UPDATE {layout.table} SET {layout.used} = ? WHERE rowid = ?"
    for part in sliced(rows, rows_a_transaction(journal_bytes)):
        with transaction(connection):
            connection.executemany(update, part)


def delete_rows(
    connection: StoreConnection,
    layout: Layout,
    rows: Sequence[tuple[int]],
    *,
    journal_bytes: int,
) -> None:
    """Delete rows by their rowid."""
    delete = f"DELETE FROM {layout.table} WHERE rowid = ?"
    for part in sliced(rows, rows_a_transaction(journal_bytes)):
        with transaction(connection):
            connection.executemany(delete, part)


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


def _oldest_rows(connection: StoreConnection, layout: Layout, size_bytes: int) -> list[tuple[int]]:
    rows: list[tuple[int]] = []
    # `ifnull`, as a database that came from elsewhere may hold anything.
    query = (
        f"SELECT rowid, ifnull(length(key) + length(value), 0)"
        f" FROM {layout.table} ORDER BY {layout.used}, rowid"
    )
    with contextlib.closing(connection.execute(query)) as found:
        for rowid, record_bytes in found:
            if size_bytes <= 0:
                break
            rows.append((rowid,))
            size_bytes -= record_bytes
    return rows


def _used_bytes(connection: StoreConnection) -> int:
    pages, free = _count(connection, "page_count"), _count(connection, "freelist_count")
    # SQLite believes what the file says of it. Were it used, a flipped bit there would empty every
    # database at the end of every run, or let it grow for ever.
    if not 0 <= free < pages:
        raise DamagedDatabase(f"{free} of its {pages} pages are said to be free")
    return (pages - free) * PAGE_BYTES


def _count(connection: StoreConnection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
