"""A project whose runs the tests can steer."""

from pathlib import Path

import pytest
from runs import Runner

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers


@pytest.fixture
def memory() -> MemoryTier:
    """What `tiers` keep everything in."""
    return MemoryTier(64 << 20)


@pytest.fixture
def tiers(memory: MemoryTier) -> Tiers:
    """A cache in memory."""
    return Tiers(memory, None, warn=lambda _: None)


@pytest.fixture
def runner(project: Path, tiers: Tiers) -> Runner:
    return Runner(project, tiers)
