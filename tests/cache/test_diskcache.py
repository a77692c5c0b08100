import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import diskcache  # type: ignore[import-untyped]
import pytest

from chunkflow.cache.diskcache import GuardedCache, RawDisk
from chunkflow.cache.store import Store

MakeStore = Callable[..., Store]

ITEMS = [(b"key %d" % n, bytes(2000)) for n in range(100)]
KEYS = [key for key, _ in ITEMS]


@pytest.fixture
def kind() -> str:
    return "diskcache"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        yield opened


def test_the_librarys_own_cache_reads_what_was_put(database: Path) -> None:
    with diskcache.Cache(str(database.parent)) as cache:
        assert len(cache) == 100
        assert cache[b"key 7"] == bytes(2000)
        assert cache.check() == []


def test_what_the_librarys_own_cache_put_is_read(
    database: Path, make_store: MakeStore, warnings: list[str]
) -> None:
    with diskcache.Cache(str(database.parent)) as cache:
        cache[b"theirs"] = b"1"
        cache["a text"] = b"2"
        cache[b"pickled"] = [1]
    store = make_store()
    assert store.get_many([b"theirs", b"a text", b"pickled"]) == {b"theirs": b"1"}
    assert warnings == []


def test_the_count_of_the_library_stays_right(database: Path, make_store: MakeStore) -> None:
    store = make_store()
    store.put_many([(b"key 1", b"again"), (b"new", b"1")])
    store.remove_many([b"key 2"])
    store.close()
    with diskcache.Cache(str(database.parent)) as cache:
        assert len(cache) == 100
        assert cache.check() == []


def test_a_directory_that_a_killed_run_left_without_a_database_is_used(
    directory: Path, make_store: MakeStore, database: Path, warnings: list[str]
) -> None:
    database.unlink()
    store = make_store()
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)
    assert warnings == []
    assert database.exists()


def test_a_value_of_any_size_is_in_the_database(database: Path, make_store: MakeStore) -> None:
    store = make_store()
    store.put_many([(b"large", bytes(3 << 20))])
    assert store.get_many([b"large"]) == {b"large": bytes(3 << 20)}
    store.close()
    assert [path.name for path in database.parent.iterdir()] == ["cache.db"]


def test_the_guarded_cache_keeps_bytes(connection: sqlite3.Connection) -> None:
    cache = GuardedCache(connection)
    cache.set(b"a", b"1")
    assert cache.get(b"a") == b"1"
    assert list(cache) == [b"a"]
    assert cache.pop(b"a") == b"1"
    assert cache.get(b"a") is None


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        ("mode = 4", "pickled or in a file"),
        ("mode = 2, filename = '/etc/hostname'", "pickled or in a file"),
        ("mode = 1, filename = '/etc/hostname'", "pickled or in a file"),
        ("value = 'text'", "not str"),
    ],
)
def test_the_guarded_cache_refuses_a_row_that_says_otherwise(
    row: str, refused: str, connection: sqlite3.Connection
) -> None:
    cache = GuardedCache(connection)
    cache.set(b"a", b"1")
    connection.execute(f"UPDATE Cache SET {row}")
    with pytest.raises(ValueError, match=refused):
        cache.get(b"a")


def test_the_guarded_cache_refuses_a_pickled_key(connection: sqlite3.Connection) -> None:
    cache = GuardedCache(connection)
    cache.set(b"a", b"1")
    connection.execute("UPDATE Cache SET raw = 0")
    with pytest.raises(ValueError, match="not a pickled key"):
        list(cache)


@pytest.mark.parametrize(("key", "value"), [("text", b"1"), (b"a", "text"), (b"a", [1]), (1, b"")])
def test_the_guarded_cache_takes_nothing_but_bytes(
    key: object, value: object, connection: sqlite3.Connection
) -> None:
    with pytest.raises(ValueError, match="only bytes in the database itself are kept"):
        GuardedCache(connection).set(key, value)


def test_the_guarded_cache_takes_no_file(connection: sqlite3.Connection) -> None:
    with pytest.raises(ValueError, match="not a file"):
        GuardedCache(connection).set(b"a", b"1", read=True)


def test_the_disk_names_and_removes_no_file(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.touch()
    disk = RawDisk(str(tmp_path))
    disk.remove("precious")
    assert precious.exists()
    with pytest.raises(ValueError, match="not a file"):
        disk.filename()
