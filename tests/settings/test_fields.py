import os
import pickle
from pathlib import Path

import pytest

from chunkflow.settings import Settings


def test_jobs_are_the_cpus_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 7}, raising=False)
    assert Settings("/p").jobs == 3


def test_jobs_are_all_cpus_where_the_system_tells_no_affinity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert Settings("/p").jobs == 6


def test_jobs_are_what_was_set() -> None:
    assert Settings("/p", parallel_operations=5).jobs == 5


def test_cache_is_in_the_project_unless_told_otherwise() -> None:
    assert Settings("/p").cache_dir == "/p/.chunkflow_cache"


def test_cache_of_the_user_is_in_the_users_cache_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    settings = Settings("/p")
    settings = settings._replace(cache=settings.cache._replace(location="user"))
    assert settings.cache_dir.startswith(str(tmp_path))
    assert os.path.basename(settings.cache_dir) == "chunkflow"


def test_settings_survive_the_way_to_another_process() -> None:
    settings = Settings("/p", processor_settings={"metrics": {"limit": 3}})
    assert pickle.loads(pickle.dumps(settings)) == settings
