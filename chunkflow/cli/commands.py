"""The table of commands."""

import os
from importlib import import_module
from typing import Any, TypeVar

from chunkflow.cli.options import Command
from chunkflow.errors import UsageError

# By name: a run imports the one that it is.
COMMANDS = {
    "optimize-files": "chunkflow.cli.optimize_files",
    "chunks": "chunkflow.cli.chunks",
}
"""Name → the module that has it as `COMMAND`."""

A = TypeVar("A")


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
