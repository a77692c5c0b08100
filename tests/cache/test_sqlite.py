import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest

import chunkflow.cache.sqlite
from chunkflow.cache.connection import DamagedDatabase
from chunkflow.cache.generations import newest_generation, set_aside
from chunkflow.cache.sqlite import SqliteStore
from chunkflow.errors import CacheError

MakeStore = Callable[..., SqliteStore]
Query = Callable[..., list[tuple[object, ...]]]
Start = Callable[..., Any]

ITEMS = [(b"key %d" % n, bytes(2000)) for n in range(100)]
KEYS = [key for key, _ in ITEMS]

WRITE_FOREVER = """
import os, sys
from chunkflow.cache.sqlite import SqliteStore
store = SqliteStore(sys.argv[1], limit_bytes=4 << 20, warn=print)
for n in range(10**9):
    store.put_many((b"%d %d" % (n, m), os.urandom(3000)) for m in range(20))
    if n == 20:
        print("writing", flush=True)
"""

WRITE_MANY = """
import os, sys
from chunkflow.cache.sqlite import SqliteStore
directory, name, rounds, limit_bytes = sys.argv[1], sys.argv[2].encode(), *map(int, sys.argv[3:])
print("ready", flush=True)
sys.stdin.readline()
store = SqliteStore(directory, limit_bytes=limit_bytes, warn=print)
for n in range(rounds):
    store.put_many((b"%s %d %d" % (name, n, m), os.urandom(2000)) for m in range(20))
store.close()
"""

FORK = """
import os, sys
from chunkflow.cache.sqlite import SqliteStore
store = SqliteStore(sys.argv[1], limit_bytes=4 << 20, warn=print)
store.put_many([(b"a", b"1")])
child = os.fork()
if not child:
    store.put_many([(b"a", b"2"), (b"b", b"2")])
    print(store.get_many([b"a"]), store.stats().records, flush=True)
    store.close()
    sys.exit()
os.waitpid(child, 0)
print(store.get_many([b"a", b"b"]))
store.close()
"""


def fill(store: SqliteStore, count: int, name: bytes = b"filler") -> None:
    for start in range(0, count, 20):
        store.put_many((b"%s %d" % (name, n), bytes(2000)) for n in range(start, start + 20))


