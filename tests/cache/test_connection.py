import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest

from chunkflow.cache import connection
from chunkflow.cache.store import Store
from chunkflow.errors import CacheError

MakeStore = Callable[..., Store]
Query = Callable[..., list[tuple[object, ...]]]
Start = Callable[..., Any]

ITEMS = [(b"key %d" % n, bytes(2000)) for n in range(100)]
KEYS = [key for key, _ in ITEMS]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON {table} BEGIN DELETE FROM {table}; END",
        "CREATE VIEW v AS SELECT * FROM {table}",
        "CREATE TABLE more (a)",
        "CREATE INDEX i ON {table} (value)",
        "DROP TABLE {table}",
        "PRAGMA application_id = 1",
        "PRAGMA user_version = 99",
        "PRAGMA journal_mode = DELETE",
    ],
)
def test_a_database_with_another_schema_is_not_used(
    statement: str,
    make_store: MakeStore,
    database: Path,
    warnings: list[str],
    query: Query,
    table: str,
) -> None:
    query(database, statement.format(table=table))
    store = make_store()
    store.put_many([(b"a", b"1")])
    assert store.get_many([b"a", *KEYS]) == {b"a": b"1"}
    assert len(warnings) == 1
    assert "it was not made by this program" in warnings[0]


def test_another_programs_empty_database_with_other_pages_is_not_used(
    make_store: MakeStore, database: Path, warnings: list[str], query: Query
) -> None:
    database.unlink()
    query(database, "PRAGMA page_size = 4096", "CREATE TABLE a (b)", "DROP TABLE a")
    store = make_store()
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)
    assert len(warnings) == 1


def test_an_empty_file_is_what_a_killed_run_leaves_and_is_begun_again(
    make_store: MakeStore, database: Path, warnings: list[str]
) -> None:
    os.truncate(database, 0)
    store = make_store()
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)
    assert warnings == []


