"""`chunkflow cache clear`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli.conftest import Done

Cli = Callable[..., "Done"]
Save = Callable[..., Path]


@pytest.mark.parametrize("tier", [(), ("--tier", "l3"), ("--tier=all",)])
def test_it_empties_the_cache_and_says_how_much(
    cli: Cli, save: Save, project: Path, tier: tuple[str, ...]
) -> None:
    save("a.ts", "let a = 1\n")
    cli("optimize-files")
    done = cli("cache", "clear", *tier)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("removed 3 records, ")
    assert done.out.endswith(f", from {project}/.chunkflow_cache\n")
    assert json.loads(cli("cache", "stats", "--format", "json").out)["records"] == 0
    assert "1 rerun" in cli("optimize-files").out


def test_programs_read_how_much(cli: Cli, save: Save) -> None:
    save("a.ts", "let a = 1\n")
    cli("optimize-files", "--cache-dir", "here")
    cleared = json.loads(cli("cache", "clear", "--cache-dir", "here", "--format", "json").out)
    assert cleared["removed"]["records"] == 3
    again = json.loads(cli("cache", "clear", "--cache-dir", "here", "--format", "json").out)
    assert again["removed"]["records"] == 0


def test_where_there_is_no_cache_there_is_nothing_to_do(cli: Cli, project: Path) -> None:
    done = cli("cache", "clear")
    assert done == (0, f"removed 0 records, 0.0 kB, from {project}/.chunkflow_cache\n", "")
    assert not (project / ".chunkflow_cache").exists()


def test_memory_of_another_process_is_no_tier_to_name(cli: Cli) -> None:
    done = cli("cache", "clear", "--tier", "l1")
    assert done.status == 2
    assert "'l3', 'all'" in done.err


def test_cache_that_cannot_be_written_is_told(
    cli: Cli, save: Save, project: Path, permissions_count: None
) -> None:
    save("a.ts", "let a = 1\n")
    cli("optimize-files")
    folder = project / ".chunkflow_cache"
    for path in folder.iterdir():
        path.chmod(0o400)
    folder.chmod(0o500)
    done = cli("cache", "clear")
    folder.chmod(0o700)
    assert done.status == 2
    assert done.out.startswith("removed 0 records")
    assert "cannot write to the cache" in done.err
