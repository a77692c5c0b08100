"""Keeps a store's database within its bound, and removes records that nobody uses any more."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

from chunkflow.cache.connection import (
    PAGE_BYTES,
    DamagedDatabase,
    Layout,
    StoreConnection,
    fetch_value,
    transaction,
)

DAY_S = 86_400
UNUSED_S = 30 * DAY_S
"""Records that have not been used for so long are removed."""

_T = TypeVar("_T")


def make_room(
    connection: StoreConnection, layout: Layout, need_bytes: int, *, bound_bytes: int
) -> None:
    """Evict the least recently used records until `need_bytes` more fit within the bound.

    It frees a tenth of the bound in addition, so that not every write has to evict.
    """
    while (excess := _measure_used(connection) + need_bytes - bound_bytes) > 0:
        rows = _find_oldest(connection, layout, excess + bound_bytes // 10)
        if not rows:
            return
        change_rows(connection, f"DELETE FROM {layout.table} WHERE rowid = ?", rows)


def remove_unused(connection: StoreConnection, layout: Layout, *, now_s: int) -> None:
    """Remove the records that have not been used for `UNUSED_S`.

    A time of use in the future is set to now. Otherwise a clock that was ahead would keep its
    records for just as long.
    """
    table, used = layout.table, layout.used
    ahead = f"SELECT ?, rowid FROM {table} WHERE {used} > ?"
    set_used(connection, layout, connection.execute(ahead, (now_s, now_s + DAY_S)).fetchall())
    unused = f"SELECT rowid FROM {table} WHERE {used} < ?"
    rows = connection.execute(unused, (now_s - UNUSED_S,)).fetchall()
    change_rows(connection, f"DELETE FROM {table} WHERE rowid = ?", rows)


def set_used(connection: StoreConnection, layout: Layout, rows: Sequence[tuple[int, int]]) -> None:
    """Set the times of use of rows; each is given as a time in seconds and a rowid."""
    change_rows(connection, f"UPDATE {layout.table} SET {layout.used} = ? WHERE rowid = ?", rows)


def change_rows(
    connection: StoreConnection, sql: str, parameters: Sequence[tuple[object, ...]]
) -> None:
    """Run a statement for each row, in transactions that fit into the journal."""
    # Each row may change a page of the table and a page of the index.
    rows_at_once = max(1, connection.journal_limit_bytes // (2 * PAGE_BYTES))
    for batch in split(parameters, rows_at_once):
        with transaction(connection):
            connection.executemany(sql, batch)


def shrink(connection: StoreConnection, *, bound_bytes: int) -> None:
    """Cut free pages off a file that exceeds its bound, as after the bound was lowered."""
    pages = max(1, connection.journal_limit_bytes // PAGE_BYTES)
    while fetch_value(connection, "PRAGMA page_count") * PAGE_BYTES > bound_bytes:
        if not fetch_value(connection, "PRAGMA freelist_count"):
            return
        with transaction(connection):
            # Each row that is fetched frees a page.
            connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()


def split(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Split a sequence into parts of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _find_oldest(connection: StoreConnection, layout: Layout, size_bytes: int) -> list[tuple[int]]:
    rows: list[tuple[int]] = []
    # `ifnull` because a database from elsewhere may hold anything.
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


def _measure_used(connection: StoreConnection) -> int:
    pages = fetch_value(connection, "PRAGMA page_count")
    free = fetch_value(connection, "PRAGMA freelist_count")
    # SQLite believes what the file says. If we did, a flipped bit would empty the database at the
    # end of every run, or let it grow without end.
    if not 0 <= free < pages:
        raise DamagedDatabase(f"{free} of its {pages} pages are said to be free")
    return int(pages - free) * PAGE_BYTES
