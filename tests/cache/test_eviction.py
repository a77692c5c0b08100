import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from chunkflow.cache.eviction import UNUSED_S
from chunkflow.cache.store import AdminStore

MakeStore = Callable[..., AdminStore]
CountRecords = Callable[[AdminStore], int]
Query = Callable[..., list[tuple[object, ...]]]
Start = Callable[..., Any]

LIMIT_BYTES = 4 << 20
VALUE_BYTES = 16_000
MORE_THAN_FITS = 300

WRITE_MANY = """
import os, sys
from chunkflow.cache.database import open_store
directory, kind, name, rounds, limit_bytes = *sys.argv[1:4], *map(int, sys.argv[4:])
print("ready", flush=True)
sys.stdin.readline()
store = open_store(directory, l3=kind, limit_bytes=limit_bytes, warn=print)
for n in range(rounds):
    store.put_many((b"%s %d %d" % (name.encode(), n, m), os.urandom(12000)) for m in range(20))
store.close()
"""


def fill(store: AdminStore, count: int, name: bytes = b"filler") -> list[bytes]:
    keys = [b"%s %d" % (name, n) for n in range(count)]
    for start in range(0, count, 20):
        store.put_many((key, bytes(VALUE_BYTES)) for key in keys[start : start + 20])
    return keys


def test_the_files_stay_below_the_limit(
    make_store: MakeStore, directory: Path, size_bytes: Callable[[Path], int]
) -> None:
    store = make_store(limit_bytes=LIMIT_BYTES)
    peak_bytes = 0
    for start in range(0, 800, 20):
        store.put_many((b"%d" % n, os.urandom(n * 7919 % 25_000)) for n in range(start, start + 20))
        peak_bytes = max(peak_bytes, size_bytes(directory))
    assert LIMIT_BYTES / 2 < peak_bytes <= LIMIT_BYTES


def test_two_writers_keep_the_limit(
    start: Start,
    directory: Path,
    kind: str,
    size_bytes: Callable[[Path], int],
    query: Query,
    find_database: Callable[[Path], Path],
) -> None:
    writers = [start(WRITE_MANY, directory, kind, name, 25, LIMIT_BYTES) for name in "ab"]
    for writer in writers:
        writer.stdout.readline()
        writer.stdin.write("go\n")
        writer.stdin.flush()
    peak_bytes = 0
    while any(writer.poll() is None for writer in writers):
        if directory.exists():
            peak_bytes = max(peak_bytes, size_bytes(directory))
    assert [writer.stdout.read() for writer in writers] == ["", ""]
    assert LIMIT_BYTES / 2 < peak_bytes <= 1.1 * LIMIT_BYTES
    assert query(find_database(directory), "PRAGMA quick_check") == [("ok",)]


def test_what_was_not_used_for_longest_goes_first(make_store: MakeStore, clock: Any) -> None:
    store = make_store(limit_bytes=LIMIT_BYTES)
    store.put_many([(b"used", b"1"), (b"unused", b"2")])
    clock.move_days(0.5)
    fill(store, 100)
    clock.move_days(1)
    assert store.get_many([b"used"])
    store.close()

    store = make_store(limit_bytes=LIMIT_BYTES)
    clock.move_days(0.1)
    fill(store, 120, b"more")
    assert store.get_many([b"used", b"unused"]) == {b"used": b"1"}


def test_a_full_store_gives_up_a_tenth_at_a_time_and_no_more(
    count_records: CountRecords, make_store: MakeStore
) -> None:
    store = make_store(limit_bytes=LIMIT_BYTES)
    fill(store, MORE_THAN_FITS)
    counts = []
    for n in range(60):
        store.put_many([(b"new %d" % n, bytes(VALUE_BYTES))])
        counts.append(count_records(store))
    gone = [before + 1 - after for before, after in pairwise(counts)]
    evictions = [count for count in gone if count]
    assert 2 <= len(evictions) <= 60 / (counts[0] / 12)
    assert all(counts[0] / 20 < count < counts[0] / 5 for count in evictions)


