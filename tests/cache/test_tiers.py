import threading
from collections.abc import Callable, Collection, Iterable

import pytest

from chunkflow.cache.memory import ENTRY_OVERHEAD_BYTES, MemoryTier
from chunkflow.cache.record import seal
from chunkflow.cache.store import AdminStore, Store
from chunkflow.cache.tiers import Hit, Tiers

MakeStore = Callable[..., AdminStore]
LIMIT_BYTES = 1 << 20


@pytest.fixture
def memory() -> MemoryTier:
    return MemoryTier(LIMIT_BYTES)


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store()


TTL_S = 60.0


class Timer:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def l2(timer: Timer) -> MemoryTier:
    return MemoryTier(LIMIT_BYTES, ttl_s=TTL_S, timer=timer)


class PlainStore:
    """A store that is a dict, and can lose the right to write."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.is_writable = True
        self.reads = 0

    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        self.reads += 1
        return {key: self.kept[key] for key in keys if key in self.kept}

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        if self.is_writable:
            self.kept.update(items)

    def remove_many(self, keys: Iterable[bytes]) -> None:
        for key in keys:
            self.kept.pop(key, None)

    def clear(self) -> None:
        self.kept.clear()

    def is_empty(self) -> bool:
        return not self.kept

    def close(self) -> None:
        pass


@pytest.fixture
def plain() -> PlainStore:
    return PlainStore()


def complain(message: str) -> None:
    raise AssertionError(message)


SMALL_BYTES = 1 + 1 + ENTRY_OVERHEAD_BYTES
"""What an entry with a key and a payload of a byte each takes in L1."""


@pytest.fixture
def three(plain: PlainStore, l2: MemoryTier) -> Tiers:
    """All three tiers; L1 has room for two small entries."""
    return Tiers(MemoryTier(2 * SMALL_BYTES), plain, warn=complain, l2=l2)


@pytest.fixture
def tiers(memory: MemoryTier, store: Store, warnings: list[str]) -> Tiers:
    return Tiers(memory, store, warn=warnings.append)


def test_what_was_put_comes_from_memory(tiers: Tiers) -> None:
    tiers.put_many([(b"a", b"1")])
    assert tiers.get_many([b"a"]) == {b"a": Hit(b"1", "l1")}
    assert tiers.get_many([b"b"]) == {}


def test_what_memory_let_go_comes_from_disk_and_then_from_memory(tiers: Tiers) -> None:
    tiers.put_many([(b"a", b"1"), (b"b", b"2")])
    tiers.clear("l1")
    assert tiers.get_many([b"a", b"z"]) == {b"a": Hit(b"1", "l3")}
    assert tiers.get_many([b"a", b"b"]) == {b"a": Hit(b"1", "l1"), b"b": Hit(b"2", "l3")}


def test_the_next_run_finds_it_on_disk(
    tiers: Tiers, make_store: MakeStore, warnings: list[str]
) -> None:
    tiers.put_many([(b"a", b"1")])
    tiers.close()
    again = Tiers(None, make_store(), warn=warnings.append)
    assert again.get_many([b"a"]) == {b"a": Hit(b"1", "l3")}
    assert again.get_many([b"a"]) == {b"a": Hit(b"1", "l3")}, "nothing is kept in memory"


def test_without_a_store_memory_alone_serves(memory: MemoryTier, warnings: list[str]) -> None:
    tiers = Tiers(memory, None, warn=warnings.append)
    tiers.put_many([(b"a", b"1")])
    assert tiers.get_many([b"a", b"b"]) == {b"a": Hit(b"1", "l1")}
    tiers.clear()
    assert tiers.get_many([b"a"]) == {}
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
    value: bytes, tiers: Tiers, store: Store, warnings: list[str]
) -> None:
    store.put_many([(b"a", value), (b"b", seal(b"b", b"2"))])
    assert tiers.get_many([b"a", b"b"]) == {b"b": Hit(b"2", "l3")}
    assert store.get_many([b"a"]) == {}
    assert len(warnings) == 1
    assert "damaged" in warnings[0]


def test_damaged_records_are_reported_once(tiers: Tiers, store: Store, warnings: list[str]) -> None:
    for n in range(3):
        store.put_many([(b"%d" % n, b"damaged")])
        assert tiers.get_many([b"%d" % n]) == {}
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("tier", "found_in"), [("l1", "l3"), ("l2", "l1"), ("l3", "l1"), ("all", None)]
)
def test_clear_forgets_what_was_named(tier: str, found_in: str | None, tiers: Tiers) -> None:
    tiers.put_many([(b"a", b"1")])
    tiers.clear(tier)
    assert tiers.get_many([b"a"]) == ({b"a": Hit(b"1", found_in)} if found_in else {})


def test_tiers_are_empty_until_any_of_them_holds_something(
    tiers: Tiers, memory: MemoryTier, warnings: list[str]
) -> None:
    assert tiers.is_empty
    tiers.put_many([(b"a", b"1")])
    assert not tiers.is_empty
    tiers.clear("l1")
    assert not tiers.is_empty
    tiers.clear("l3")
    assert tiers.is_empty
    assert Tiers(memory, None, warn=warnings.append).is_empty


# With L2


def test_what_l1_lets_go_is_found_in_l2_and_moves_up_again(three: Tiers) -> None:
    three.put_many([(b"a", b"1"), (b"b", b"2"), (b"c", b"3")])
    assert three.get_many([b"a"]) == {b"a": Hit(b"1", "l2")}
    assert three.get_many([b"a"]) == {b"a": Hit(b"1", "l1")}
    assert three.get_many([b"b", b"c"]) == {b"b": Hit(b"2", "l2"), b"c": Hit(b"3", "l1")}


def test_one_look_may_find_keys_in_every_tier(three: Tiers, plain: PlainStore) -> None:
    plain.put_many([(b"s", seal(b"s", b"0"))])
    three.put_many([(b"a", b"1"), (b"b", b"2"), (b"c", b"3")])
    assert three.get_many([b"s", b"a", b"c", b"z"]) == {
        b"s": Hit(b"0", "l3"),
        b"a": Hit(b"1", "l2"),
        b"c": Hit(b"3", "l1"),
    }
    assert sorted(hit.tier for hit in three.peek_many([b"s", b"a", b"b", b"c"]).values()) == [
        "l1",
        "l1",
        "l2",
        "l2",
    ]


def test_when_its_time_in_l2_is_over_the_store_still_has_it(three: Tiers, timer: Timer) -> None:
    three.put_many([(b"a", b"1"), (b"b", b"2"), (b"c", b"3")])
    timer.now_s = TTL_S
    assert three.get_many([b"a"]) == {b"a": Hit(b"1", "l3")}


def test_what_is_prefetched_is_in_l2_until_it_is_asked_for(
    three: Tiers, plain: PlainStore, timer: Timer
) -> None:
    plain.put_many((key, seal(key, b"1")) for key in (b"a", b"b"))
    assert three.prefetch([b"a", b"b", b"a", b"z"]) == 2
    assert three.get_many([b"a"]) == {b"a": Hit(b"1", "l2")}
    assert three.get_many([b"a"]) == {b"a": Hit(b"1", "l1")}
    timer.now_s = TTL_S
    assert three.get_many([b"b"]) == {b"b": Hit(b"1", "l3")}


def test_what_is_in_memory_is_not_prefetched(three: Tiers, plain: PlainStore) -> None:
    three.put_many([(b"a", b"1"), (b"b", b"2"), (b"c", b"3")])
    assert three.prefetch([b"a", b"b", b"c"]) == 0
    assert plain.reads == 0


def test_without_l2_nothing_is_prefetched(plain: PlainStore) -> None:
    plain.put_many([(b"a", seal(b"a", b"1"))])
    tiers = Tiers(MemoryTier(LIMIT_BYTES), plain, warn=complain)
    assert tiers.prefetch([b"a"]) == 0
    assert tiers.get_many([b"a"]) == {b"a": Hit(b"1", "l3")}


def test_a_new_value_takes_the_place_of_an_older_one_in_l2(three: Tiers) -> None:
    three.put_many([(b"a", b"1"), (b"b", b"2"), (b"c", b"3")])
    three.put_many([(b"a", b"new")])
    three.put_many([(b"d", b"4"), (b"e", b"5")])
    three.clear("l1")
    assert three.get_many([b"a"]) == {b"a": Hit(b"new", "l2")}


def test_what_is_too_large_for_l1_stays_in_l2(l2: MemoryTier) -> None:
    tiers = Tiers(MemoryTier(0), None, warn=complain, l2=l2)
    tiers.put_many([(b"a", b"1")])
    assert not tiers.is_empty
    assert tiers.get_many([b"a"]) == {b"a": Hit(b"1", "l2")}
    assert tiers.get_many([b"a"]) == {b"a": Hit(b"1", "l2")}


@pytest.mark.parametrize(
    ("tier", "found_in"),
    [
        ("l1", {b"a": "l2", b"b": "l3"}),
        ("l2", {b"a": "l3", b"b": "l1"}),
        ("l3", {b"a": "l2", b"b": "l1"}),
        ("all", {}),
    ],
)
def test_clear_forgets_one_of_three(tier: str, found_in: dict[bytes, str], three: Tiers) -> None:
    three.put_many([(b"a", b"1"), (b"b", b"2"), (b"c", b"3")])
    three.clear(tier)
    found = three.get_many([b"a", b"b"])
    assert {key: hit.tier for key, hit in found.items()} == found_in


def test_clear_without_l2_has_nothing_to_forget_there(tiers: Tiers) -> None:
    tiers.put_many([(b"a", b"1")])
    tiers.clear("l2")
    assert tiers.get_many([b"a"]) == {b"a": Hit(b"1", "l1")}


def test_an_older_value_in_the_store_does_not_cover_what_was_put_meanwhile(
    plain: PlainStore,
) -> None:
    plain.put_many([(b"a", seal(b"a", b"old"))])
    plain.is_writable = False

    class Raced(MemoryTier):
        def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
            found = super().get_many(keys)
            if not found:
                # As another thread might, between this look and the one at the store.
                super().put_many([(b"a", b"new")])
            return found

    tiers = Tiers(Raced(LIMIT_BYTES), plain, warn=complain)
    tiers.get_many([b"a"])
    assert tiers.get_many([b"a"]) == {b"a": Hit(b"new", "l1")}


def test_threads_always_find_what_moves_between_l1_and_l2(l2: MemoryTier) -> None:
    tiers = Tiers(MemoryTier(8 * SMALL_BYTES), None, warn=complain, l2=l2)
    keys = [bytes((65 + n,)) for n in range(24)]
    tiers.put_many((key, key) for key in keys)
    wrong = []

    def look(start: int) -> None:
        for n in range(400):
            key = keys[(start + n * 7) % len(keys)]
            hit = tiers.get_many([key]).get(key)
            if hit is None or hit.payload != key:
                wrong.append(key)

    threads = [threading.Thread(target=look, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class TestPeeking:
    """What is looked at stays where it is."""

    def test_each_is_found_where_it_is(
        self, memory: MemoryTier, l2: MemoryTier, store: Store, warnings: list[str]
    ) -> None:
        tiers = Tiers(memory, store, warn=warnings.append, l2=l2)
        tiers.put_many([(b"a", b"1"), (b"b", b"2"), (b"c", b"3")])
        tiers.clear("l1")
        tiers.prefetch([b"b"])
        tiers.put_many([(b"a", b"1")])
        expected = {b"a": Hit(b"1", "l1"), b"b": Hit(b"2", "l2"), b"c": Hit(b"3", "l3")}
        for _ in range(2):
            assert tiers.peek_many([b"a", b"b", b"c", b"z", b"a"]) == expected

    def test_memory_is_newer_than_a_store_that_cannot_be_written(
        self, memory: MemoryTier, plain: PlainStore, warnings: list[str]
    ) -> None:
        tiers = Tiers(memory, plain, warn=warnings.append)
        tiers.put_many([(b"a", b"old")])
        plain.is_writable = False
        tiers.put_many([(b"a", b"new")])
        assert tiers.peek_many([b"a"]) == {b"a": Hit(b"new", "l1")}

    def test_without_a_store_memory_is_looked_at(self, memory: MemoryTier) -> None:
        tiers = Tiers(memory, None, warn=pytest.fail)
        tiers.put_many([(b"a", b"1")])
        assert tiers.peek_many([b"a", b"b"]) == {b"a": Hit(b"1", "l1")}


def test_a_look_for_many_displaces_nothing(store: Store) -> None:
    items = [(b"%032d" % number, b"payload") for number in range(300)]
    Tiers(MemoryTier(1 << 20), store, warn=pytest.fail).put_many(items)
    room = 100 * (len(items[0][0]) + len(items[0][1]) + ENTRY_OVERHEAD_BYTES)
    second = MemoryTier(1 << 20, ttl_s=TTL_S)
    tiers = Tiers(MemoryTier(room), store, warn=pytest.fail, l2=second)
    keys = [key for key, _ in items]
    tiers.get_many(keys[-10:])
    assert len(tiers.get_many(keys)) == 300
    assert len(second) == 0
    in_memory = {key for key, hit in tiers.peek_many(keys).items() if hit.tier == "l1"}
    assert in_memory == {*keys[-10:], *keys[:90]}
    assert tiers.get_many([keys[90]]) == {keys[90]: (b"payload", "l3")}
    assert len(second) == 1  # what was given up for it


# Where the store is opened by the first thing that is put


class Opener:
    """Opens a store, and counts how often."""

    def __init__(self, store: Store | None) -> None:
        self.store = store
        self.count = 0

    def __call__(self) -> Store | None:
        self.count += 1
        return self.store


def test_store_is_opened_once_something_is_put(plain: PlainStore) -> None:
    opener = Opener(plain)
    tiers = Tiers(None, None, warn=pytest.fail, open_store=opener)
    tiers.clear()
    assert tiers.get_many([b"a"]) == tiers.peek_many([b"a"]) == {}
    assert (tiers.is_empty, tiers.has_store, opener.count) == (True, True, 0)
    for _ in range(2):
        tiers.put_many([(b"a", b"1")])
    assert (tiers.is_empty, tiers.has_store, opener.count) == (False, True, 1)
    assert tiers.get_many([b"a"]) == {b"a": Hit(b"1", "l3")}


def test_store_is_not_opened_after_the_end(plain: PlainStore) -> None:
    opener = Opener(plain)
    tiers = Tiers(None, None, warn=pytest.fail, open_store=opener)
    tiers.close()
    tiers.put_many([(b"a", b"1")])
    assert (tiers.get_many([b"a"]), opener.count) == ({}, 0)


def test_store_that_cannot_be_opened_is_asked_for_once() -> None:
    opener = Opener(None)
    tiers = Tiers(None, None, warn=pytest.fail, open_store=opener)
    for _ in range(2):
        tiers.put_many([(b"a", b"1")])
    assert (tiers.get_many([b"a"]), tiers.has_store, opener.count) == ({}, False, 1)
