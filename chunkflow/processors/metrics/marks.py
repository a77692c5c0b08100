"""Marks: the places in a file that count for a figure, as byte offsets."""

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node


class FoundFunction(NamedTuple):
    """A function as found in the syntax tree; byte offsets, ends exclusive."""

    inner_start: int
    """Where its own code begins: after a method's name, which may be computed outside of it."""
    order: int
    """Minus `end`: with it and what comes after it, functions sort outermost first."""
    nests: bool
    """False for a field's initialiser, which may be a function as a whole and is no level."""
    start: int
    end: int
    kind: str
    name: str | None
    parameters: int
    node: "Node"
    """The function; of a field's initialiser the field."""


_IN_ORDER = itemgetter(0, 1, 2)


class OutsideName(NamedTuple):
    """A name that a function gets from the code around it; byte offsets."""

    start: int
    end: int
    is_key: bool


class Marks:
    """All that a search of the syntax trees finds, as byte offsets; sorted once complete."""

    def __init__(self) -> None:
        self.functions: list[FoundFunction] = []
        self.names: list[OutsideName] = []
        self.comments: list[tuple[int, int]] = []
        self.decorators: list[tuple[int, int]] = []
        self.branches: list[int] = []
        """What adds to cyclomatic complexity."""
        self.nesting_branches: list[int] = []
        """What adds to cognitive complexity, more the deeper it stands."""
        self.flat_branches: list[int] = []
        """What adds one to cognitive complexity: `else`, jumps, runs of `&&` or `||`."""
        self.level_starts: list[int] = []
        self.level_ends: list[int] = []
        """Bounds of what stands one level deeper for cognitive complexity."""
        self.statements: list[int] = []
        """Control statements, as `nesting` counts them."""
        self.block_starts: list[int] = []
        self.block_ends: list[int] = []
        """Bounds of what stands one level deeper for `nesting`."""

    def sort(self) -> None:
        """Put each list in order; they are read by bisection."""
        self.functions.sort(key=_IN_ORDER)
        for places in vars(self).values():
            if places is not self.functions:
                places.sort()