def damage(path: Path) -> None:
    """Overwrite all but the header, as a failing disk might."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * (size - 100))


# Between runs


def test_what_was_put_is_found_by_the_next_run(make_store: MakeStore, told: list[str]) -> None:
    first = make_store()
    first.put_many(ITEMS)
    first.close()
    assert make_store().get_many(KEYS) == dict(ITEMS)
    assert told == []


def test_a_key_list_longer_than_a_query_takes_is_one_call(make_store: MakeStore) -> None:
    store = make_store()
    items = {b"%d" % n: b"value %d" % n for n in range(1501)}
    store.put_many(items.items())
    assert store.get_many(items.keys()) == items


def test_closing_leaves_nothing_but_the_database_and_the_marks(database: Path) -> None:
    names = sorted(path.name for path in database.parent.iterdir())
    assert names == [".gitignore", "CACHEDIR.TAG", database.name]


def test_reading_writes_nothing(
    make_store: MakeStore, database: Path, clock: Any, find_database: Callable[[Path], Path]
) -> None:
    before = database.read_bytes(), database.stat().st_mtime_ns
    clock.move_days(0.9)
    store = make_store()
    assert len(store.get_many(KEYS)) == 100
    journal = database.with_name(database.name + "-wal")
    assert not journal.exists() or journal.stat().st_size == 0
    store.close()
    assert (database.read_bytes(), database.stat().st_mtime_ns) == before


def test_a_closed_store_finds_and_keeps_nothing(make_store: MakeStore, told: list[str]) -> None:
    store = make_store()
    store.put_many(ITEMS)
    store.close()
    store.close()
    store.put_many([(b"new", b"1")])
    assert store.get_many(KEYS) == {}
    assert store.stats().records == 0
    assert make_store().get_many([b"new", *KEYS]) == dict(ITEMS)
    assert told == []


def test_stats_count_records_and_bytes_on_disk(
    make_store: MakeStore, directory: Path, size_bytes: Callable[[Path], int]
) -> None:
    store = make_store()
    store.put_many(ITEMS)
    stats = store.stats()
    marks = sum((directory / name).stat().st_size for name in (".gitignore", "CACHEDIR.TAG"))
    assert stats.records == 100
    assert stats.size_bytes == size_bytes(directory) - marks


def test_clear_gives_the_room_back(
    make_store: MakeStore, directory: Path, size_bytes: Callable[[Path], int]
) -> None:
    store = make_store()
    fill(store, 500)
    before = size_bytes(directory)
    store.clear()
    store.close()
    assert size_bytes(directory) < before / 10


def test_a_run_goes_on_when_its_directory_vanishes(make_store: MakeStore, directory: Path) -> None:
    store = make_store()
    shutil.rmtree(directory)
    store.put_many(ITEMS)
    store.get_many(KEYS)
    assert store.stats().size_bytes == 0


# The bound


def test_the_files_stay_below_the_limit(
    make_store: MakeStore, directory: Path, size_bytes: Callable[[Path], int]
) -> None:
    limit_bytes = 1 << 20
    store = make_store(limit_bytes=limit_bytes)
    peak_bytes = 0
    for start in range(0, 2000, 20):
        store.put_many((b"%d" % n, os.urandom(n % 4000)) for n in range(start, start + 20))
        peak_bytes = max(peak_bytes, size_bytes(directory))
    assert limit_bytes / 2 < peak_bytes <= limit_bytes


def test_what_was_not_used_for_longest_goes_first(make_store: MakeStore, clock: Any) -> None:
    limit_bytes = 1 << 20
    store = make_store(limit_bytes=limit_bytes)
    store.put_many([(b"used", b"1"), (b"unused", b"2")])
    clock.move_days(0.5)
    fill(store, 200)
    clock.move_days(1)
    assert store.get_many([b"used"])
    store.close()

    store = make_store(limit_bytes=limit_bytes)
    clock.move_days(0.1)
    fill(store, 250, b"more")
    assert store.get_many([b"used", b"unused"]) == {b"used": b"1"}


def test_a_time_of_use_in_the_future_is_set_right(make_store: MakeStore, clock: Any) -> None:
    limit_bytes = 1 << 20
    store = make_store(limit_bytes=limit_bytes)
    clock.move_days(1000)
    store.put_many([(b"old", b"1")])
    clock.move_days(-1000)
    assert store.get_many([b"old"])
    store.close()

    clock.move_days(2)
    store = make_store(limit_bytes=limit_bytes)
    fill(store, 1000)
    assert store.get_many([b"old"]) == {}


def test_a_lower_limit_shrinks_the_files_at_the_end_of_a_run(
    make_store: MakeStore, directory: Path, size_bytes: Callable[[Path], int]
) -> None:
    store = make_store(limit_bytes=16 << 20)
    fill(store, 2000)
    store.close()
    assert size_bytes(directory) > 3 << 20
    make_store(limit_bytes=1 << 20).close()
    assert 1 << 19 < size_bytes(directory) <= 1 << 20


def test_a_limit_below_the_smallest_database_keeps_nothing_and_harms_nobody(
    make_store: MakeStore, told: list[str]
) -> None:
    store = make_store(limit_bytes=1)
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == {}
    assert told == []


# Several processes


def test_many_processes_may_begin_a_store_at_the_same_moment(
    start: Start, directory: Path, make_store: MakeStore
) -> None:
    writers = [start(WRITE_MANY, directory, name, 2, 64 << 20) for name in range(6)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.communicate()[0] for writer in writers] == [""] * 6
    assert make_store().stats().records == 6 * 2 * 20


def test_two_writers_keep_the_limit(
    start: Start,
    directory: Path,
    size_bytes: Callable[[Path], int],
    query: Query,
    find_database: Callable[[Path], Path],
) -> None:
    limit_bytes = 1 << 20
    writers = [start(WRITE_MANY, directory, name, 40, limit_bytes) for name in "ab"]
    for writer in writers:
        writer.stdout.readline()
        writer.stdin.write("go\n")
        writer.stdin.flush()
    peak_bytes = 0
    while any(writer.poll() is None for writer in writers):
        if directory.exists():
            peak_bytes = max(peak_bytes, size_bytes(directory))
    assert [writer.stdout.read() for writer in writers] == ["", ""]
    assert limit_bytes / 2 < peak_bytes <= 1.1 * limit_bytes
    assert query(find_database(directory), "PRAGMA quick_check") == [("ok",)]


def test_a_killed_writer_leaves_a_sound_store(
    start: Start,
    directory: Path,
    make_store: MakeStore,
    told: list[str],
    query: Query,
    find_database: Callable[[Path], Path],
) -> None:
    for _ in range(3):
        writer = start(WRITE_FOREVER, directory)
        assert writer.stdout.readline() == "writing\n"
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        assert query(find_database(directory), "PRAGMA quick_check") == [("ok",)]
        store = make_store()
        store.put_many(ITEMS)
        assert store.get_many(KEYS) == dict(ITEMS)
        store.close()
    assert told == []


def test_a_forked_child_leaves_the_parents_store_alone(start: Start, directory: Path) -> None:
    assert start(FORK, directory).communicate()[0] == "{} 0\n{b'a': b'1'}\n"


# Damage


def turn_into_garbage(path: Path) -> None:
    path.write_bytes(b"no database at all " * 1000)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def turn_into_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def turn_into_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def turn_into_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "ruin", [turn_into_garbage, halve, turn_into_directory, turn_into_link, turn_into_fifo, damage]
)
def test_a_damaged_database_is_set_aside_with_one_warning(
    ruin: Callable[[Path], None], make_store: MakeStore, database: Path, told: list[str]
) -> None:
    ruin(database)
    store = make_store()
    assert store.get_many(KEYS) == {}
    store.put_many(ITEMS)
    store.close()
    assert len(told) == 1
    assert f"the cache in {database.parent} was damaged" in told[0]
    assert os.path.lexists(f"{database}.damaged")

    assert make_store().get_many(KEYS) == dict(ITEMS)
    assert len(told) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records; END",
        "CREATE VIEW v AS SELECT * FROM records",
        "CREATE TABLE more (a)",
        "CREATE INDEX i ON records (used)",
        "DROP TABLE records",
        "PRAGMA application_id = 1",
        "PRAGMA user_version = 99",
        "PRAGMA journal_mode = DELETE",
    ],
)
def test_a_database_with_another_schema_is_not_used(
    statement: str, make_store: MakeStore, database: Path, told: list[str], query: Query
) -> None:
    query(database, statement)
    store = make_store()
    store.put_many([(b"a", b"1")])
    assert store.get_many([b"a", *KEYS]) == {b"a": b"1"}
    assert len(told) == 1
    assert "it is not of this program's making" in told[0]


def test_another_programs_empty_database_with_other_pages_is_not_used(
    make_store: MakeStore, database: Path, told: list[str], query: Query
) -> None:
    database.unlink()
    query(database, "PRAGMA page_size = 4096", "CREATE TABLE a (b)", "DROP TABLE a")
    store = make_store()
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)
    assert len(told) == 1


def test_an_empty_file_is_what_a_killed_run_leaves_and_is_begun_again(
    make_store: MakeStore, database: Path, told: list[str]
) -> None:
    os.truncate(database, 0)
    store = make_store()
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)
    assert told == []


def test_values_of_another_type_are_misses(
    make_store: MakeStore, database: Path, told: list[str], query: Query
) -> None:
    query(
        database,
        "UPDATE records SET value = CAST(x'ff' AS TEXT) WHERE rowid = 1",
        "UPDATE records SET value = 7 WHERE rowid = 2",
        "UPDATE records SET value = 'text', used = 'never' WHERE rowid = 3",
    )
    store = make_store(limit_bytes=64 << 20)
    assert len(store.get_many(KEYS)) >= 97
    assert not isinstance(store.get_many([b"key 1"]).get(b"key 1", b""), int)
    store.close()
    store = make_store(limit_bytes=1 << 20)
    fill(store, 1000)
    assert told == []


def test_damage_met_in_a_run_is_told_once_and_the_run_goes_on(
    make_store: MakeStore, told: list[str], directory: Path
) -> None:
    store = make_store()
    store.put_many(ITEMS)
    store.close()
    store = make_store()
    (path,) = directory.glob("*.sqlite3")
    damage(path)
    assert store.get_many(KEYS) == {}
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)
    assert len(told) == 1


def test_damage_met_twice_in_a_run_ends_the_use_of_the_store(
    make_store: MakeStore, told: list[str], directory: Path
) -> None:
    make_store().put_many(ITEMS)
    store = make_store()
    for _ in range(2):
        store.put_many(ITEMS)
        other = make_store()
        other.clear()
        other.put_many(ITEMS)
        other.close()
        (path,) = directory.glob("*.sqlite3")
        damage(path)
        (path.parent / (path.name + "-wal")).write_bytes(b"")
        assert store.get_many(KEYS) == {}
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == {}
    assert len(told) == 1


def test_two_runs_that_meet_the_same_damage_go_on_with_the_same_new_store(
    make_store: MakeStore, database: Path, told: list[str]
) -> None:
    first, second = make_store(), make_store()
    damage(database)
    assert first.get_many(KEYS) == {}
    first.put_many(ITEMS)
    assert second.get_many(KEYS) == {}
    assert second.get_many(KEYS) == dict(ITEMS)
    assert len(told) == 1


def test_a_store_set_aside_by_another_run_at_that_moment_is_no_trouble(
    make_store: MakeStore, database: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_run_is_faster(directory: str) -> tuple[int, bool]:
        monkeypatch.undo()
        answer = newest_generation(directory)
        set_aside(directory, answer[0], keep_bytes=0)
        return answer

    monkeypatch.setattr(chunkflow.cache.sqlite, "newest_generation", other_run_is_faster)
    store = make_store()
    store.put_many(ITEMS)
    assert make_store().get_many(KEYS) == dict(ITEMS)
    assert told == []


def test_a_disk_that_damages_every_new_database_is_given_up(
    make_store: MakeStore, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(path: str, **_options: object) -> None:
        Path(path).touch()
        raise DamagedDatabase("broken")

    monkeypatch.setattr(chunkflow.cache.sqlite, "open_database", damaged)
    with pytest.raises(CacheError, match="each new database in it is damaged"):
        make_store()


def test_a_large_damaged_database_is_cut_and_only_the_last_is_kept(
    make_store: MakeStore, directory: Path, told: list[str], find_database: Callable[[Path], Path]
) -> None:
    limit_bytes = 1 << 20
    for _ in range(3):
        store = make_store(limit_bytes=limit_bytes)
        fill(store, 200)
        store.close()
        turn_into_garbage(find_database(directory))
    make_store(limit_bytes=limit_bytes)
    (aside,) = directory.glob("*.damaged")
    assert aside.stat().st_size <= limit_bytes // 16
    assert len(told) == 3


def test_clear_removes_what_was_set_aside(
    make_store: MakeStore, database: Path, directory: Path
) -> None:
    turn_into_garbage(database)
    make_store().clear()
    assert list(directory.glob("*.damaged")) == []


# What cannot be used


def test_a_store_that_another_process_writes_is_read_and_the_write_dropped(
    make_store: MakeStore,
    told: list[str],
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
    assert len(told) == 1
    assert f"cannot write to the cache in {directory}: database is locked" in told[0]


def test_after_three_writes_dropped_in_a_row_no_more_are_tried(
    make_store: MakeStore,
    told: list[str],
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
    assert len(told) == 1


def test_a_database_that_another_process_holds_is_an_error_that_says_so(
    make_store: MakeStore, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chunkflow.cache.connection.BUSY_TIMEOUT_S", 0.01)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("DELETE FROM records")
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


def test_a_reader_that_never_ends_makes_writes_be_dropped_before_the_limit_is_passed(
    make_store: MakeStore,
    directory: Path,
    find_database: Callable[[Path], Path],
    told: list[str],
    size_bytes: Callable[[Path], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chunkflow.cache.connection.BUSY_TIMEOUT_S", 0.02)
    limit_bytes = 1 << 20
    store = make_store(limit_bytes=limit_bytes)
    fill(store, 100)
    with closing(sqlite3.connect(find_database(directory), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM records")
        fill(store, 1000)
        assert size_bytes(directory) <= limit_bytes
    assert len(told) == 1
    assert "its journal is held by another process" in told[0]


def test_a_read_only_directory_is_read_and_writes_are_dropped(
    permissions_count: None,
    read_only: Callable[[Path], None],
    make_store: MakeStore,
    database: Path,
    told: list[str],
    clock: Any,
) -> None:
    read_only(database.parent)
    clock.move_days(2)
    store = make_store()
    assert store.get_many(KEYS) == dict(ITEMS)
    assert told == []
    store.put_many([(b"new", b"1")])
    store.clear()
    store.remove_many(KEYS)
    assert store.get_many([b"new", *KEYS]) == dict(ITEMS)
    store.close()
    assert len(told) == 1
    assert "attempt to write a readonly database" in told[0]


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


def test_a_damaged_database_in_a_read_only_directory_is_an_error(
    permissions_count: None,
    read_only: Callable[[Path], None],
    make_store: MakeStore,
    database: Path,
    told: list[str],
) -> None:
    turn_into_garbage(database)
    read_only(database.parent)
    with pytest.raises(CacheError, match="Permission denied"):
        make_store()
    assert told == []


def test_damage_met_in_a_directory_that_became_read_only_is_one_warning(
    permissions_count: None,
    read_only: Callable[[Path], None],
    make_store: MakeStore,
    database: Path,
    told: list[str],
) -> None:
    store = make_store()
    damage(database)
    read_only(database.parent)
    assert store.get_many(KEYS) == {}
    store.put_many(ITEMS)
    assert len(told) == 1
    assert "Permission denied" in told[0]


def test_a_full_disk_drops_the_write_and_leaves_the_store_sound(
    make_store: MakeStore,
    told: list[str],
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
    assert len(told) == 1


def test_a_disk_without_room_for_a_new_store_is_an_error(
    make_store: MakeStore, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    with full_disk(1000), pytest.raises(CacheError, match="cannot use the cache in"):
        make_store()
    store = make_store()
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)


@pytest.mark.parametrize("name", ["a b", "50% ?mode=ro#x", "naïve", os.fsdecode(b"\xff\xfe")])
def test_the_directory_may_have_any_name(
    name: str, make_store: MakeStore, directory: Path, told: list[str]
) -> None:
    store = make_store(directory / name)
    store.put_many(ITEMS)
    store.close()
    assert make_store(str(directory / name)).get_many(KEYS) == dict(ITEMS)
    assert told == []


def test_a_relative_directory_stays_where_it_was_when_the_program_moves(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = make_store("relative")
    monkeypatch.chdir("/")
    store.put_many(ITEMS)
    assert store.stats().size_bytes > 0
    store.close()
    assert make_store(tmp_path / "relative").get_many(KEYS) == dict(ITEMS)


def test_the_database_is_private(database: Path) -> None:
    assert database.stat().st_mode & 0o777 == 0o600
