"""What a processor's module might import counts for it, and is not imported for that."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest

from chunkflow.processors.code import CodeLog, Unit, digest_file
from chunkflow.processors.static_imports import find_reachable_units

Save = Callable[[str, str | bytes], Path]
UnitsOf = Callable[..., dict[str, Unit]]


@pytest.fixture
def units_of(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UnitsOf]:
    """Imports a module of the project; gives what counts for it, by name."""
    monkeypatch.syspath_prepend(str(project))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def find(name: str, *, packages: tuple[str, ...] = ()) -> dict[str, Unit]:
        invalidate_caches()
        import_module(name)
        log = CodeLog()
        log.packages.update(packages)
        return find_reachable_units([name], log)

    yield find
    for name in set(sys.modules) - before:
        del sys.modules[name]


def names(*modules: str) -> set[str]:
    return {f"module {module}" for module in modules}


def test_module_that_imports_nothing_counts_alone(save: Save, units_of: UnitsOf) -> None:
    path = save("own_a.py", "x = 1")
    digest = digest_file(str(path))
    assert units_of("own_a") == {"module own_a": Unit("module own_a", str(path), digest)}


@pytest.mark.parametrize(
    "statement",
    [
        "import own_b",
        "from own_b import x",
        "import os, own_b as other",
        "def f():\n    import own_b",
        "try:\n    import own_b\nexcept ImportError:\n    pass",
        "class A:\n    def f(self):\n        from own_b import x",
    ],
)
def test_imported_module_counts(statement: str, save: Save, units_of: UnitsOf) -> None:
    save("own_a.py", statement)
    save("own_b.py", "x = 1")
    assert units_of("own_a").keys() == names("own_a", "own_b")


def test_modules_count_through_others_and_in_circles(save: Save, units_of: UnitsOf) -> None:
    save("own_a.py", "import own_b")
    save("own_b.py", "import own_c")
    save("own_c.py", "def f():\n    import own_a")
    assert units_of("own_a").keys() == names("own_a", "own_b", "own_c")


@pytest.mark.parametrize(
    "statement", ["from . import b", "from .b import x", "from own_p.b import x", "import own_p.b"]
)
def test_modules_of_a_package_count(statement: str, save: Save, units_of: UnitsOf) -> None:
    save("own_p/__init__.py", "")
    save("own_p/a.py", statement)
    save("own_p/b.py", "x = 1")
    save("own_p/c.py", "x = 2")
    assert names("own_p.a", "own_p.b") <= units_of("own_p.a").keys()
    assert "module own_p.c" not in units_of("own_p.a")


def test_package_around_an_imported_module_counts(save: Save, units_of: UnitsOf) -> None:
    save("own_a.py", "def f():\n    import own_p.deep.b")
    save("own_p/__init__.py", "")
    save("own_p/deep/__init__.py", "import own_c")
    save("own_p/deep/b.py", "")
    save("own_c.py", "")
    assert units_of("own_a").keys() == names(
        "own_a", "own_p", "own_p.deep", "own_p.deep.b", "own_c"
    )


def test_relative_import_in_a_package_is_from_the_package(save: Save, units_of: UnitsOf) -> None:
    save("own_p/__init__.py", "def f():\n    from .b import x")
    save("own_p/b.py", "x = 1")
    save("b.py", "x = 2")
    assert units_of("own_p").keys() == names("own_p", "own_p.b") | {"folder own_p"}


def test_module_in_a_folder_without_init_counts(save: Save, units_of: UnitsOf) -> None:
    save("own_a.py", "def f():\n    import own_space.b")
    save("own_space/b.py", "")
    assert units_of("own_a").keys() == names("own_a", "own_space.b")


def test_nothing_is_imported_for_it(save: Save, units_of: UnitsOf, project: Path) -> None:
    save("own_a.py", "def f():\n    import own_p.b")
    save("own_p/__init__.py", "open('imported', 'w').close()")
    save("own_p/b.py", "open('imported', 'w').close()")
    assert names("own_p", "own_p.b") <= units_of("own_a").keys()
    assert not (project / "imported").exists()
    assert "own_p" not in sys.modules


def test_of_what_is_installed_the_distribution_counts(save: Save, units_of: UnitsOf) -> None:
    save("own_a.py", "import json, pytest, chunkflow, typer\nfrom os import path")
    found = units_of("own_a")
    assert found.keys() == {"module own_a", "distribution pytest", "distribution typer"}
    assert len({unit.digest for unit in found.values()} - {""}) == 3


def test_installed_package_that_counts_does_so_module_by_module(
    save: Save, units_of: UnitsOf
) -> None:
    save("own_a.py", "import pytest")
    found = units_of("own_a", packages=("pytest",))
    assert {"module own_a", "module pytest"} <= found.keys()
    assert found["module pytest"].path == sys.modules["pytest"].__file__


def test_what_cannot_be_found_or_read_is_passed_by(save: Save, units_of: UnitsOf) -> None:
    text = "def f():\n    import own_missing.deep, own_broken, own_binary\n    from .... import x"
    save("own_a.py", text)
    save("own_broken.py", "def (:")
    save("own_binary.py", b"\0\xff")
    assert units_of("own_a").keys() == names("own_a", "own_broken", "own_binary")


def test_module_without_a_file_counts_for_nothing(units_of: UnitsOf) -> None:
    assert find_reachable_units(["sys", "builtins"], CodeLog()) == {}


def test_module_that_was_looked_for_and_is_not_there_counts() -> None:
    missing = Unit("module no_such_module", "", "")
    assert find_reachable_units(["no_such_module"], CodeLog()) == {missing.name: missing}
