"""The table of commands."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from chunkflow.cli.options import Command

# By dotted name: a run imports only its own command.
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
"""Name → the module whose `COMMAND` it is. A name of two words is a command of a group."""

GROUPS = {"cache": "Inspect and maintain the cache."}
"""Name → its help."""


def find_command(words: Sequence[str]) -> str | None:
    """The name of the command that a command line begins with; None if it begins with none."""
    count = 2 if words and words[0] in GROUPS else 1
    name = " ".join(words[:count])
    return name if name in COMMANDS else None


def load_command(name: str) -> Command[Any]:
    """Import the command of a name in `COMMANDS`."""
    command: Command[Any] = import_module(COMMANDS[name]).COMMAND
    return command
