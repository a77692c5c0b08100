from pathlib import Path
from typing import Any

import pytest

from chunkflow.errors import SettingsError
from chunkflow.settings import load_settings


def loaded(name: str, value: object) -> Any:
    settings: Any = load_settings("/", file=None, environ={}, overrides={name: value})
    for part in name.split("."):
        settings = getattr(settings, part)
    return settings


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (100, 100),
        ("100", 100),
        ("100 B", 100),
        ("100MB", 100_000_000),
        ("64 KiB", 65_536),
        ("64kb", 64_000),
        ("1.5 GB", 1_500_000_000),
        ("0.5KiB", 512),
        ("2G", 2_000_000_000),
        ("  1 TiB ", 1024**4),
        ("9007199254740993", 9_007_199_254_740_993),
    ],
)
def test_size_is_bytes_or_a_number_with_a_unit(text: object, size: int) -> None:
    assert loaded("cache.size", text) == loaded("memory_limit", text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MB",
        "1.MBx",
        "-1MB",
        "1e3",
        "many",
        "1 MB MB",
        ".5MB",
        "\u0663MB",
        "9" * 30,
        "0.1B",
        0,
        1.5,
        True,
        2**63,
        [1],
    ],
)
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(SettingsError, match=r'"cache.size" must be a size such as 100000, "100MB"'):
        loaded("cache.size", text)


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("timeout", 3, 3.0),
        ("timeout", 0.5, 0.5),
        ("timeout", 0, None),
        ("cache.ttl_s", 60, 60.0),
        ("parallel_operations", 8, 8),
        ("max_chunk_bytes", "4 KiB", 4096),
        ("fail_on", "warning", "warning"),
        ("cache.l3", "diskcache", "diskcache"),
        ("include", ["src/**"], ("src/**",)),
        ("processors", ("metrics", "document", "metrics"), ("metrics", "document")),
        ("suites", [], ()),
    ],
)
def test_right_value_is_taken(name: str, value: object, result: object) -> None:
    assert loaded(name, value) == result


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("timeout", -1, "a number of seconds, or 0 for no limit, not -1"),
        ("timeout", "10", 'a number of seconds, or 0 for no limit, not "10"'),
        ("timeout", True, "a number of seconds, or 0 for no limit, not true"),
        ("timeout", float("nan"), "a number of seconds, or 0 for no limit, not nan"),
        ("timeout", float("inf"), "a number of seconds, or 0 for no limit, not inf"),
        ("cache.ttl_s", 0, "a number of seconds above 0, not 0"),
        ("cache.ttl_s", {}, "a number of seconds above 0, not a table"),
        ("parallel_operations", 0, "a whole number of at least 1, not 0"),
        ("parallel_operations", 2.5, "a whole number of at least 1, not 2.5"),
        ("fail_on", "warn", 'one of "error", "warning", "never", not "warn"'),
        ("fail_on", ["error"], 'one of "error", "warning", "never", not ["error"]'),
        ("include", "src", 'a list of strings, not "src"'),
        ("include", [1, 2, 3, 4], "a list of strings that are not empty, not [1, 2, 3, …]"),
        ("exclude", ["a", ""], 'a list of strings that are not empty, not ["a", ""]'),
        ("cache.dir", "", 'the path of a directory, not ""'),
        ("cache.dir", 3, "the path of a directory, not 3"),
        ("cache.dir", b"x", "the path of a directory, not a bytes"),
        ("fail_on", "x" * 99, f'one of "error", "warning", "never", not "{"x" * 60}…"'),
    ],
)
def test_wrong_value_is_refused_with_what_it_must_be(
    name: str, value: object, message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(name, value)
    assert str(caught.value) == f'"{name}" must be {message}'


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("paralel_operations", "parallel_operations"),
        ("processor", "processors"),
        ("size", "cache.size"),
        ("cache.timeout", "timeout"),
        ("cache.sise", "cache.size"),
        ("enabled", "processors.enabled"),
        ("cach", "cache"),
        ("processors.enable", "processors.enabled"),
    ],
)
def test_unknown_name_is_refused_with_the_nearest_right_one(name: str, meant: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(name, "x")
    assert str(caught.value) == f'unknown setting "{name}"; did you mean "{meant}"?'


def test_name_that_is_near_to_nothing_is_refused_without_advice() -> None:
    with pytest.raises(SettingsError) as caught:
        loaded("zzz", 1)
    assert str(caught.value) == 'unknown setting "zzz"'


def test_directory_may_be_a_path_object(tmp_path: Path) -> None:
    assert loaded("cache.dir", tmp_path / "c") == str(tmp_path / "c")