def test_a_store_that_another_process_writes_is_read_and_the_write_dropped(
    make_store: MakeStore,
    warnings: list[str],
    query: Query,
    find_database: Callable[[Path], Path],
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chunkflow.cache.connection.BUSY_TIMEOUT_S", 0.01)
    store = make_store()
    store.put_many(ITEMS)
    with closing(sqlite3.connect(find_database(directory), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.put_many([(b"dropped", b"1")])
        store.put_many([(b"dropped", b"1")])
        assert store.get_many([b"dropped", *KEYS]) == dict(ITEMS)
    store.put_many([(b"kept", b"1")])
    assert store.get_many([b"dropped", b"kept"]) == {b"kept": b"1"}
    assert len(warnings) == 1
    assert f"cannot write to the cache in {directory}: database is locked" in warnings[0]


def test_after_three_writes_dropped_in_a_row_no_more_are_tried(
    make_store: MakeStore,
    warnings: list[str],
    find_database: Callable[[Path], Path],
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chunkflow.cache.connection.BUSY_TIMEOUT_S", 0.01)
    store = make_store()
    with closing(sqlite3.connect(find_database(directory), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            store.put_many([(b"dropped", b"1")])
        store.remove_many([b"any"])
    store.put_many([(b"not tried", b"1")])
    assert store.get_many([b"dropped", b"not tried"]) == {}
    assert len(warnings) == 1


def test_a_database_that_another_process_holds_is_an_error_that_says_so(
    make_store: MakeStore, database: Path, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chunkflow.cache.connection.BUSY_TIMEOUT_S", 0.01)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute(f"DELETE FROM {table}")
        with pytest.raises(CacheError, match="database is locked"):
            make_store()


def test_a_new_database_that_another_process_holds_is_an_error_too(
    make_store: MakeStore, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chunkflow.cache.connection.BUSY_TIMEOUT_S", 0.02)
    os.truncate(database, 0)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM sqlite_master")
        with pytest.raises(CacheError, match="database is locked"):
            make_store()


def test_a_read_only_directory_is_read_and_writes_are_dropped(
    permissions_count: None,
    read_only: Callable[[Path], None],
    make_store: MakeStore,
    database: Path,
    warnings: list[str],
    clock: Any,
) -> None:
    read_only(database.parent)
    clock.move_days(2)
    store = make_store()
    assert store.get_many(KEYS) == dict(ITEMS)
    assert warnings == []
    store.put_many([(b"new", b"1")])
    store.clear()
    store.remove_many(KEYS)
    assert store.get_many([b"new", *KEYS]) == dict(ITEMS)
    store.close()
    assert len(warnings) == 1
    assert "attempt to write a readonly database" in warnings[0]


def test_an_empty_read_only_directory_is_an_error(
    permissions_count: None,
    read_only: Callable[[Path], None],
    make_store: MakeStore,
    tmp_path: Path,
) -> None:
    read_only(tmp_path)
    with pytest.raises(CacheError, match="Permission denied"):
        make_store(tmp_path)


def test_a_database_that_may_not_be_read_is_an_error(
    permissions_count: None, make_store: MakeStore, database: Path
) -> None:
    database.chmod(0)
    with pytest.raises(CacheError, match="unable to open database file"):
        make_store()


def test_a_full_disk_drops_the_write_and_leaves_the_store_sound(
    make_store: MakeStore,
    warnings: list[str],
    full_disk: Callable[[int], AbstractContextManager[None]],
    find_database: Callable[[Path], Path],
    directory: Path,
    query: Query,
) -> None:
    store = make_store()
    store.put_many(ITEMS)
    with full_disk(400_000):
        store.put_many((b"dropped %d" % n, bytes(2000)) for n in range(400))
        assert store.get_many(KEYS) == dict(ITEMS)
    assert store.get_many([b"dropped 399"]) == {}
    store.put_many([(b"kept", b"1")])
    store.close()
    assert query(find_database(directory), "PRAGMA quick_check") == [("ok",)]
    assert make_store().get_many([b"kept"]) == {b"kept": b"1"}
    assert len(warnings) == 1


def test_a_disk_without_room_for_a_new_store_is_an_error(
    make_store: MakeStore, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    with full_disk(1000), pytest.raises(CacheError, match="cannot use the cache in"):
        make_store()
    store = make_store()
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)


def test_a_database_that_another_run_makes_at_the_same_moment_is_used(
    make_store: MakeStore, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = connection.transaction
    others = []

    def after_the_other(opened: connection.StoreConnection) -> AbstractContextManager[None]:
        monkeypatch.undo()
        others.append(make_store())
        return begin(opened)

    monkeypatch.setattr(connection, "transaction", after_the_other)
    store = make_store()
    store.put_many(ITEMS)
    assert others[0].get_many(KEYS) == dict(ITEMS)
    assert warnings == []


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
"""


def test_opening_a_store_that_another_process_holds_takes_a_second_at_most(
    make_store: MakeStore, database: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Time:
        now_s = 0.0

    def sleep(seconds: float) -> None:
        Time.now_s += seconds

    process = start(HOLD, database)
    process.stdout.readline()
    monkeypatch.setattr("chunkflow.cache.connection.time.sleep", sleep)
    monkeypatch.setattr("chunkflow.cache.connection.time.monotonic", lambda: Time.now_s)
    with pytest.raises(CacheError, match="database is locked"):
        make_store()
    assert 0.9 < Time.now_s <= 1.01
    process.communicate("end\n")
    assert make_store().get_many(KEYS) == dict(ITEMS)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("what", ["link", "pipe", "directory"])
def test_a_file_beside_the_database_that_is_no_file_is_damage(
    suffix: str,
    what: str,
    make_store: MakeStore,
    database: Path,
    warnings: list[str],
    tmp_path: Path,
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    beside = Path(f"{database}{suffix}")
    if what == "link":
        beside.symlink_to(precious)
    elif what == "pipe":
        os.mkfifo(beside)
    else:
        beside.mkdir()
    store = make_store()
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)
    store.close()
    assert len(warnings) == 1
    assert "is not a regular file" in warnings[0]
    assert precious.read_bytes() == b"precious"


def test_a_full_disk_is_no_hindrance_to_reading(
    make_store: MakeStore,
    database: Path,
    warnings: list[str],
    full_disk: Callable[[int], AbstractContextManager[None]],
) -> None:
    before = database.read_bytes()
    with full_disk(100):
        store = make_store()
        assert store.get_many(KEYS) == dict(ITEMS)
        assert warnings == []
        store.put_many([(b"dropped", b"1")])
        store.close()
    assert len(warnings) == 1
    assert database.read_bytes() == before
    assert make_store().get_many(KEYS) == dict(ITEMS)


def test_junk_that_was_read_while_others_wrote_quarantines_nothing(
    make_store: MakeStore,
    database: Path,
    directory: Path,
    warnings: list[str],
    full_disk: Callable[[int], AbstractContextManager[None]],
) -> None:
    with full_disk(100):
        store = make_store()
    content = database.read_bytes()
    database.write_bytes(content[:100] + b"\xa5" * (len(content) - 100))
    assert store.get_many(KEYS) == {}
    assert len(warnings) == 1
    assert "cannot read the cache" in warnings[0]
    assert list(directory.glob("*.damaged")) == []
    database.write_bytes(content)
