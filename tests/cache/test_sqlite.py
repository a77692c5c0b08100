import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chunkflow.cache.sqlite import SqliteStore


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


def test_it_can_be_made_by_itself(directory: Path, told: list[str]) -> None:
    store = SqliteStore(directory, limit_bytes=1 << 20, warn=told.append)
    store.put_many([(b"a", b"1")])
    assert store.get_many([b"a"]) == {b"a": b"1"}
    store.close()
    assert told == []