def test_a_run_that_finds_everything_at_the_limit_writes_nothing(
    make_store: MakeStore, directory: Path, clock: Any, find_database: Callable[[Path], Path]
) -> None:
    store = make_store(limit_bytes=LIMIT_BYTES)
    keys = fill(store, MORE_THAN_FITS)
    store.close()
    path = find_database(directory)
    before = path.read_bytes(), path.stat().st_mtime_ns
    clock.move_days(0.9)
    store = make_store(limit_bytes=LIMIT_BYTES)
    held = len(store.get_many(keys))
    store.close()
    assert 100 < held < MORE_THAN_FITS
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_what_was_not_used_for_thirty_days_goes(
    count_records: CountRecords, make_store: MakeStore, clock: Any
) -> None:
    store = make_store()
    store.put_many([(b"used", b"1"), (b"unused", b"2")])
    store.close()
    clock.move_days(20)
    store = make_store()
    store.get_many([b"used"])
    store.close()
    clock.move_days(11)
    make_store().close()
    store = make_store()
    assert store.get_many([b"used", b"unused"]) == {b"used": b"1"}
    assert count_records(store) == 1


def test_a_record_on_its_last_day_is_kept_when_it_is_used(
    make_store: MakeStore, clock: Any
) -> None:
    store = make_store()
    store.put_many([(b"a", b"1")])
    store.close()
    clock.move_days(100)
    store = make_store()
    assert store.get_many([b"a"]) == {b"a": b"1"}
    store.close()
    assert make_store().get_many([b"a"]) == {b"a": b"1"}


def test_a_time_of_use_in_the_future_is_set_right(
    count_records: CountRecords, make_store: MakeStore, clock: Any
) -> None:
    store = make_store()
    clock.move_days(1000)
    store.put_many([(b"old", b"1")])
    clock.move_days(-1000)
    store.close()
    clock.move_days(UNUSED_S / 86_400 + 1)
    make_store().close()
    assert count_records(make_store()) == 0


def test_a_time_of_use_in_the_future_does_not_keep_a_record_longer_than_others(
    make_store: MakeStore, clock: Any
) -> None:
    store = make_store(limit_bytes=LIMIT_BYTES)
    clock.move_days(1000)
    store.put_many([(b"old", b"1")])
    clock.move_days(-1000)
    assert store.get_many([b"old"])
    store.close()

    clock.move_days(2)
    store = make_store(limit_bytes=LIMIT_BYTES)
    fill(store, MORE_THAN_FITS)
    assert store.get_many([b"old"]) == {}


def test_a_lower_limit_shrinks_the_files_at_the_end_of_a_run(
    make_store: MakeStore, directory: Path, size_bytes: Callable[[Path], int]
) -> None:
    store = make_store(limit_bytes=4 * LIMIT_BYTES)
    fill(store, MORE_THAN_FITS)
    store.close()
    assert size_bytes(directory) > LIMIT_BYTES
    make_store(limit_bytes=LIMIT_BYTES).close()
    assert LIMIT_BYTES / 2 < size_bytes(directory) <= LIMIT_BYTES


def test_a_limit_below_the_smallest_database_keeps_nothing_and_harms_nobody(
    make_store: MakeStore, warnings: list[str]
) -> None:
    store = make_store(limit_bytes=1)
    keys = fill(store, 10)
    assert store.get_many(keys) == {}
    assert warnings == []


def test_a_reader_that_never_ends_makes_writes_be_dropped_before_the_limit_is_passed(
    make_store: MakeStore,
    directory: Path,
    find_database: Callable[[Path], Path],
    warnings: list[str],
    table: str,
    size_bytes: Callable[[Path], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chunkflow.cache.connection.BUSY_TIMEOUT_S", 0.02)
    store = make_store(limit_bytes=LIMIT_BYTES)
    fill(store, 20)
    with closing(sqlite3.connect(find_database(directory), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM " + table)
        fill(store, MORE_THAN_FITS)
        assert size_bytes(directory) <= LIMIT_BYTES
    assert len(warnings) == 1
    assert "another process is using its journal" in warnings[0]
