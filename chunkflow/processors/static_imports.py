"""Tells what modules might import, by their statements, without importing anything.

A statement inside a function is executed late or never; what it names counts from the start, so
that results need not be given up when it is executed. What is imported by a name made up at run
time is not seen here: `CodeLog` notes it.
"""

import ast
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import resolve_name

from chunkflow.processors.code import CodeLog, Unit, get_file


def find_reachable_units(names: Collection[str], log: CodeLog) -> dict[str, Unit]:
    """What stands for some loaded modules, and for all that they might import; by name.

    Of what is installed, and does not count module by module, no statements are read.
    """
    found: dict[str, Unit] = {}
    seen: set[str] = set()
    pending = sorted(names)
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _find_path(name)
        if path is None and name not in names and name not in sys.modules:
            continue  # most likely no module, but something in one
        units = log.find_units(name, path)
        found.update((unit.name, unit) for unit in units)
        if path is not None and path in [unit.path for unit in units]:
            pending += _list_imports(name, path)
    return found


def _find_path(name: str) -> str | None:
    module = sys.modules.get(name)
    if module is not None:
        return get_file(module)
    spec = _find_spec(name)
    return spec.origin if spec is not None and spec.has_location else None


def _find_spec(name: str) -> ModuleSpec | None:
    """As `importlib.util.find_spec`, which would import the packages around the module."""
    parent = name.rpartition(".")[0]
    path: Sequence[str] | None = None
    if parent:
        outer = getattr(sys.modules.get(parent), "__spec__", None) or _find_spec(parent)
        path = None if outer is None else outer.submodule_search_locations
        if path is None:
            return None
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, path)
        except (ImportError, AttributeError, ValueError):
            continue
        if spec is not None:
            return spec
    return None


def _list_imports(name: str, path: str) -> Iterator[str]:
    """Names of modules that are imported, or might be: `from a import b` may mean `a.b`."""
    is_package = os.path.basename(path) == "__init__.py"
    package = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _list_packages(alias.name)
        elif isinstance(node, ast.ImportFrom):
            try:
                base = resolve_name("." * node.level + (node.module or ""), package)
            except ImportError:
                continue  # above the top: it fails when it runs, too
            yield from _list_packages(base)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _list_packages(name: str) -> Iterator[str]:
    """The name, and those of the packages around it, which are imported first."""
    while name:
        yield name
        name = name.rpartition(".")[0]


def _parse(path: str) -> ast.AST:
    try:
        with open(path, "rb") as source:
            return ast.parse(source.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])  # not Python's own text, an extension module say
