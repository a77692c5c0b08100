"""Both tiers in memory: one with a bound alone (L1), and one where entries expire too (L2)."""

import tracemalloc
from collections.abc import Callable

import pytest
from effort import count_examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from chunkflow.cache.memory import ENTRY_OVERHEAD_BYTES, EXPIRY_OVERHEAD_BYTES, MemoryTier

ENTRY_BYTES = 1 + 9 + ENTRY_OVERHEAD_BYTES


def tier_of(entries: int) -> MemoryTier:
    return MemoryTier(entries * ENTRY_BYTES)


def put(tier: MemoryTier, *keys: bytes) -> dict[bytes, bytes]:
    return tier.put_many((key, b"123456789") for key in keys)


def find(tier: MemoryTier) -> bytes:
    return b"".join(sorted(tier.get_many([b"a", b"b", b"c", b"d"])))


def test_the_least_recently_used_goes_first() -> None:
    tier = tier_of(3)
    put(tier, b"a", b"b", b"c")
    tier.get_many([b"a"])
    put(tier, b"d")
    assert find(tier) == b"acd"


def test_a_replaced_entry_counts_as_used() -> None:
    tier = tier_of(2)
    put(tier, b"a", b"b", b"a", b"c")
    assert find(tier) == b"ac"


def test_an_item_that_just_fits_is_kept_and_one_byte_more_is_not() -> None:
    tier = tier_of(1)
    tier.put_many([(b"a", b"123456789")])
    assert tier.get_many([b"a"])
    tier.put_many([(b"b", b"1234567890")])
    assert tier.get_many([b"a", b"b"]) == {b"a": b"123456789"}


def test_a_tier_of_no_bytes_keeps_nothing() -> None:
    tier = MemoryTier(0)
    assert put(tier, b"a") == {b"a": b"123456789"}
    tier.clear()
    tier.remove_many([b"a"])
    assert len(tier) == 0


def test_what_is_evicted_is_returned_oldest_first() -> None:
    tier = tier_of(2)
    assert list(put(tier, b"a", b"b", b"c", b"d")) == [b"a", b"b"]


def test_what_is_too_large_is_returned_at_once() -> None:
    tier = tier_of(1)
    put(tier, b"b")
    assert tier.put_many([(b"a", b"1234567890")]) == {b"a": b"1234567890"}
    assert find(tier) == b"b"


def test_what_is_put_again_in_the_same_call_is_kept_and_not_returned() -> None:
    tier = tier_of(1)
    assert list(put(tier, b"a", b"b", b"a")) == [b"b"]
    assert list(tier.put_many([(b"c", bytes(1000)), (b"c", b"1")])) == [b"a"]


def test_what_is_removed_or_replaced_makes_room() -> None:
    tier = tier_of(2)
    put(tier, b"a", b"b")
    tier.remove_many([b"a"])
    assert put(tier, b"b", b"c") == {}
    tier.clear()
    assert put(tier, b"a", b"b") == {}


def test_filling_evicts_nothing_and_ends_where_there_is_no_room() -> None:
    tier = tier_of(3)
    put(tier, b"a")
    tier.fill([(b"b", b"1"), (b"c", bytes(1000)), (b"d", b"1")])
    assert find(tier) == b"ab"


@pytest.mark.parametrize("ttl_s", [None, 60.0])
def test_find_absent_does_not_count_as_use(ttl_s: float | None) -> None:
    tier = MemoryTier(2 * ENTRY_BYTES + 2 * EXPIRY_OVERHEAD_BYTES * bool(ttl_s), ttl_s=ttl_s)
    assert tier.find_absent([b"a"]) == [b"a"]
    put(tier, b"a", b"b")
    assert tier.find_absent([b"a", b"z"]) == [b"z"]
    put(tier, b"c")
    assert find(tier) == b"bc"


@pytest.mark.parametrize("ttl_s", [None, 60.0])
@pytest.mark.parametrize("payload_bytes", [0, 100, 3000])
def test_the_bound_is_about_the_memory_that_is_really_taken(
    payload_bytes: int, ttl_s: float | None
) -> None:
    limit_bytes = 1 << 20
    tier = MemoryTier(limit_bytes, ttl_s=ttl_s)
    tracemalloc.start()
    try:
        tier.put_many((b"%016d" % n, bytes(payload_bytes)) for n in range(6000))
        taken_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.5 < taken_bytes / limit_bytes < 1.05


# Where entries expire

TTL_S = 60.0


