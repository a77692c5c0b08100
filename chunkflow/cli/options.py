"""The table of a command's options, from which typer's parser and the quick one are made."""

from collections.abc import Callable
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
