"""What `import chunkflow` offers, and what it costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import chunkflow

STUB = Path(chunkflow.__file__).with_suffix(".pyi")


def names_in_stub() -> set[str]:
    names = set()
    for statement in ast.parse(STUB.read_text()).body:
        if isinstance(statement, ast.ImportFrom):
            names |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.add(statement.target.id)
    return names


def listed_in_stub() -> set[str]:
    for statement in ast.parse(STUB.read_text()).body:
        if isinstance(statement, ast.Assign):
            return set(ast.literal_eval(statement.value))
    return set()


def run_python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("name", chunkflow.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(chunkflow, name) is not None


def test_stub_tells_type_checkers_the_same_names() -> None:
    assert names_in_stub() == listed_in_stub() == set(chunkflow.__all__)


def test_every_name_is_listed_before_it_is_used(tmp_path: Path) -> None:
    listed = run_python("import chunkflow; print(*dir(chunkflow))", tmp_path).split()
    assert set(chunkflow.__all__) <= set(listed)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        chunkflow.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_name_is_loaded_once() -> None:
    assert chunkflow.Finding.__name__ == "Finding"
    assert vars(chunkflow)["Finding"] is chunkflow.Finding


def test_import_loads_nothing_else(tmp_path: Path) -> None:
    code = (
        "import sys; before = set(sys.modules); import chunkflow;"
        "print(*sorted(set(sys.modules) - before))"
    )
    assert run_python(code, tmp_path).split() == ["chunkflow"]
    assert not list(tmp_path.iterdir())


def test_importing_every_name_writes_nothing(tmp_path: Path) -> None:
    assert run_python("from chunkflow import *; print(ChunkFlow.__name__)", tmp_path) == (
        "ChunkFlow\n"
    )
    assert not list(tmp_path.iterdir())
