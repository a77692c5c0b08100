"""Records which code a process has loaded, so that a result is stored for exactly that code.

A user's own modules are compiled from the bytes that are hashed, never from a `.pyc`. Of installed
distributions the list of files, with their digests, stands for the code. Use this in workers only:
it changes how the process imports.
"""

import builtins
import importlib
import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import resolve_name
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from chunkflow.private import blake2b

_STANDARD = os.path.dirname(os.__file__) + os.sep
_CHUNKFLOW = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_INSTALLED = ("site-packages", "dist-packages")
# Besides its version, the first of these files stands for a distribution.
_LISTINGS = ("RECORD", "METADATA", "PKG-INFO")


class Unit(NamedTuple):
    """A module of the user's, or an installed distribution."""

    name: str
    """`module NAME` or `distribution NAME`."""
    path: str
    """The module's file; empty for a distribution."""
    digest: str
    """Of the module's bytes, or of the distribution's version and file list; hexadecimal."""


class CodeLog:
    """Notes each module that is imported, and the bytes that each of the user's is compiled from.

    Args:
        packages: installed top-level packages whose modules count one by one, like the user's own.
    """

    def __init__(self, packages: Collection[str] = ()) -> None:
        self._packages = set(packages)
        self._digests: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._is_noting = False
        self.imported: set[str] = set()
        """Names of modules imported, for the first time or again, since `forget`."""
        self.compiled: set[str] = set()
        """Names of the user's modules compiled since then."""

    def install(self) -> None:
        """Observe every import of this process from now on."""
        _observe_imports(self)
        _observe_compilation(self)

    def count(self, package: str) -> None:
        """Make the modules of an installed package count one by one."""
        self._packages.add(package)

    def is_own(self, name: str, path: str) -> bool:
        """Whether a module counts by itself: it is the user's, or in a package that counts so."""
        if path.startswith(_CHUNKFLOW):
            return False
        if _is_installed(path):
            return name.partition(".")[0] in self._packages
        return not path.startswith(_STANDARD)

    @contextmanager
    def note_imports(self) -> Iterator[None]:
        """Note imports while this lasts: those of a user's code, not chunkflow's own."""
        self._is_noting = True
        try:
            yield
        finally:
            self._is_noting = False

    def note_imported(self, name: str) -> None:
        """Note that a module was imported, for the first time or again."""
        if self._is_noting:
            self.imported.add(name)

    def forget(self) -> None:
        """Clear the names; which bytes were compiled stays known."""
        self.imported.clear()
        self.compiled.clear()

    def note_compiled(self, name: str, path: str, source: bytes) -> None:
        """Note that a module of the user's is compiled from these bytes."""
        self.compiled.add(name)
        self._paths[name] = path
        self._digests[name] = _hash(source)

    def find_units(self, name: str, path: str | None = None) -> list[Unit]:
        """The units that stand for a module; none for the standard library's and chunkflow's own.

        Args:
            name: the module's.
            path: its file, where it is not loaded yet.
        """
        path = self._paths.get(name) or path or get_file(sys.modules.get(name))
        if path is None or path.startswith(_CHUNKFLOW):
            return []
        if not self.is_own(name, path):
            found = find_distributions(name) if _is_installed(path) else []
            # A file placed among the installed ones by hand belongs to no distribution.
            if found or not _is_installed(path):
                return found
        return [Unit(f"module {name}", path, self._digests.get(name) or digest_file(path))]


def get_file(module: ModuleType | None) -> str | None:
    """The file that a module was loaded from, if any."""
    path = getattr(module, "__file__", None)
    return path if isinstance(path, str) else None


def digest_file(path: str) -> str:
    """The digest of a file, or of the archive that holds it; empty if there is none."""
    while path and not os.path.exists(path):
        outer = os.path.dirname(path)
        path = "" if outer == path else outer
    try:
        with open(path, "rb") as file:
            return _hash(file.read())
    except OSError:
        return ""


def find_distributions(module: str) -> list[Unit]:
    """The installed distributions that a module's top-level package comes from."""
    names = _map_packages().get(module.partition(".")[0], ())
    return [_find_distribution(name) for name in sorted(set(names))]


def digest_distribution(name: str) -> str:
    """The digest of an installed distribution; empty if it is not installed."""
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415 - see `_packages`

    try:
        return _find_distribution(name).digest
    except PackageNotFoundError:
        return ""


@cache
def _map_packages() -> dict[str, list[str]]:
    # Imported here: it takes 30 ms, and many functions need only the standard library.
    from importlib.metadata import packages_distributions  # noqa: PLC0415

    return dict(packages_distributions())


def _find_distribution(name: str) -> Unit:
    from importlib.metadata import distribution  # noqa: PLC0415 - see `_packages`

    found = distribution(name)
    listed = next((text for listing in _LISTINGS if (text := found.read_text(listing))), "")
    facts = f"{found.version}\0{listed}"
    return Unit(f"distribution {name}", "", _hash(facts.encode("utf-8", "surrogateescape")))


def _is_installed(path: str) -> bool:
    return any(folder in path.split(os.sep) for folder in _INSTALLED)


def _hash(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


def _observe_imports(log: CodeLog) -> None:
    """Note every import, even of a loaded module, for which no loader is called."""
    import_statement, import_module = builtins.__import__, importlib.import_module

    def observed_statement(
        name: str,
        globals: Any = None,  # noqa: A002 - the statement's own names
        locals: Any = None,  # noqa: A002
        fromlist: Any = (),
        level: int = 0,
    ) -> ModuleType:
        # Relative imports are found by reading the statements.
        if not level:
            log.note_imported(name)
        return import_statement(name, globals, locals, fromlist, level)

    def observed_import_module(name: str, package: str | None = None) -> ModuleType:
        found = import_module(name, package)
        log.note_imported(resolve_name(name, package) if name.startswith(".") else name)
        return found

    builtins.__import__ = observed_statement
    importlib.import_module = observed_import_module


def _observe_compilation(log: CodeLog) -> None:
    """Compile the user's modules from the bytes that are hashed.

    A `.pyc` counts as up to date if its source has the same time and size, which another text may
    have too.
    """
    get_code = SourceFileLoader.get_code

    def observed(self: SourceFileLoader, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        if not log.is_own(fullname, path):
            return get_code(self, fullname)
        source = self.get_data(path)
        log.note_compiled(fullname, path, source)
        code: CodeType = self.source_to_code(source, path)
        return code

    SourceFileLoader.get_code = observed  # type: ignore[method-assign,assignment]
