import tracemalloc
from collections.abc import Callable

import pytest
from effort import count_examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from chunkflow.cache.expiring import ENTRY_OVERHEAD_BYTES, ExpiringStats, ExpiringTier

ENTRY_BYTES = 1 + 9 + ENTRY_OVERHEAD_BYTES
TTL_S = 60.0


class Timer:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def tier_of(timer: Timer) -> Callable[[int], ExpiringTier]:
    """Makes a tier with room for a number of entries."""
    return lambda entries: ExpiringTier(entries * ENTRY_BYTES, ttl_s=TTL_S, timer=timer)


def put(tier: ExpiringTier, *keys: bytes) -> None:
    tier.put_many((key, b"123456789") for key in keys)


def held(tier: ExpiringTier) -> bytes:
    return b"".join(sorted(tier.get_many([b"a", b"b", b"c", b"d"])))


def test_what_is_too_old_is_gone(tier_of: Callable[[int], ExpiringTier], timer: Timer) -> None:
    tier = tier_of(3)
    put(tier, b"a")
    timer.now_s = 30
    put(tier, b"b")
    timer.now_s = 59.9
    assert held(tier) == b"ab"
    timer.now_s = 60
    assert held(tier) == b"b"
    timer.now_s = 90
    assert held(tier) == b""


def test_a_look_makes_nothing_younger_and_a_put_does(
    tier_of: Callable[[int], ExpiringTier], timer: Timer
) -> None:
    tier = tier_of(3)
    put(tier, b"a", b"b")
    timer.now_s = 50
    assert held(tier) == b"ab"
    put(tier, b"a")
    timer.now_s = 70
    assert held(tier) == b"a"


def test_for_want_of_room_the_least_recently_used_goes(
    tier_of: Callable[[int], ExpiringTier],
) -> None:
    tier = tier_of(3)
    put(tier, b"a", b"b", b"c")
    tier.get_many([b"a"])
    put(tier, b"d")
    assert held(tier) == b"acd"


def test_what_is_taken_is_gone_and_the_rest_stays(
    tier_of: Callable[[int], ExpiringTier], timer: Timer
) -> None:
    tier = tier_of(3)
    put(tier, b"a", b"b")
    assert tier.take_many([b"a", b"z"]) == {b"a": b"123456789"}
    assert held(tier) == b"b"
    timer.now_s = TTL_S
    assert tier.take_many([b"b"]) == {}


def test_absent_tells_what_is_not_there_and_is_no_look(
    tier_of: Callable[[int], ExpiringTier], timer: Timer
) -> None:
    tier = tier_of(2)
    assert tier.absent([b"a"]) == [b"a"]
    put(tier, b"a", b"b")
    assert tier.absent([b"a", b"z"]) == [b"z"]
    put(tier, b"c")
    assert held(tier) == b"bc", "being asked for does not make an entry recently used"
    timer.now_s = TTL_S
    assert tier.absent([b"b"]) == [b"b"]


def test_a_tier_of_no_bytes_keeps_nothing(tier_of: Callable[[int], ExpiringTier]) -> None:
    tier = tier_of(0)
    put(tier, b"a")
    tier.clear()
    tier.remove_many([b"a"])
    assert tier.stats() == ExpiringStats(0, 0, 0, 0, 0, 0)


def test_an_item_that_just_fits_is_kept_and_one_byte_more_is_not(
    tier_of: Callable[[int], ExpiringTier],
) -> None:
    tier = tier_of(1)
    tier.put_many([(b"a", b"123456789")])
    tier.put_many([(b"b", b"1234567890")])
    assert tier.get_many([b"a", b"b"]) == {b"a": b"123456789"}


def test_stats_tell_evictions_from_expirations(
    tier_of: Callable[[int], ExpiringTier], timer: Timer
) -> None:
    tier = tier_of(2)
    put(tier, b"a", b"b", b"c")
    tier.get_many([b"a", b"b"])
    assert tier.stats() == ExpiringStats(
        entries=2, size_bytes=2 * ENTRY_BYTES, hits=1, misses=1, evictions=1, expirations=0
    )
    timer.now_s = TTL_S
    assert tier.stats() == ExpiringStats(0, 0, 1, 1, 1, 2)


def test_clearing_and_removing_count_as_neither_and_the_counts_go_on(
    tier_of: Callable[[int], ExpiringTier], timer: Timer
) -> None:
    tier = tier_of(2)
    put(tier, b"a", b"b", b"c")
    timer.now_s = TTL_S
    tier.stats()
    put(tier, b"a", b"b")
    tier.remove_many([b"a"])
    tier.clear()
    assert tier.stats() == ExpiringStats(0, 0, 0, 0, 1, 2)


@pytest.mark.parametrize("payload_bytes", [0, 100, 3000])
def test_the_bound_is_about_the_memory_that_is_really_taken(payload_bytes: int) -> None:
    tier = ExpiringTier(1 << 30, ttl_s=TTL_S)
    tracemalloc.start()
    try:
        tier.put_many((b"%016d" % n, bytes(payload_bytes)) for n in range(5000))
        taken_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.5 < taken_bytes / tier.stats().size_bytes < 1.05


class AsADictWithTimes(RuleBasedStateMachine):
    """Any history leaves what a dict would hold from which what is too old is struck."""

    keys = st.sampled_from([b"a", b"b", b"c", b"d"])

    def __init__(self) -> None:
        super().__init__()
        self.timer = Timer()
        self.tier = ExpiringTier(1 << 20, ttl_s=TTL_S, timer=self.timer)
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
        assert set(self.tier.absent(wanted)) == wanted - self.living(wanted).keys()

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
        assert self.tier.stats().entries == len(self.living(set(self.model)))

    @rule()
    def clear(self) -> None:
        self.tier.clear()
        self.model.clear()


@pytest.mark.hypothesis
def test_any_history_leaves_what_a_dict_with_times_would_hold() -> None:
    limits = settings(max_examples=count_examples(100), stateful_step_count=30, deadline=None)
    run_state_machine_as_test(AsADictWithTimes, settings=limits)
