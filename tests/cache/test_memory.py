import tracemalloc

import pytest

from chunkflow.cache.memory import ENTRY_OVERHEAD_BYTES, MemoryStats, MemoryTier

ENTRY_BYTES = 1 + 9 + ENTRY_OVERHEAD_BYTES


def tier_of(entries: int) -> MemoryTier:
    return MemoryTier(entries * ENTRY_BYTES)


def put(tier: MemoryTier, *keys: bytes) -> None:
    tier.put_many((key, b"123456789") for key in keys)


def held(tier: MemoryTier) -> bytes:
    return b"".join(sorted(tier.get_many([b"a", b"b", b"c", b"d"])))


def test_the_least_recently_used_goes_first() -> None:
    tier = tier_of(3)
    put(tier, b"a", b"b", b"c")
    tier.get_many([b"a"])
    put(tier, b"d")
    assert held(tier) == b"acd"


def test_a_replaced_entry_counts_as_used() -> None:
    tier = tier_of(2)
    put(tier, b"a", b"b", b"a", b"c")
    assert held(tier) == b"ac"


def test_an_item_that_just_fits_is_kept_and_one_byte_more_is_not() -> None:
    tier = tier_of(1)
    tier.put_many([(b"a", b"123456789")])
    assert tier.get_many([b"a"])
    tier.put_many([(b"b", b"1234567890")])
    assert tier.get_many([b"a", b"b"]) == {b"a": b"123456789"}


def test_a_tier_of_no_bytes_keeps_nothing() -> None:
    tier = MemoryTier(0)
    put(tier, b"a")
    assert tier.stats() == MemoryStats(0, 0, 0, 0, 0)


def test_stats_tell_what_is_held_and_what_was_asked() -> None:
    tier = tier_of(2)
    put(tier, b"a", b"b", b"c")
    tier.get_many([b"a", b"b"])
    assert tier.stats() == MemoryStats(
        entries=2, size_bytes=2 * ENTRY_BYTES, hits=1, misses=1, evictions=1
    )


def test_removing_and_clearing_are_no_evictions() -> None:
    tier = tier_of(3)
    put(tier, b"a", b"b")
    tier.remove_many([b"a"])
    tier.clear()
    assert tier.stats() == MemoryStats(0, 0, 0, 0, 0)


def test_a_smaller_bound_gives_up_the_least_recently_used_at_once() -> None:
    tier = tier_of(3)
    put(tier, b"a", b"b", b"c")
    tier.get_many([b"a"])
    tier.resize(2 * ENTRY_BYTES)
    assert tier.limit_bytes == 2 * ENTRY_BYTES
    assert tier.stats().evictions == 1
    assert held(tier) == b"ac"


def test_after_a_change_of_bound_the_order_of_use_goes_on() -> None:
    tier = tier_of(3)
    put(tier, b"a", b"b", b"c")
    tier.get_many([b"a"])
    tier.resize(4 * ENTRY_BYTES)
    tier.resize(3 * ENTRY_BYTES)
    put(tier, b"d")
    assert tier.stats().evictions == 1
    assert held(tier) == b"acd"


@pytest.mark.parametrize("payload_bytes", [0, 100, 3000])
def test_the_bound_is_about_the_memory_that_is_really_taken(payload_bytes: int) -> None:
    tier = MemoryTier(1 << 30)
    count = 5000
    tracemalloc.start()
    try:
        tier.put_many((b"%016d" % n, bytes(payload_bytes)) for n in range(count))
        taken_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.5 < taken_bytes / tier.stats().size_bytes < 1.05


def test_what_is_let_go_is_handed_over_oldest_first() -> None:
    tier = tier_of(2)
    taken: list[tuple[bytes, bytes]] = []
    tier.hand_over_to(taken.extend)
    put(tier, b"a", b"b", b"c", b"d")
    assert taken == [(b"a", b"123456789"), (b"b", b"123456789")]


def test_what_is_too_large_is_handed_over_at_once_and_is_no_eviction() -> None:
    tier = tier_of(1)
    taken: list[tuple[bytes, bytes]] = []
    tier.hand_over_to(taken.extend)
    tier.put_many([(b"a", b"1234567890")])
    assert taken == [(b"a", b"1234567890")]
    assert tier.stats().evictions == 0


def test_what_is_put_again_in_the_same_call_is_kept_and_not_handed_over() -> None:
    tier = tier_of(1)
    taken: list[tuple[bytes, bytes]] = []
    tier.hand_over_to(taken.extend)
    put(tier, b"a", b"b", b"a")
    assert [key for key, _ in taken] == [b"b"]
    tier.put_many([(b"c", bytes(1000)), (b"c", b"1")])
    assert [key for key, _ in taken] == [b"b", b"a"]


def test_what_a_smaller_bound_lets_go_is_handed_over_and_removal_is_not() -> None:
    tier = tier_of(3)
    taken: list[tuple[bytes, bytes]] = []
    tier.hand_over_to(taken.extend)
    put(tier, b"a", b"b", b"c")
    tier.resize(2 * ENTRY_BYTES)
    tier.remove_many([b"b"])
    tier.clear()
    assert [key for key, _ in taken] == [b"a"]


def test_absent_tells_what_is_not_there_and_is_no_look() -> None:
    tier = tier_of(2)
    assert tier.absent([b"a"]) == [b"a"]
    put(tier, b"a", b"b")
    assert tier.absent([b"a", b"z"]) == [b"z"]
    put(tier, b"c")
    assert held(tier) == b"bc", "being asked for does not make an entry recently used"
    assert tier.stats().misses == 2


def test_an_empty_tier_may_change_its_bound() -> None:
    tier = tier_of(1)
    tier.resize(ENTRY_BYTES)
    put(tier, b"a", b"b")
    assert held(tier) == b"b"
