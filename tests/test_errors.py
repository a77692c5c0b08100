"""Every error has its place in the tree, and survives the way to another process."""

import pickle
import re

import pytest

from chunkflow import errors
from chunkflow.errors import ChunkflowError, describe_os_error

DRAWN = re.compile(r"^ {4}(?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)", re.MULTILINE)
CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, Exception)
}


def drawn_tree() -> dict[str, str | None]:
    """Name → parent, as the module's docstring draws it."""
    above: list[tuple[int, str]] = []
    tree: dict[str, str | None] = {}
    for match in DRAWN.finditer(errors.__doc__ or ""):
        depth = len(match["branch"])
        above = [(column, name) for column, name in above if column < depth]
        tree[match["name"]] = above[-1][1] if above else None
        above.append((depth, match["name"]))
    return tree


def test_docstring_draws_the_whole_tree() -> None:
    bases = {name: value.__base__.__name__ for name, value in CLASSES.items() if value.__base__}
    assert drawn_tree() == {**bases, "ChunkflowError": None}


def test_root_is_an_ordinary_exception() -> None:
    assert ChunkflowError.__base__ is Exception


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_error_survives_pickling(name: str) -> None:
    error = CLASSES[name]("cannot read a.ts: no such file")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (CLASSES[name], str(error))


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (FileNotFoundError(2, "No such file or directory"), "no such file"),
        (IsADirectoryError(21, "Is a directory"), "it is a directory"),
        (OSError(28, "No space left on device"), "no space left on device"),
        (OSError("strange"), "strange"),
    ],
)
def test_errors_of_the_system_have_one_wording(error: OSError, described: str) -> None:
    assert describe_os_error(error) == described
