import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chunkflow.errors import SettingsError
from chunkflow.settings import Settings, load_settings

Load = Callable[..., Settings]


@pytest.fixture
def load(project: Path) -> Load:
    """Writes `text` to chunkflow.toml, if given, and loads the settings of the project."""

    def load(
        text: str | None = None,
        *,
        start: str | os.PathLike[str] = ".",
        file: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        **overrides: Any,
    ) -> Settings:
        if text is not None:
            (project / "chunkflow.toml").write_text(text, encoding="utf-8")
        return load_settings(start, file=file, environ=environ or {}, overrides=overrides)

    return load


def test_defaults_stand_where_nothing_else_is_said(load: Load, project: Path) -> None:
    settings = load()
    assert settings.processors == ("metrics",)
    assert settings.suites == ("describe", "suite", "context", "test.describe")
    assert settings.parallel_operations is None
    assert settings.fail_on == "error"
    assert settings.streaming_threshold_bytes == 5 * 10**6
    assert settings.cache_dir == str(project / ".chunkflow_cache")
    assert set(settings.origin.values()) == {"default"}


def test_each_layer_goes_before_the_one_below(load: Load) -> None:
    text = 'timeout = 1\nparallel_operations = 1\n[cache]\nsize = "1MB"\n'
    environ = {"CHUNKFLOW_PARALLEL_OPS": "2", "CHUNKFLOW_CACHE_SIZE": "2MB"}
    settings = load(text, environ=environ, parallel_operations=3)
    assert settings.timeout == 1
    assert settings.cache.size == 2_000_000
    assert settings.parallel_operations == 3
    named = ("fail_on", "timeout", "cache.size", "parallel_operations")
    assert [settings.origin[name] for name in named] == [
        "default",
        "chunkflow.toml:1",
        "CHUNKFLOW_CACHE_SIZE",
        "call",
    ]


def test_flag_that_was_not_given_changes_nothing(load: Load) -> None:
    overrides: dict[str, Any] = {"timeout": None, "cache.dir": None, "cache": {"size": None}}
    assert load("timeout = 1\n", **overrides) == load("timeout = 1\n")


def test_limit_of_the_file_is_lifted_by_a_zero(load: Load) -> None:
    assert load("timeout = 1\n", timeout=0).timeout is None


def test_call_names_settings_by_dots_or_tables(load: Load) -> None:
    overrides: dict[str, Any] = {"cache.size": 1, "cache": {"ttl_s": 2}, "cache.l3": "diskcache"}
    settings = load(**overrides)
    assert (settings.cache.size, settings.cache.ttl_s, settings.cache.l3) == (1, 2, "diskcache")


def test_wrong_call_is_refused_without_a_place(load: Load) -> None:
    with pytest.raises(SettingsError, match=r'^"cache" must be a table, not 3$'):
        load(cache=3)


def test_what_runs_is_a_list_of_processors(load: Load) -> None:
    assert load('processors = ["document"]\n').processors == ("document",)


def test_processors_settings_leave_the_default_list(load: Load) -> None:
    settings = load("[processors.document]\nstyle = 'short'\n")
    assert settings.processors == ("metrics",)
    assert settings.processor_settings == {"document": {"style": "short"}}
    assert settings.origin["processors.document.style"] == "chunkflow.toml:2"


def test_list_stands_beside_processors_settings_as_enabled(load: Load) -> None:
    text = '[processors]\nenabled = ["metrics", "a.b:c"]\n[processors."a.b:c"]\nlimit = [1]\n'
    settings = load(text)
    assert settings.processors == ("metrics", "a.b:c")
    assert settings.processor_settings == {"a.b:c": {"limit": [1]}}
    assert settings.origin["processors"] == "chunkflow.toml:2"


def test_processors_settings_are_merged_one_by_one(load: Load) -> None:
    text = "[processors.metrics]\nmost_lines = 1\nmost_branches = 2\n"
    settings = load(text, **{"processors.metrics": {"most_lines": 9, "note": None}})
    assert settings.processor_settings == {
        "metrics": {"most_lines": 9, "most_branches": 2, "note": None}
    }


def test_processor_setting_outside_its_table_is_refused(load: Load) -> None:
    message = r'^chunkflow\.toml:2: "processors.metrics" must be a table, not true$'
    with pytest.raises(SettingsError, match=message):
        load("[processors]\nmetrics = true\n")


def test_section_that_is_no_table_is_refused(load: Load) -> None:
    with pytest.raises(SettingsError, match=r'^chunkflow\.toml:1: "cache" must be a table'):
        load("cache = 3\n")


def test_cache_directory_in_a_file_counts_from_the_root(load: Load, project: Path) -> None:
    (project / "inner").mkdir()
    settings = load('[cache]\ndir = "build/cache"\n', start="inner")
    assert settings.cache_dir == str(project / "build" / "cache")


@pytest.mark.parametrize("path", ["..", "../cache", "/var/cache/x", ".", "a/../..", "link/x"])
def test_file_cannot_put_the_cache_outside_the_project(
    load: Load, project: Path, path: str
) -> None:
    (project / "link").symlink_to("/var")
    with pytest.raises(SettingsError) as caught:
        load(f'[cache]\ndir = "{path}"\n')
    assert str(caught.value) == (
        f'chunkflow.toml:2: "cache.dir" must be a directory inside the project {project}, not'
        f' "{path}"; for another place use CHUNKFLOW_CACHE_DIR or --cache-dir'
    )


def test_caller_may_put_the_cache_anywhere(load: Load, project: Path) -> None:
    settings = load('[cache]\ndir = "a"\n', **{"cache.dir": "../b"})
    assert settings.cache_dir == str(project.parent / "b")
