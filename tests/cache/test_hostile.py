"""A cache that somebody else has made: whatever it holds, it is data and nothing more."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from warnings import catch_warnings

import diskcache  # type: ignore[import-untyped]
import pytest

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.store import AdminStore
from chunkflow.cache.tiers import Tiers

MakeStore = Callable[..., AdminStore]
Query = Callable[..., list[tuple[object, ...]]]

ITEMS = [(b"key %d" % n, bytes(2000)) for n in range(100)]
KEYS = [key for key, _ in ITEMS]
FEW = 5
"""The hostile rows: the first so many."""

COLUMNS = {
    "records": ["key", "used", "value"],
    "Cache": [
        *("key", "raw", "store_time", "expire_time", "access_time", "access_count"),
        *("tag", "size", "mode", "filename", "value"),
    ],
}


class Bomb:
    """Makes a directory when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.canary),)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """Is there once code from the cache has run."""
    return tmp_path / "canary"


@pytest.fixture
def bomb(canary: Path) -> str:
    """A pickle that makes the canary, as SQL writes it."""
    return f"x'{pickle.dumps(Bomb(canary)).hex()}'"


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_bytes(b"precious")
    return path


def use(make_store: MakeStore) -> list[dict[bytes, bytes]]:
    """Read, replace and remove; return what was found before and after."""
    store = make_store()
    before = store.get_many(KEYS)
    store.take_census()
    store.put_many(ITEMS[: FEW - 2])
    store.remove_many(KEYS[FEW - 2 : FEW - 1])
    after = store.get_many(KEYS)
    store.close()
    return [before, after]


def evict_and_clear(make_store: MakeStore) -> None:
    store = make_store(limit_bytes=2 << 20)
    store.put_many((b"filler %d" % n, bytes(50_000)) for n in range(40))
    store.clear()
    store.close()


def test_a_pickle_in_any_column_is_never_loaded(
    make_store: MakeStore, database: Path, query: Query, table: str, bomb: str, canary: Path
) -> None:
    columns = COLUMNS[table]
    for row, column in enumerate(columns, start=1):
        more = ", mode = 4" if (table, column) == ("Cache", "value") else ""
        query(database, f"UPDATE {table} SET {column} = {bomb}{more} WHERE rowid = {row}")
    for found in use(make_store):
        assert found.items() >= dict(ITEMS[max(FEW, len(columns)) :]).items()
    tiers = Tiers(MemoryTier(1 << 20), make_store(), warn=lambda _message: None)
    tiers.get_many(KEYS)
    tiers.close()
    evict_and_clear(make_store)
    assert not canary.exists()


@pytest.mark.parametrize("kind", ["diskcache"])
def test_the_bomb_is_live_where_nobody_is_on_guard(
    database: Path, query: Query, bomb: str, canary: Path
) -> None:
    query(database, f"UPDATE Cache SET value = {bomb}, mode = 4 WHERE rowid = 1")
    with diskcache.Cache(str(database.parent)) as cache, catch_warnings():
        cache.get(KEYS[0])
    assert canary.exists()


@pytest.mark.parametrize("kind", ["diskcache"])
def test_a_file_that_a_row_names_is_not_read_nor_removed(
    make_store: MakeStore, database: Path, query: Query, precious: Path
) -> None:
    names = [str(precious), os.path.relpath(precious, database.parent)]
    rows = [(mode, name) for mode in (1, 2, 3, 4) for name in names]
    for row, (mode, name) in enumerate(rows, start=1):
        values = f"value = NULL, mode = {mode}, filename = '{name}'"
        query(database, f"UPDATE Cache SET {values} WHERE rowid = {row}")
    before, after = use(make_store)
    assert before == dict(ITEMS[len(rows) :])
    assert after == dict(ITEMS[: FEW - 2] + ITEMS[len(rows) :])
    evict_and_clear(make_store)
    assert precious.read_bytes() == b"precious"


@pytest.mark.parametrize("kind", ["diskcache"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO Settings VALUES ('sqlite_writable_schema', 1)",
        "INSERT INTO Settings VALUES ('sqlite_journal_size_limit = 1; --', 1)",
        "INSERT INTO Settings VALUES ('disk_directory', '/tmp')",
        "INSERT INTO Settings VALUES ('_directory', '/tmp')",
        "INSERT INTO Settings VALUES (7, 7)",
        "UPDATE Settings SET value = 'none' WHERE key = 'eviction_policy'",
        "UPDATE Settings SET value = 0 WHERE key = 'disk_min_file_size'",
        "UPDATE Settings SET value = 'delete' WHERE key = 'sqlite_journal_mode'",
        "UPDATE Settings SET value = 'many' WHERE key = 'count'",
        "DELETE FROM Settings WHERE key = 'size'",
        "DELETE FROM Settings WHERE key = 'cull_limit'",
    ],
)
def test_settings_that_are_not_this_programs_are_not_followed(
    statement: str,
    make_store: MakeStore,
    database: Path,
    query: Query,
    warnings: list[str],
    generation: Path,
) -> None:
    query(database, statement)
    before, after = use(make_store)
    assert before == {}
    assert after == dict(ITEMS[: FEW - 2])
    assert len(warnings) == 1
    assert "its settings were changed" in warnings[0]
    assert Path(f"{generation}.damaged").is_dir() or not Path(f"{generation}.damaged").exists()


@pytest.mark.parametrize("kind", ["diskcache"])
def test_settings_that_change_before_the_first_write_are_not_followed(
    make_store: MakeStore, database: Path, query: Query, warnings: list[str]
) -> None:
    store = make_store()
    query(database, "INSERT INTO Settings VALUES ('sqlite_writable_schema', 1)")
    store.put_many(ITEMS)
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)
    assert len(warnings) == 1
    assert "its settings were changed" in warnings[0]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER bomb BEFORE DELETE ON {table} BEGIN SELECT load_extension('{canary}'); END",
        "CREATE TRIGGER bomb AFTER INSERT ON {table} BEGIN SELECT writefile('{canary}', 'x'); END",
        "CREATE VIEW bomb AS SELECT load_extension('{canary}')",
        "CREATE TABLE bomb (a CHECK (load_extension('{canary}')))",
        "CREATE INDEX bomb ON {table} (value) WHERE typeof(value) = 'blob'",
        "CREATE VIRTUAL TABLE bomb USING fts5(a)",
    ],
)
def test_nothing_in_a_schema_is_ever_run(
    statement: str,
    make_store: MakeStore,
    database: Path,
    query: Query,
    table: str,
    canary: Path,
    warnings: list[str],
) -> None:
    query(database, statement.format(table=table, canary=canary))
    before, after = use(make_store)
    assert before == {}
    assert after == dict(ITEMS[: FEW - 2])
    assert not canary.exists()
    assert len(warnings) == 1
    assert "it was not made by this program" in warnings[0]


def test_a_trigger_in_the_place_of_the_librarys_own_is_seen(
    make_store: MakeStore, database: Path, query: Query, table: str, warnings: list[str]
) -> None:
    name = "Settings_count_insert" if table == "Cache" else "records_used"
    drop = "TRIGGER" if table == "Cache" else "INDEX"
    query(
        database,
        f"DROP {drop} {name}",
        f"CREATE TRIGGER {name} AFTER INSERT ON {table} BEGIN DELETE FROM {table}; END",
    )
    use(make_store)
    assert len(warnings) == 1
    assert "it was not made by this program" in warnings[0]
