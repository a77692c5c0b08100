"""What a command takes, as one table, from which typer's parser and the quick one are made."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

A = TypeVar("A")

TEXT, WHOLE, NUMBER, CHOICE, SWITCH = "text", "whole", "number", "choice", "switch"


class Option(NamedTuple):
    """One option of a command, or what it takes without a flag in front."""

    name: str
    """The field of the command's arguments that it fills."""
    flags: tuple[str, ...]
    """What is written in front of the value; none: the command's operands."""
    help: str
    kind: str = TEXT
    """`TEXT`, `WHOLE` (a number of 1 or more), `NUMBER` (0 or more), `CHOICE` or `SWITCH`."""
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    multiple: bool = False
    """Whether it may be given several times; its value is then a list."""


class Command(NamedTuple, Generic[A]):
    """A command of the command line. The docstring of `run` is its help."""

    name: str
    run: Callable[[A], int]
    """Does it; returns the exit status."""
    arguments: Callable[..., A]
    """The type of its arguments, a NamedTuple; what has no default there must be given."""
    options: tuple[Option, ...]

    def default(self, option: Option) -> Any:
        """The value of an option that is not given; Ellipsis where it must be."""
        defaults: dict[str, Any] = getattr(self.arguments, "_field_defaults", {})
        return defaults.get(option.name, ...)
