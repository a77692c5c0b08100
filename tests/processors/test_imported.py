"""What a processor's module imports of the project counts for it, and nothing else does."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from chunkflow.processors.imported import imported_files

Save = Callable[[str, str], Path]
FilesOf = Callable[[str], set[str]]


@pytest.fixture
def files_of(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilesOf]:
    """Imports a module of the project; gives the files that count for it, by name."""
    monkeypatch.syspath_prepend(str(project))
    before = set(sys.modules)

    def find(name: str) -> set[str]:
        found = imported_files(import_module(name))
        return {str(Path(file).relative_to(project)) for file in found}

    yield find
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_module_that_imports_nothing_counts_alone(save: Save, files_of: FilesOf) -> None:
    save("own_a.py", "x = 1")
    assert files_of("own_a") == {"own_a.py"}


@pytest.mark.parametrize(
    "statement",
    [
        "import own_b",
        "from own_b import x",
        "import os, own_b as other",
        "def f():\n    import own_b",
        "try:\n    import own_b\nexcept ImportError:\n    pass",
    ],
)
def test_imported_module_counts(statement: str, save: Save, files_of: FilesOf) -> None:
    save("own_a.py", statement)
    save("own_b.py", "x = 1")
    assert files_of("own_a") == {"own_a.py", "own_b.py"}


def test_modules_count_through_others_and_in_circles(save: Save, files_of: FilesOf) -> None:
    save("own_a.py", "import own_b")
    save("own_b.py", "import own_c")
    save("own_c.py", "def f():\n    import own_a")
    assert files_of("own_a") == {"own_a.py", "own_b.py", "own_c.py"}


@pytest.mark.parametrize(
    "statement", ["from . import b", "from .b import x", "from own_p.b import x", "import own_p.b"]
)
def test_modules_of_a_package_count(statement: str, save: Save, files_of: FilesOf) -> None:
    save("own_p/__init__.py", "")
    save("own_p/a.py", statement)
    save("own_p/b.py", "x = 1")
    save("own_p/c.py", "x = 2")
    assert {"own_p/a.py", "own_p/b.py"} <= files_of("own_p.a")
    assert "own_p/c.py" not in files_of("own_p.a")


def test_standard_library_and_what_is_installed_do_not_count(save: Save, files_of: FilesOf) -> None:
    save("own_a.py", "import json, pytest, chunkflow, typer\nfrom os import path")
    assert files_of("own_a") == {"own_a.py"}


def test_what_cannot_be_found_or_read_is_passed_by(save: Save, files_of: FilesOf) -> None:
    text = "def f():\n    import own_missing.deep, own_broken\n    from .... import x"
    save("own_a.py", text)
    save("own_broken.py", "def (:")
    assert files_of("own_a") == {"own_a.py", "own_broken.py"}