class Timer:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def expiring_of(timer: Timer) -> Callable[[int], MemoryTier]:
    """Makes a tier with room for a number of entries."""
    return lambda entries: MemoryTier(
        entries * (ENTRY_BYTES + EXPIRY_OVERHEAD_BYTES), ttl_s=TTL_S, timer=timer
    )


def test_what_is_too_old_is_gone(expiring_of: Callable[[int], MemoryTier], timer: Timer) -> None:
    tier = expiring_of(3)
    put(tier, b"a")
    timer.now_s = 30
    put(tier, b"b")
    timer.now_s = 59.9
    assert find(tier) == b"ab"
    timer.now_s = 60
    assert find(tier) == b"b"
    timer.now_s = 90
    assert find(tier) == b""


def test_a_look_makes_nothing_younger_and_a_put_does(
    expiring_of: Callable[[int], MemoryTier], timer: Timer
) -> None:
    tier = expiring_of(3)
    put(tier, b"a", b"b")
    timer.now_s = 50
    assert find(tier) == b"ab"
    put(tier, b"a")
    timer.now_s = 70
    assert find(tier) == b"a"


def test_the_least_recently_used_goes_first_where_entries_expire_too(
    expiring_of: Callable[[int], MemoryTier],
) -> None:
    tier = expiring_of(3)
    put(tier, b"a", b"b", b"c")
    tier.get_many([b"a"])
    put(tier, b"d")
    assert find(tier) == b"acd"


def test_what_is_taken_is_gone_and_the_rest_stays(
    expiring_of: Callable[[int], MemoryTier], timer: Timer
) -> None:
    tier = expiring_of(3)
    put(tier, b"a", b"b")
    assert tier.take_many([b"a", b"z"]) == {b"a": b"123456789"}
    assert find(tier) == b"b"
    timer.now_s = TTL_S
    assert tier.take_many([b"b"]) == {}


def test_what_has_expired_makes_room(
    expiring_of: Callable[[int], MemoryTier], timer: Timer
) -> None:
    tier = expiring_of(2)
    put(tier, b"a", b"b")
    tier.get_many([b"a"])
    timer.now_s = TTL_S
    assert put(tier, b"c", b"d") == {}
    assert len(tier) == 2


class AsADictWithTimes(RuleBasedStateMachine):
    """Any history leaves what a dict would hold from which what is too old is struck."""

    keys = st.sampled_from([b"a", b"b", b"c", b"d"])

    def __init__(self) -> None:
        super().__init__()
        self.timer = Timer()
        self.tier = MemoryTier(1 << 20, ttl_s=TTL_S, timer=self.timer)
        self.model: dict[bytes, tuple[bytes, float]] = {}

    def living(self, wanted: set[bytes]) -> dict[bytes, bytes]:
        now_s = self.timer.now_s
        return {
            key: value
            for key, (value, put_s) in self.model.items()
            if key in wanted and now_s < put_s + TTL_S
        }

    @rule(items=st.lists(st.tuples(keys, st.binary(max_size=5))))
    def put(self, items: list[tuple[bytes, bytes]]) -> None:
        self.tier.put_many(items)
        self.model.update((key, (value, self.timer.now_s)) for key, value in items)

    @rule(wanted=st.sets(keys))
    def get(self, wanted: set[bytes]) -> None:
        assert self.tier.get_many(wanted) == self.living(wanted)
        assert set(self.tier.find_absent(wanted)) == wanted - self.living(wanted).keys()

    @rule(wanted=st.sets(keys))
    def take(self, wanted: set[bytes]) -> None:
        assert self.tier.take_many(wanted) == self.living(wanted)
        self.remove(wanted)

    @rule(unwanted=st.sets(keys))
    def remove(self, unwanted: set[bytes]) -> None:
        self.tier.remove_many(unwanted)
        for key in unwanted:
            self.model.pop(key, None)

    @rule(seconds=st.sampled_from([0.0, 1.0, 29.5, TTL_S]))
    def wait(self, seconds: float) -> None:
        self.timer.now_s += seconds

    @rule()
    def count(self) -> None:
        assert len(self.tier) == len(self.living(set(self.model)))

    @rule()
    def clear(self) -> None:
        self.tier.clear()
        self.model.clear()


@pytest.mark.hypothesis
def test_any_history_leaves_what_a_dict_with_times_would_hold() -> None:
    limits = settings(max_examples=count_examples(100), stateful_step_count=30, deadline=None)
    run_state_machine_as_test(AsADictWithTimes, settings=limits)
