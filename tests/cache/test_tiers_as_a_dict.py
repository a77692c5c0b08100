"""All three tiers together, against a plain dict and a clock moved by hand."""

import shutil
import tempfile
from pathlib import Path

import pytest
from effort import count_examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from chunkflow.cache.database import open_store
from chunkflow.cache.memory import ENTRY_OVERHEAD_BYTES, MemoryTier
from chunkflow.cache.tiers import Tiers

TTL_S = 60.0
SMALL_BYTES = 1 + 1 + ENTRY_OVERHEAD_BYTES
"""What an entry with a key and a payload of a byte each takes in L1."""


class Timer:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def complain(message: str) -> None:
    raise AssertionError(message)


class AsADict(RuleBasedStateMachine):
    """Any history of calls finds what a plain dict would hold, and in one place of memory."""

    keys = st.sampled_from([bytes((97 + n,)) for n in range(6)])

    def __init__(self) -> None:
        super().__init__()
        self.timer = Timer()
        self.l1 = MemoryTier(2 * SMALL_BYTES)
        self.l2 = MemoryTier(3 * SMALL_BYTES, ttl_s=TTL_S, timer=self.timer)
        self.directory = Path(tempfile.mkdtemp())
        store = open_store(self.directory, limit_bytes=64 << 20, warn=complain)
        self.tiers = Tiers(self.l1, store, warn=complain, l2=self.l2)
        self.model: dict[bytes, bytes] = {}

    @rule(items=st.lists(st.tuples(keys, st.binary(max_size=2 * SMALL_BYTES)), max_size=5))
    def put(self, items: list[tuple[bytes, bytes]]) -> None:
        self.tiers.put_many(items)
        self.model.update(items)

    @rule(wanted=st.sets(keys))
    def get(self, wanted: set[bytes]) -> None:
        in_l1 = wanted - set(self.l1.find_absent(wanted))
        in_l2 = wanted - in_l1 - set(self.l2.find_absent(wanted))
        found = self.tiers.get_many(wanted)
        assert {key: hit.payload for key, hit in found.items()} == {
            key: self.model[key] for key in wanted if key in self.model
        }
        assert {key for key, hit in found.items() if hit.tier == "l1"} == in_l1
        assert {key for key, hit in found.items() if hit.tier == "l2"} == in_l2

    @rule(wanted=st.lists(keys))
    def prefetch(self, wanted: list[bytes]) -> None:
        fresh = set(self.l2.find_absent(self.l1.find_absent(wanted)))
        assert self.tiers.prefetch(wanted) == len(fresh & self.model.keys())

    @rule(seconds=st.sampled_from([1.0, 30.0, TTL_S]))
    def wait(self, seconds: float) -> None:
        self.timer.now_s += seconds

    @rule(tier=st.sampled_from(["l1", "l2"]))
    def clear_memory(self, tier: str) -> None:
        self.tiers.clear(tier)

    @rule()
    def clear_all(self) -> None:
        self.tiers.clear()
        self.model.clear()

    def teardown(self) -> None:
        self.get(set(self.model))
        self.tiers.close()
        shutil.rmtree(self.directory)

    @invariant()
    def no_key_is_in_both(self) -> None:
        in_l1 = self.model.keys() - set(self.l1.find_absent(self.model))
        in_l2 = self.model.keys() - set(self.l2.find_absent(self.model))
        assert not in_l1 & in_l2

    @invariant()
    def the_bounds_hold(self) -> None:
        assert len(self.l1) <= 2
        assert len(self.l2) <= 3


@pytest.mark.hypothesis
def test_any_history_finds_what_a_dict_would_hold() -> None:
    limits = settings(max_examples=count_examples(40), stateful_step_count=30, deadline=None)
    run_state_machine_as_test(AsADict, settings=limits)
