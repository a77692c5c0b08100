"""What every tier and every store promises, whatever it is made of: one suite for all of them."""

import shutil
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from effort import count_examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chunkflow.cache.database import DatabaseStore, open_store
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.store import AdminStore


class Tier(Protocol):
    def get_many(self, keys: Collection[bytes]) -> dict[bytes, bytes]: ...

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> object: ...

    def remove_many(self, keys: Iterable[bytes]) -> None: ...

    def clear(self) -> None: ...


LIMIT_BYTES = 4 << 20


def complain(message: str) -> None:
    raise AssertionError(message)


def memory(_directory: Path) -> Tier:
    return MemoryTier(LIMIT_BYTES)


def expiring(_directory: Path) -> Tier:
    return MemoryTier(LIMIT_BYTES, ttl_s=1e9)


class DayClock:
    """A clock that stands until it is moved."""

    day = 20_000.0

    def __call__(self) -> float:
        return self.day * 86_400


clock = DayClock()


def store(directory: Path, l3: str) -> AdminStore:
    return open_store(directory, l3=l3, limit_bytes=LIMIT_BYTES, warn=complain, clock=clock)


def sqlite(directory: Path) -> Tier:
    return store(directory, "sqlite")


def diskcache(directory: Path) -> Tier:
    return store(directory, "diskcache")


# A new tier or store is one more here.
MAKERS = [memory, expiring, sqlite, diskcache]


def close(tier: Tier) -> None:
    if isinstance(tier, DatabaseStore):
        tier.close()


@pytest.fixture(params=MAKERS)
def tier(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tier]:
    made = request.param(tmp_path / "cache")
    yield made
    close(made)


def test_what_was_put_is_found(tier: Tier) -> None:
    tier.put_many([(b"a", b"1"), (b"b", b"")])
    assert tier.get_many([b"a", b"b"]) == {b"a": b"1", b"b": b""}


def test_what_is_missing_is_left_out(tier: Tier) -> None:
    tier.put_many([(b"a", b"1")])
    assert tier.get_many([b"a", b"z"]) == {b"a": b"1"}
    assert tier.get_many([]) == {}


def test_a_later_value_replaces_the_earlier_one(tier: Tier) -> None:
    tier.put_many([(b"a", b"1")])
    tier.put_many([(b"a", b"2"), (b"a", b"3")])
    assert tier.get_many([b"a"]) == {b"a": b"3"}


def test_items_may_come_from_a_generator(tier: Tier) -> None:
    tier.put_many((b"%d" % n, bytes(n)) for n in range(3000))
    found = tier.get_many([b"%d" % n for n in range(2000, 3000)])
    assert len(tier.get_many([b"2999"])[b"2999"]) == 2999
    assert len(found) > 900


def test_keys_and_values_are_any_bytes(tier: Tier) -> None:
    items = [(b"", b"empty key"), (bytes(range(256)), b"\x00\xff\xfe"), (b"a\x00b", b"nul")]
    tier.put_many(items)
    assert tier.get_many([key for key, _ in items]) == dict(items)


def test_what_is_removed_is_gone_and_the_rest_stays(tier: Tier) -> None:
    tier.put_many([(b"a", b"1"), (b"b", b"2")])
    tier.remove_many([b"a", b"never there"])
    assert tier.get_many([b"a", b"b"]) == {b"b": b"2"}


def test_clear_forgets_everything_and_goes_on(tier: Tier) -> None:
    tier.put_many([(b"a", b"1")])
    tier.clear()
    assert tier.get_many([b"a"]) == {}
    tier.put_many([(b"a", b"2")])
    assert tier.get_many([b"a"]) == {b"a": b"2"}


def test_an_item_larger_than_the_bound_is_not_kept_nor_what_it_replaces(tier: Tier) -> None:
    tier.put_many([(b"a", b"1"), (b"b", b"2")])
    tier.put_many([(b"a", bytes(LIMIT_BYTES + 1))])
    assert tier.get_many([b"a", b"b"]) == {b"b": b"2"}


def test_the_bound_holds_whatever_is_put(tier: Tier) -> None:
    for start in range(0, 400, 10):
        tier.put_many((b"%d" % n, bytes(30_000)) for n in range(start, start + 10))
        assert tier.get_many([b"%d" % (start + 9)]), "the newest is kept"
    held = tier.get_many([b"%d" % n for n in range(400)])
    assert LIMIT_BYTES // 2 < sum(map(len, held.values())) < LIMIT_BYTES


def test_threads_may_share_it(tier: Tier) -> None:
    wrong = []

    def work(name: int) -> None:
        for n in range(50):
            key = b"%d %d" % (name, n)
            tier.put_many([(key, key * 10)])
            if tier.get_many([key]) != {key: key * 10}:
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(tier.get_many([b"%d %d" % (name, n) for name in range(6) for n in range(50)])) == 300


keys = st.binary(max_size=2)
values = st.binary(max_size=50)


class AsADict(RuleBasedStateMachine):
    """Any history of calls leaves a tier with what a plain dict would hold."""

    maker: Callable[[Path], Tier]

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.tier = type(self).maker(self.directory)
        self.model: dict[bytes, bytes] = {}
        self.long_unused: set[bytes] = set()

    @rule(items=st.lists(st.tuples(keys, values)))
    def put(self, items: list[tuple[bytes, bytes]]) -> None:
        self.tier.put_many(items)
        self.model.update(items)
        self.long_unused -= {key for key, _ in items}

    @rule(wanted=st.sets(keys))
    def get(self, wanted: set[bytes]) -> None:
        expected = {key: self.model[key] for key in wanted if key in self.model}
        assert self.tier.get_many(wanted) == expected
        self.long_unused -= wanted

    @rule(unwanted=st.lists(keys))
    def remove(self, unwanted: list[bytes]) -> None:
        self.tier.remove_many(unwanted)
        for key in unwanted:
            self.model.pop(key, None)

    @rule()
    def clear(self) -> None:
        self.tier.clear()
        self.model.clear()

    @precondition(lambda self: isinstance(self.tier, DatabaseStore))
    @rule()
    def reopen(self) -> None:
        close(self.tier)
        self.tier = type(self).maker(self.directory)
        for key in self.long_unused:
            self.model.pop(key, None)

    @precondition(lambda self: isinstance(self.tier, DatabaseStore))
    @rule(days=st.sampled_from([0.4, 40.0]))
    def wait(self, days: float) -> None:
        clock.day += days
        if days > 30:
            self.long_unused = set(self.model)

    @precondition(lambda self: isinstance(self.tier, MemoryTier))
    @rule(wanted=st.sets(keys))
    def take(self, wanted: set[bytes]) -> None:
        assert isinstance(self.tier, MemoryTier)
        expected = {key: self.model.pop(key) for key in wanted if key in self.model}
        assert self.tier.take_many(wanted) == expected

    def teardown(self) -> None:
        assert self.tier.get_many(list(self.model)) == self.model
        close(self.tier)
        shutil.rmtree(self.directory)


@pytest.mark.hypothesis
@pytest.mark.parametrize("maker", MAKERS)
def test_any_history_leaves_what_a_dict_would_hold(maker: Callable[[Path], Tier]) -> None:
    machine = type("Machine", (AsADict,), {"maker": staticmethod(maker)})
    limits = settings(max_examples=count_examples(40), stateful_step_count=25, deadline=None)
    run_state_machine_as_test(machine, settings=limits)
