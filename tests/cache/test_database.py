import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chunkflow.cache.database import open_store
from chunkflow.cache.store import AdminStore
from chunkflow.errors import CacheError, SettingsError

MakeStore = Callable[..., AdminStore]
CountRecords = Callable[[AdminStore], int]
Query = Callable[..., list[tuple[object, ...]]]
Start = Callable[..., Any]

ITEMS = [(b"key %d" % n, bytes(2000)) for n in range(100)]
KEYS = [key for key, _ in ITEMS]


WRITE_FOREVER = """
import os, sys
from chunkflow.cache.database import open_store
store = open_store(sys.argv[1], l3=sys.argv[2], limit_bytes=16 << 20, warn=print)
for n in range(10**9):
    store.put_many((b"%d %d" % (n, m), os.urandom(3000)) for m in range(20))
    if n == 20:
        print("writing", flush=True)
"""

WRITE_MANY = """
import os, sys
from chunkflow.cache.database import open_store
directory, kind, name, rounds, limit_bytes = *sys.argv[1:4], *map(int, sys.argv[4:])
print("ready", flush=True)
sys.stdin.readline()
store = open_store(directory, l3=kind, limit_bytes=limit_bytes, warn=print)
for n in range(rounds):
    store.put_many((b"%s %d %d" % (name.encode(), n, m), os.urandom(2000)) for m in range(20))
store.close()
"""

FORK = """
import os, sys
from chunkflow.cache.database import open_store
store = open_store(sys.argv[1], l3=sys.argv[2], limit_bytes=4 << 20, warn=print)
store.put_many([(b"a", b"1")])
child = os.fork()
if not child:
    store.put_many([(b"a", b"2"), (b"b", b"2")])
    print(store.get_many([b"a"]), store.take_census(), flush=True)
    store.close()
    sys.exit()
os.waitpid(child, 0)
print(store.get_many([b"a", b"b"]))
store.close()
"""


def fill(store: AdminStore, count: int, name: bytes = b"filler") -> None:
    for start in range(0, count, 20):
        store.put_many((b"%s %d" % (name, n), bytes(2000)) for n in range(start, start + 20))


def test_what_was_put_is_found_by_the_next_run(make_store: MakeStore, warnings: list[str]) -> None:
    first = make_store()
    first.put_many(ITEMS)
    first.close()
    assert make_store().get_many(KEYS) == dict(ITEMS)
    assert warnings == []


def test_a_key_list_longer_than_a_query_takes_is_one_call(make_store: MakeStore) -> None:
    store = make_store()
    items = {b"%d" % n: b"value %d" % n for n in range(1501)}
    store.put_many(items.items())
    assert store.get_many(items.keys()) == items


def test_closing_leaves_nothing_but_the_database_and_the_marks(
    database: Path, directory: Path
) -> None:
    left = [path for path in directory.rglob("*") if path.is_file()]
    assert sorted(left) == [directory / ".gitignore", directory / "CACHEDIR.TAG", database]


def test_reading_writes_nothing(make_store: MakeStore, database: Path, clock: Any) -> None:
    before = database.read_bytes(), database.stat().st_mtime_ns
    clock.move_days(0.9)
    store = make_store()
    assert len(store.get_many(KEYS)) == 100
    journal = database.with_name(database.name + "-wal")
    assert not journal.exists() or journal.stat().st_size == 0
    store.close()
    assert (database.read_bytes(), database.stat().st_mtime_ns) == before


def test_a_closed_store_finds_and_keeps_nothing(
    count_records: CountRecords, make_store: MakeStore, warnings: list[str]
) -> None:
    store = make_store()
    store.put_many(ITEMS)
    store.close()
    store.close()
    store.put_many([(b"new", b"1")])
    assert store.get_many(KEYS) == {}
    assert count_records(store) == 0
    assert make_store().get_many([b"new", *KEYS]) == dict(ITEMS)
    assert warnings == []


def test_census_counts_records_and_bytes_on_disk(
    make_store: MakeStore, directory: Path, size_bytes: Callable[[Path], int]
) -> None:
    store = make_store()
    store.put_many(ITEMS)
    census = store.take_census()
    assert census is not None
    marks = sum((directory / name).stat().st_size for name in (".gitignore", "CACHEDIR.TAG"))
    assert census.records == {b"k": 100}
    assert census.file_bytes == size_bytes(directory) - marks


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
    census = store.take_census()
    assert census is not None
    assert census.file_bytes == 0


