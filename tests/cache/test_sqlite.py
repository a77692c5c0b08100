import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chunkflow.cache import sqlite
from chunkflow.cache.database import open_store


@pytest.fixture
def kind() -> str:
    return "sqlite"


def test_what_goes_first_is_found_without_reading_values(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for query in (
            "SELECT rowid FROM records WHERE used < 5",
            "SELECT rowid FROM records ORDER BY used, rowid",
        ):
            ((*_, plan),) = connection.execute("EXPLAIN QUERY PLAN " + query)
            assert "COVERING INDEX records_used" in plan


def test_it_can_be_made_by_itself(directory: Path, warnings: list[str]) -> None:
    store = open_store(directory, limit_bytes=1 << 20, warn=warnings.append)
    store.put_many([(b"a", b"1")])
    assert store.get_many([b"a"]) == {b"a": b"1"}
    store.close()
    assert warnings == []


def test_values_of_any_size_are_written_whole_and_without_copies_of_large_ones(
    directory: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_LARGE_BYTES", 10)
    values = {b"%d" % size: bytes(range(size)) for size in (0, 1, 9, 10, 11, 20, 95)}
    store = open_store(directory, limit_bytes=1 << 20, warn=warnings.append)
    for _ in range(2):
        store.put_many(values.items())
        assert store.get_many(list(values)) == values
    store.put_many([(b"95", b"small"), (b"1", bytes(40))])
    assert store.get_many([b"95", b"1"]) == {b"95": b"small", b"1": bytes(40)}
    store.close()
    again = open_store(directory, limit_bytes=1 << 20, warn=warnings.append)
    assert again.get_many(list(values)) == values | {b"95": b"small", b"1": bytes(40)}
    census = again.take_census()
    assert census is not None
    assert sum(census.records.values()) == len(values)
    again.close()
    assert warnings == []
