"""When the cache of a `ChunkFlow` is opened."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chunkflow import ChunkFlow
from chunkflow.flow.cache import Cache
from chunkflow.settings import load_settings

Save = Callable[..., Path]


@pytest.fixture
def cache(project: Path) -> Cache:
    settings = load_settings(str(project), environ={}, overrides={})
    return Cache(settings, enabled=True, warn=pytest.fail)


def test_nothing_is_opened_before_it_is_needed(cache: Cache, project: Path) -> None:
    assert cache.is_surely_empty
    assert not cache.is_open
    assert not list(project.glob("**/*.db*"))
    cache.tiers.put_many([(b"key", b"value")])
    assert cache.is_open
    assert not cache.is_surely_empty
    cache.close()


def test_directory_that_is_there_may_hold_something(cache: Cache) -> None:
    Path(cache._settings.cache_dir).mkdir(parents=True)
    assert not cache.is_surely_empty
    assert cache.tiers.is_empty
    assert cache.is_surely_empty  # now that it is open
    cache.close()


def test_closed_cache_opens_nothing(cache: Cache) -> None:
    cache.close()
    assert cache.store is None
    assert not Path(cache._settings.cache_dir).exists()
    cache.close()


def test_without_a_store_nothing_is_ever_there(project: Path) -> None:
    settings = load_settings(str(project), environ={}, overrides={})
    cache = Cache(settings, enabled=False, warn=pytest.fail)
    one = cache.open_for_run()
    one.put_many([(b"key", b"value")])
    assert cache.open_for_run().get_many([b"key"]) == {}
    assert cache.store is None
    assert cache.is_surely_empty


def test_settings_alone_open_no_cache(save: Save, project: Path) -> None:
    before = sorted(project.rglob("*"))
    with ChunkFlow() as flow:
        assert flow.settings.root == str(project)
    assert sorted(project.rglob("*")) == before


def test_one_run_alone_holds_nothing_in_memory_that_the_store_has(project: Path) -> None:
    settings = load_settings(str(project), environ={}, overrides={})
    cache = Cache(settings, enabled=True, lasting=False, warn=pytest.fail)
    tiers = cache.open_for_run(in_memory=False)
    tiers.put_many((b"%d" % number, b"value") for number in range(300))
    assert tiers.get_many([b"7"]) == {b"7": (b"value", "l3")}
    assert {hit.tier for hit in tiers.get_many([b"%d" % n for n in range(300)]).values()} == {"l3"}
    cache.close()
    alone = Cache(settings, enabled=False, lasting=False, warn=pytest.fail).open_for_run()
    alone.put_many([(b"key", b"value")])
    assert alone.get_many([b"key"]) == {b"key": (b"value", "l1")}


def test_store_of_a_first_run_is_opened_by_its_first_result(project: Path) -> None:
    settings = load_settings(str(project), environ={}, overrides={})
    cache = Cache(settings, enabled=True, lasting=False, warn=pytest.fail)
    tiers = cache.open_for_run(in_memory=False)
    assert tiers.is_empty
    assert tiers.get_many([b"key"]) == {}
    assert not Path(cache._settings.cache_dir).exists()
    tiers.put_many([(b"key", b"value")])
    assert tiers.get_many([b"key"]) == {b"key": (b"value", "l3")}
    cache.close()
    again = Cache(settings, enabled=True, lasting=False, warn=pytest.fail)
    assert again.open_for_run(in_memory=False).get_many([b"key"]) == {b"key": (b"value", "l3")}
    again.close()


def test_results_that_were_dear_are_held_in_memory_too(project: Path) -> None:
    settings = load_settings(str(project), environ={}, overrides={})
    cache = Cache(settings, enabled=True, lasting=False, warn=pytest.fail)
    tiers = cache.open_for_run(in_memory=True)
    tiers.put_many([(b"key", b"value")])
    assert tiers.get_many([b"key"]) == {b"key": (b"value", "l1")}
    cache.close()
