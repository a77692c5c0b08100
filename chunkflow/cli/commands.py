"""The table of commands and their options, which typer's parser and the quick one share."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Generic, NamedTuple, TypeVar

A = TypeVar("A")

TEXT, WHOLE, NUMBER, CHOICE, SWITCH = "text", "whole", "number", "choice", "switch"


class Option(NamedTuple):
    """An option of a command, or its operands."""

    name: str
    """The field of the command's arguments that it sets."""
    flags: tuple[str, ...]
    """What precedes the value; empty for the command's operands."""
    help: str
    kind: str = TEXT
    """`TEXT`, `WHOLE` (a number from 1), `NUMBER` (from 0), `CHOICE` or `SWITCH`."""
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    multiple: bool = False
    """Whether it can be given several times; its value is then a list."""


class Command(NamedTuple, Generic[A]):
    """A command. The docstring of `run` is its help."""

    name: str
    run: Callable[[A], int]
    """Runs the command; returns the exit status."""
    arguments: Callable[..., A]
    """The type of its arguments, a NamedTuple; a field without a default is required."""
    options: tuple[Option, ...]

    def default(self, option: Option) -> Any:
        """The value of an option that is not given; Ellipsis if it is required."""
        defaults: dict[str, Any] = getattr(self.arguments, "_field_defaults", {})
        return defaults.get(option.name, ...)


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
