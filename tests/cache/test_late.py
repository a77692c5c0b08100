"""A store that is opened by the first thing that is put into it."""

from pathlib import Path

import pytest

from chunkflow.cache.late import LateStore
from chunkflow.cache.sqlite import SqliteStore
from chunkflow.cache.store import StoreStats, TendedStore


class Opening:
    """Opens a store, and counts how often."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.times = 0

    def __call__(self) -> TendedStore | None:
        self.times += 1
        return SqliteStore(self.folder / "cache", limit_bytes=1 << 20, warn=pytest.fail)


@pytest.fixture
def opening(tmp_path: Path) -> Opening:
    return Opening(tmp_path)


def test_until_something_is_put_there_is_nothing_and_nothing_is_made(opening: Opening) -> None:
    late = LateStore(opening)
    late.remove_many([b"key"])
    late.clear()
    late.collect()
    assert late.get_many([b"key"]) == {}
    assert late.is_empty()
    assert late.stats() == StoreStats(0, 0)
    assert late.census() is None
    assert list(late.walk()) == []
    assert not late.is_open
    late.close()
    assert (opening.times, list(opening.folder.iterdir())) == (0, [])


def test_from_then_on_it_is_the_store(opening: Opening) -> None:
    late = LateStore(opening)
    late.put_many([(b"one", b"1"), (b"two", b"2")])
    late.put_many([(b"three", b"3")])
    assert (opening.times, late.is_open, late.is_empty()) == (1, True, False)
    assert late.get_many([b"one", b"three", b"four"]) == {b"one": b"1", b"three": b"3"}
    assert sorted(key for some in late.walk() for key, _ in some) == [b"one", b"three", b"two"]
    late.remove_many([b"one"])
    late.collect()
    assert late.stats().records == 2
    census = late.census()
    assert census is not None
    assert sum(census.records.values()) == 2
    late.clear()
    assert late.is_empty()
    late.close()


def test_what_is_put_after_the_end_opens_nothing(opening: Opening) -> None:
    late = LateStore(opening)
    late.close()
    late.put_many([(b"key", b"value")])
    assert (opening.times, late.get_many([b"key"])) == (0, {})


def test_a_store_that_cannot_be_had_is_asked_for_once() -> None:
    asked = []

    def fail() -> TendedStore | None:
        asked.append(1)
        return None

    late = LateStore(fail)
    for _ in range(2):
        late.put_many([(b"key", b"value")])
    assert (asked, late.get_many([b"key"]), late.is_empty()) == ([1], {}, True)
