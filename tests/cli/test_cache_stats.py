"""`chunkflow cache stats`."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cli.conftest import Done

Cli = Callable[..., "Done"]
Save = Callable[..., Path]
Rules = Callable[[str], Path]


@pytest.fixture
def stats(cli: Cli) -> Callable[..., dict[str, Any]]:
    def read(*arguments: str) -> dict[str, Any]:
        done = cli("cache", "stats", "--format", "json", *arguments)
        assert (done.status, done.err) == (0, "")
        told: dict[str, Any] = json.loads(done.out)
        return told

    return read


def test_kinds_of_records_are_counted(
    cli: Cli, save: Save, rules: Rules, stats: Callable[..., dict[str, Any]]
) -> None:
    save("a.ts", "let a = 1\nlet b = 2\n")
    save("in/b.ts", "let c = 3\n")
    rules("def size(chunk): return len(chunk.text)\n")
    cli("optimize-files", "--processor", "rules:size", "--processor", "metrics")
    told = stats()
    kinds = {name: kind["records"] for name, kind in told["kinds"].items()}
    assert kinds == {"files": 4, "chunks": 3, "manifests": 2, "facts": 2}
    assert told["records"] == 11
    assert all(kind["size_bytes"] > 20 for kind in told["kinds"].values())
    assert 0 < told["size_bytes"] < told["limit_bytes"] == 1_000_000_000


def test_place_store_and_use_are_told(
    cli: Cli, save: Save, project: Path, stats: Callable[..., dict[str, Any]]
) -> None:
    save("a.ts", "let a = 1\n")
    save("chunkflow.toml", '[cache]\nl3 = "diskcache"\nsize = "5 MB"\n')
    cli("optimize-files")
    told = stats()
    assert (told["version"], told["store"], told["format"]) == (1, "diskcache", 2)
    assert told["directory"] == f"{project}/.chunkflow_cache"
    assert told["limit_bytes"] == 5_000_000
    written_s = os.stat(project / "a.ts").st_mtime
    assert written_s - 1 <= told["oldest_use_s"] <= told["newest_use_s"]


def test_cache_that_does_not_exist_is_empty_and_not_made(
    project: Path, stats: Callable[..., dict[str, Any]]
) -> None:
    told = stats()
    assert (told["records"], told["size_bytes"], told["oldest_use_s"]) == (0, 0, None)
    assert sorted(told["kinds"]) == ["chunks", "facts", "files", "manifests"]
    assert not (project / ".chunkflow_cache").exists()


def test_people_read_a_table(cli: Cli, save: Save, project: Path) -> None:
    save("a.ts", "let a = 1\n")
    cli("optimize-files")
    out = cli("cache", "stats").out
    assert f"directory    {project}/.chunkflow_cache\nstore        sqlite, format 2\n" in out
    assert "records      3\n  files      1 (" in out


def test_cache_that_cannot_be_used_is_told(cli: Cli, save: Save, project: Path) -> None:
    folder = project / "shared"
    folder.mkdir()
    (folder / "other").write_text("")
    folder.chmod(0o777)
    done = cli("cache", "stats", "--cache-dir", "shared")
    assert (done.status, done.out) == (2, "")
    assert "every user can write to it" in done.err
    assert f"cannot read the cache in {folder}" in done.err
