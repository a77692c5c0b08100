"""What the cache commands need of a store, whichever layout it has."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chunkflow.cache.census import count_damaged
from chunkflow.cache.record import seal
from chunkflow.cache.store import AdminStore

if TYPE_CHECKING:
    from cache.conftest import HandClock

MakeStore = Callable[..., AdminStore]


@pytest.fixture
def store(make_store: MakeStore) -> AdminStore:
    return make_store()


def measure(store: AdminStore) -> int:
    census = store.take_census()
    assert census is not None
    return census.file_bytes


def database(directory: Path, kind: str) -> Path:
    names = {"sqlite": "chunkflow-v2-1.sqlite3", "diskcache": "chunkflow-v2-1.diskcache/cache.db"}
    return directory / names[kind]


def test_records_are_counted_by_the_first_byte_of_their_keys(
    store: AdminStore, clock: "HandClock"
) -> None:
    store.put_many([(b"f1", b"12345"), (b"f2", b""), (b"c1", b"123")])
    first_s = clock.now_s
    clock.move_days(3)
    store.put_many([(b"m", b"1"), (b"", b"")])
    census = store.take_census()
    assert census is not None
    assert census.records == {b"": 1, b"f": 2, b"c": 1, b"m": 1}
    assert census.size_bytes == {b"": 0, b"f": 9, b"c": 5, b"m": 2}
    assert (census.oldest_use_s, census.newest_use_s) == (int(first_s), int(clock.now_s))


def test_empty_store_was_never_used(store: AdminStore) -> None:
    assert store.take_census() == ({}, {}, measure(store), None, None)
    assert list(store.walk()) == []


def test_closed_store_cannot_be_counted(store: AdminStore) -> None:
    store.close()
    assert store.take_census() is None
    assert list(store.walk()) == []


def test_every_record_comes_by_once(store: AdminStore) -> None:
    items = {b"%d" % number: bytes([number]) * number for number in range(200)}
    store.put_many(items.items())
    batches = list(store.walk())
    assert len(batches) > 1
    assert {key: value for batch in batches for key, value in batch} == items
    assert sum(map(len, batches)) == len(items)


def test_going_through_it_does_not_count_as_use(make_store: MakeStore, clock: "HandClock") -> None:
    store = make_store()
    store.put_many([(b"a", b"1")])
    before_s = int(clock.now_s)
    clock.move_days(5)
    list(store.walk())
    store.close()
    census = make_store().take_census()
    assert census is not None
    assert census.newest_use_s == before_s


def test_broken_seals_are_counted(store: AdminStore) -> None:
    store.put_many([(b"a", seal(b"a", b"1")), (b"b", seal(b"a", b"1")), (b"c", b"junk")])
    assert count_damaged(store) == (3, 2)


def test_rows_that_no_store_makes_are_borne(
    make_store: MakeStore, directory: Path, kind: str, table: str
) -> None:
    store = make_store()
    store.put_many([(b"a", seal(b"a", b"1")), (b"b", seal(b"b", b"1"))])
    store.close()
    used = {"sqlite": "used", "diskcache": "access_time"}[kind]
    with closing(sqlite3.connect(database(directory, kind), isolation_level=None)) as connection:
        connection.execute(f"UPDATE {table} SET key = 'text' WHERE rowid = 1")
        connection.execute(f"UPDATE {table} SET value = 'text', {used} = 'x' WHERE rowid = 2")
    store = make_store()
    census = store.take_census()
    assert census is not None
    assert census.records == {b"b": 1}
    assert count_damaged(store) == (1, 1)


def test_collecting_forgets_what_was_not_used_for_long(
    make_store: MakeStore, clock: "HandClock"
) -> None:
    store = make_store()
    store.put_many((b"old%d" % number, bytes(9000)) for number in range(100))
    clock.move_days(20)
    store.put_many([(b"new", b"1")])
    before_bytes = measure(store)
    clock.move_days(20)
    store.collect_garbage()
    assert store.get_many([b"new", b"old1"]) == {b"new": b"1"}
    assert measure(store) < before_bytes / 5


def test_collecting_gives_free_room_back(store: AdminStore) -> None:
    items = [(b"%d" % number, bytes(9000)) for number in range(100)]
    store.put_many(items)
    store.remove_many(key for key, _ in items[10:])
    before_bytes = measure(store)
    store.collect_garbage()
    assert measure(store) < before_bytes / 3
    assert len(store.get_many([key for key, _ in items])) == 10


def test_collecting_makes_room_where_the_limit_was_lowered(
    make_store: MakeStore, count_records: Callable[[AdminStore], int]
) -> None:
    make_store(limit_bytes=64 << 20).put_many((b"%d" % n, bytes(9000)) for n in range(400))
    store = make_store(limit_bytes=1 << 20)
    store.collect_garbage()
    assert 0 < count_records(store) < 400
    assert measure(store) <= 1 << 20


def test_collecting_in_a_closed_store_does_nothing(store: AdminStore, warnings: list[str]) -> None:
    store.close()
    store.collect_garbage()
    assert warnings == []
