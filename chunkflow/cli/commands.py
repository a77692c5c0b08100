"""The table of commands."""

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any, TypeVar

from chunkflow.cli.options import Command
from chunkflow.errors import UsageError

# By name: a run imports the one that it is.
COMMANDS = {
    "optimize-files": "chunkflow.cli.optimize_files",
    "chunks": "chunkflow.cli.chunks",
    "cache dir": "chunkflow.cli.cache_dir",
    "cache stats": "chunkflow.cli.cache_stats",
    "cache clear": "chunkflow.cli.cache_clear",
    "cache gc": "chunkflow.cli.cache_gc",
    "cache verify": "chunkflow.cli.cache_verify",
    "cache warm": "chunkflow.cli.cache_warm",
}
"""Name → the module that has it as `COMMAND`. One of two words is a command of a group."""

GROUPS = {"cache": "Look at the cache, and look after it."}
"""Name → its help."""

A = TypeVar("A")


def name_in(words: Sequence[str]) -> str | None:
    """The name of the command that a command line begins with; None where it is none."""
    count = 2 if words and words[0] in GROUPS else 1
    name = " ".join(words[:count])
    return name if name in COMMANDS else None


def command_of(name: str) -> Command[Any]:
    """The command of that name, which must be in `COMMANDS`."""
    command: Command[Any] = import_module(COMMANDS[name]).COMMAND
    return command


def perform(command: Command[A], arguments: A) -> int:
    """Run a command; returns the exit status.

    Raises:
        UsageError: the current directory is gone; and whatever else the command raises.
    """
    try:
        os.getcwd()
    except OSError as exc:
        raise UsageError("the current directory is gone; change to one that exists") from exc
    return command.run(arguments)
