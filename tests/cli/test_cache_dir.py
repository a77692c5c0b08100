"""`chunkflow cache dir`, and what all commands about the cache have in common."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chunkflow.cli.commands import COMMANDS

if TYPE_CHECKING:
    from cli.conftest import Done

Cli = Callable[..., "Done"]
Save = Callable[..., Path]


def test_it_prints_the_directory_and_nothing_else(cli: Cli, project: Path) -> None:
    done = cli("cache", "dir")
    assert done == (0, f"{project}/.chunkflow_cache\n", "")
    assert not (project / ".chunkflow_cache").exists()


def test_programs_read_it_as_json(cli: Cli, project: Path) -> None:
    told = json.loads(cli("cache", "dir", "--format", "json").out)
    assert told == {"version": 1, "directory": f"{project}/.chunkflow_cache"}


def test_flag_and_settings_decide(cli: Cli, project: Path, save: Save) -> None:
    save("other.toml", '[cache]\ndir = "in/here"\n')
    assert cli("cache", "dir", "--config", "other.toml").out == f"{project}/in/here\n"
    assert cli("cache", "dir", "--cache-dir", "there").out == f"{project}/there\n"


def test_wrong_settings_are_told(cli: Cli, save: Save) -> None:
    save("chunkflow.toml", "nothing = 1\n")
    done = cli("cache", "dir")
    assert (done.status, done.out) == (2, "")
    assert 'unknown setting "nothing"' in done.err


@pytest.mark.parametrize("name", [name for name in COMMANDS if name.startswith("cache ")])
def test_every_command_has_help_with_an_example(cli: Cli, name: str) -> None:
    done = cli(*name.split(), "--help")
    assert done.status == 0
    assert f"Usage: chunkflow {name} " in done.out
    assert "Example: " in done.out
    assert "--format" in done.out


def test_group_alone_shows_its_commands(cli: Cli) -> None:
    out = cli("cache", "--help").out
    assert all(word in out for word in ("dir", "stats", "clear", "gc", "verify", "warm"))


def test_unknown_command_of_the_group_is_told(cli: Cli) -> None:
    done = cli("cache", "statistics")
    assert done.status == 2
    assert "No such command 'statistics'" in done.err
