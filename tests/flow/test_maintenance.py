"""The cache of a project, as a program looks after it; the commands are tested in tests/cli."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chunkflow import ChunkFlow
from chunkflow.cache.database import open_store
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.errors import CacheError
from chunkflow.flow.maintenance import build_empty_stats, cache_stats, collect_garbage
from chunkflow.settings import load_settings

Save = Callable[..., Path]


def test_stats_and_garbage_of_a_project(save: Save, project: Path) -> None:
    save("a.ts", "let a = 1\n")
    save("b.ts", "let b = 1\n")
    with ChunkFlow() as flow:
        flow.optimize_files()
        before = flow.cache_stats()
        (project / "b.ts").unlink()
        collected = flow.collect_garbage()
        assert (before.records, before.directory) == (4, f"{project}/.chunkflow_cache")
        assert collected.files_forgotten == 1
        assert collected.after.records == 4
        flow.clear_caches()
        assert flow.cache_stats()[:4] == build_empty_stats(flow.settings)[:4]


def test_records_of_no_known_kind_are_counted_as_others(project: Path) -> None:
    with ChunkFlow() as flow:
        flow.optimize_files()
    store = open_store(flow.settings.cache_dir, limit_bytes=1 << 30, warn=pytest.fail)
    store.put_many([(b"q1", b"1"), (b"z1", b"22")])
    others = cache_stats(flow.settings, store).kinds["others"]
    store.close()
    assert (others.records, others.size_bytes) == (2, 7)


def test_project_without_a_cache_has_none_to_look_at() -> None:
    with ChunkFlow(cache=False) as flow:
        for look in (flow.cache_stats, flow.collect_garbage, flow.verify_cache):
            with pytest.raises(CacheError, match="cache"):
                look()


def test_files_of_a_folder_that_is_gone_are_not_looked_for(save: Save, project: Path) -> None:
    save("in/a.ts", "let a = 1\n")
    save("here/.git/x/b.ts", "let b = 1\n")
    with ChunkFlow() as flow:
        flow.optimize_files(["in", "here/.git/x/b.ts"])
        for name in ("in/a.ts", "here/.git/x/b.ts"):
            (project / name).unlink()
        (project / "in").rmdir()
        assert flow.collect_garbage().files_forgotten == 0


def test_without_a_store_there_is_no_garbage(project: Path) -> None:
    settings = load_settings(str(project), environ={}, overrides={})
    tiers = Tiers(MemoryTier(1 << 20), None, warn=pytest.fail)
    with pytest.raises(CacheError, match="cannot read the cache in"):
        collect_garbage(settings, None, tiers)


def test_store_that_cannot_be_read_is_told() -> None:
    with ChunkFlow() as flow:
        flow.close()
        with pytest.raises(CacheError, match="is it there, and yours"):
            flow.cache_stats()