def test_many_processes_may_begin_a_store_at_the_same_moment(
    count_records: CountRecords, start: Start, directory: Path, make_store: MakeStore, kind: str
) -> None:
    writers = [start(WRITE_MANY, directory, kind, name, 2, 64 << 20) for name in range(6)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.communicate()[0] for writer in writers] == [""] * 6
    assert count_records(make_store()) == 6 * 2 * 20


def test_a_killed_writer_leaves_a_sound_store(
    start: Start,
    directory: Path,
    kind: str,
    make_store: MakeStore,
    warnings: list[str],
    query: Query,
    find_database: Callable[[Path], Path],
) -> None:
    for _ in range(3):
        writer = start(WRITE_FOREVER, directory, kind)
        assert writer.stdout.readline() == "writing\n"
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        assert query(find_database(directory), "PRAGMA quick_check") == [("ok",)]
        store = make_store()
        store.put_many(ITEMS)
        assert store.get_many(KEYS) == dict(ITEMS)
        store.close()
    assert warnings == []


def test_a_forked_child_leaves_the_parents_store_alone(
    start: Start, directory: Path, kind: str
) -> None:
    assert start(FORK, directory, kind).communicate()[0] == "{} None\n{b'a': b'1'}\n"


@pytest.mark.parametrize("name", ["a b", "50% ?mode=ro#x", "naïve", os.fsdecode(b"\xff\xfe")])
def test_the_directory_may_have_any_name(
    name: str, make_store: MakeStore, directory: Path, warnings: list[str]
) -> None:
    store = make_store(directory / name)
    store.put_many(ITEMS)
    store.close()
    assert make_store(str(directory / name)).get_many(KEYS) == dict(ITEMS)
    assert warnings == []


def test_a_relative_directory_stays_where_it_was_when_the_program_moves(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = make_store("relative")
    monkeypatch.chdir("/")
    store.put_many(ITEMS)
    census = store.take_census()
    assert census is not None
    assert census.file_bytes > 0
    store.close()
    assert make_store(tmp_path / "relative").get_many(KEYS) == dict(ITEMS)


def test_the_database_is_private(database: Path) -> None:
    assert database.stat().st_mode & 0o777 == 0o600


def test_values_of_another_type_are_misses(
    make_store: MakeStore, database: Path, warnings: list[str], query: Query, table: str
) -> None:
    used = {"records": "used", "Cache": "access_time"}[table]
    query(
        database,
        f"UPDATE {table} SET value = CAST(x'ff' AS TEXT) WHERE rowid = 1",
        f"UPDATE {table} SET value = 7 WHERE rowid = 2",
        f"UPDATE {table} SET value = 'text', {used} = 'never' WHERE rowid = 3",
    )
    store = make_store(limit_bytes=64 << 20)
    assert store.get_many(KEYS) == dict(ITEMS[3:])
    store.close()
    store = make_store(limit_bytes=4 << 20)
    store.put_many((b"filler %d" % n, bytes(16_000)) for n in range(300))
    assert warnings == []


# Opening a store


@pytest.mark.parametrize(
    ("l3", "name"),
    [("sqlite", "1.sqlite3"), ("diskcache", "1.diskcache")],
)
def test_the_store_that_was_named_is_opened(
    l3: str, name: str, directory: Path, warnings: list[str]
) -> None:
    open_store(directory, l3=l3, limit_bytes=1 << 20, warn=warnings.append).close()
    assert (directory / f"chunkflow-v2-{name}").exists()
    assert warnings == []


def test_the_default_needs_no_extra(
    directory: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "diskcache", None)
    store = open_store(directory, limit_bytes=1 << 20, warn=warnings.append)
    store.put_many([(b"a", b"1")])
    assert store.get_many([b"a"]) == {b"a": b"1"}
    store.close()


def test_without_the_extra_the_error_says_how_to_get_it(
    directory: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "diskcache", None)
    monkeypatch.delitem(sys.modules, "chunkflow.cache.diskcache", raising=False)
    with pytest.raises(SettingsError) as error:
        open_store(directory, l3="diskcache", limit_bytes=1 << 20, warn=warnings.append)
    assert 'pip install "chunkflow[diskcache]"' in str(error.value)
    assert not directory.exists()


@pytest.mark.parametrize("l3", ["sqlite", "diskcache"])
def test_a_link_out_of_the_project_is_refused(l3: str, tmp_path: Path, warnings: list[str]) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    (project / "cache").symlink_to(outside)
    with pytest.raises(CacheError, match="which is not below the project"):
        open_store(
            project / "cache", l3=l3, limit_bytes=1 << 20, warn=warnings.append, inside=str(project)
        )
    assert list(outside.iterdir()) == []
