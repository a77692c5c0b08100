from collections.abc import Callable

import pytest

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.record import seal
from chunkflow.cache.sqlite import SqliteStore
from chunkflow.cache.tiers import Hit, Tiers

MakeStore = Callable[..., SqliteStore]
LIMIT_BYTES = 1 << 20


@pytest.fixture
def memory() -> MemoryTier:
    return MemoryTier(LIMIT_BYTES)


@pytest.fixture
def store(make_store: MakeStore) -> SqliteStore:
    return make_store()


@pytest.fixture
def tiers(memory: MemoryTier, store: SqliteStore, told: list[str]) -> Tiers:
    return Tiers(memory, store, warn=told.append)


def test_what_was_put_comes_from_memory(tiers: Tiers) -> None:
    tiers.put(b"a", b"1")
    assert tiers.get(b"a") == Hit(b"1", "l1")
    assert tiers.get(b"b") is None


def test_what_memory_let_go_comes_from_disk_and_then_from_memory(tiers: Tiers) -> None:
    tiers.put_many([(b"a", b"1"), (b"b", b"2")])
    tiers.clear("l1")
    assert tiers.get_many([b"a", b"z"]) == {b"a": Hit(b"1", "l3")}
    assert tiers.get_many([b"a", b"b"]) == {b"a": Hit(b"1", "l1"), b"b": Hit(b"2", "l3")}


def test_the_next_run_finds_it_on_disk(
    tiers: Tiers, make_store: MakeStore, told: list[str]
) -> None:
    tiers.put(b"a", b"1")
    tiers.close()
    again = Tiers(MemoryTier(0), make_store(), warn=told.append)
    assert again.get(b"a") == Hit(b"1", "l3")
    assert again.get(b"a") == Hit(b"1", "l3"), "a memory of no bytes keeps nothing"


def test_without_a_store_memory_alone_serves(memory: MemoryTier, told: list[str]) -> None:
    tiers = Tiers(memory, None, warn=told.append)
    tiers.put(b"a", b"1")
    assert tiers.get_many([b"a", b"b"]) == {b"a": Hit(b"1", "l1")}
    assert tiers.stats().l3 is None
    tiers.clear()
    assert tiers.get(b"a") is None
    tiers.close()


SEALED = seal(b"a", b"payload")
DAMAGED = [
    b"",
    SEALED[:-1],
    SEALED + b"\0",
    SEALED.replace(b"payload", b"Payload"),
    seal(b"another key", b"payload"),
]


@pytest.mark.parametrize("value", DAMAGED)
def test_a_damaged_record_is_a_miss_and_is_removed(
    value: bytes, tiers: Tiers, store: SqliteStore, told: list[str]
) -> None:
    store.put_many([(b"a", value), (b"b", seal(b"b", b"2"))])
    assert tiers.get_many([b"a", b"b"]) == {b"b": Hit(b"2", "l3")}
    assert store.get_many([b"a"]) == {}
    assert len(told) == 1
    assert "damaged" in told[0]


def test_damaged_records_are_told_once(tiers: Tiers, store: SqliteStore, told: list[str]) -> None:
    for n in range(3):
        store.put_many([(b"%d" % n, b"damaged")])
        assert tiers.get(b"%d" % n) is None
    assert len(told) == 1


@pytest.mark.parametrize(
    ("tier", "found_in"), [("l1", "l3"), ("l2", "l1"), ("l3", "l1"), ("all", None)]
)
def test_clear_forgets_what_was_named(tier: str, found_in: str | None, tiers: Tiers) -> None:
    tiers.put(b"a", b"1")
    tiers.clear(tier)
    assert tiers.get(b"a") == (found_in and Hit(b"1", found_in))


def test_tiers_are_empty_until_any_of_them_holds_something(
    tiers: Tiers, memory: MemoryTier, told: list[str]
) -> None:
    assert tiers.empty
    tiers.put(b"a", b"1")
    assert not tiers.empty
    tiers.clear("l1")
    assert not tiers.empty
    tiers.clear("l3")
    assert tiers.empty
    assert Tiers(memory, None, warn=told.append).empty


def test_stats_count_each_key_in_the_tier_that_had_it(tiers: Tiers) -> None:
    tiers.put_many([(b"a", b"1"), (b"b", b"2")])
    tiers.get_many([b"a", b"z"])
    tiers.clear("l1")
    tiers.get_many([b"a", b"a", b"y"])
    stats = tiers.stats()
    assert (stats.l1_hits, stats.l2_hits, stats.l3_hits, stats.misses) == (1, 0, 1, 2)
    assert stats.l1.entries == 1
    assert stats.l3 is not None
    assert stats.l3.records == 2
