"""The modules of a user's project that a module imports, directly or through others.

Their text counts for a processor as its own does. Statements tell which they are, those inside
functions too; a module that is imported by a name made up at run time is not seen.
"""

import ast
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec, resolve_name
from types import ModuleType

_STANDARD = os.path.dirname(os.__file__)
_INSTALLED = ("site-packages", "dist-packages")


def imported_files(module: ModuleType) -> list[str]:
    """The files of a module's own project that it needs, its own first.

    The standard library and what is installed do not count: who changes those changes versions.
    """
    found: dict[str, None] = {}
    pending = [(module.__name__, _file_of(module.__name__))]
    while pending:
        name, file = pending.pop()
        if file is None or file in found or not _is_own(name, file):
            continue
        found[file] = None
        pending += ((other, _file_of(other)) for other in _imports(name, file))
    return list(found)


def _imports(name: str, file: str) -> Iterator[str]:
    """Names of modules that are imported, or might be: `from a import b` may mean `a.b`."""
    is_package = os.path.basename(file) == "__init__.py"
    package = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            try:
                base = resolve_name("." * node.level + (node.module or ""), package)
            except ImportError:
                continue  # above the top: it fails when it runs, too
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _tree(file: str) -> ast.AST:
    try:
        with open(file, "rb") as source:
            return ast.parse(source.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])  # not Python's own text, an extension module say


def _file_of(name: str) -> str | None:
    module = sys.modules.get(name)
    if module is not None:
        return getattr(module, "__file__", None)
    if name.rpartition(".")[0] not in {"", *sys.modules}:
        return None  # to find it, its package would have to be imported
    try:
        spec = find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None
    return None if spec is None or not spec.has_location else spec.origin


def _is_own(name: str, file: str) -> bool:
    parts = file.split(os.sep)
    is_installed = any(folder in parts for folder in _INSTALLED)
    is_ours = name.partition(".")[0] == "chunkflow"
    return not (is_installed or is_ours or file.startswith(_STANDARD + os.sep))
