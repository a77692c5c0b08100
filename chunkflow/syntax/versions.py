"""The versions of the parser and its grammars, read without importing either."""

import os
import sys
from functools import cache

_PACKAGES = ("tree_sitter", "tree_sitter_typescript")


@cache
def grammar_versions() -> str:
    """Name and version of every package that affects how text is parsed; part of every key."""
    return " ".join(f"{name}=={_version(name)}" for name in _PACKAGES)


def _version(package: str) -> str:
    # importlib.metadata would do, but costs as much as the whole rest of a run with a warm cache.
    prefix, suffix = package + "-", ".dist-info"
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.startswith(prefix) and name.endswith(suffix):
                return name[len(prefix) : -len(suffix)]
    from importlib.metadata import version  # noqa: PLC0415 - only where the layout is unusual

    return version(package)
