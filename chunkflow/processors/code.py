"""Tells which code a process has loaded, so that a result is kept for exactly that code.

A user's own modules are compiled from the bytes that are hashed, never from a `.pyc` that may be
out of date. Of installed distributions the version and the list of their files stand for the code.
What was looked for and not found counts as well, and so do the names in the folder of a package: a
module that comes to be there later may change a result.

Use this in workers only: it changes how the process imports.
"""

import builtins
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import SourceFileLoader, SourcelessFileLoader

# Here, before a project's own modules can stand in the way of what these import.
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from types import CodeType, ModuleType
from typing import Any, NamedTuple
from zipimport import zipimporter

from chunkflow.private import blake2b

_STANDARD = os.path.dirname(os.__file__) + os.sep
_CHUNKFLOW = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_INSTALLED = ("site-packages", "dist-packages")
# What stands for a distribution besides its version: the first of these that it has.
_LISTINGS = ("RECORD", "METADATA", "PKG-INFO")
_METADATA = ("importlib.metadata", "importlib_metadata", "pkg_resources")
_SUFFIXES = (".py", ".pyc")


class Unit(NamedTuple):
    """A piece of code that counts by itself."""

    name: str
    """`module NAME`, `folder NAME` of a package, `file NAME`, `distribution NAME`, or
    `distributions` for the list of all that are installed."""
    path: str
    """Its file or folder; empty where there is none."""
    digest: str
    """Hexadecimal; empty for a module that is not there."""


class CodeLog:
    """Notes each module that is imported, and the bytes that each of the user's is compiled from.

    Args:
        root: the project's root; what is below it is installed only if it is so seen from there.
    """

    def __init__(self, root: str = "") -> None:
        self._root = os.path.realpath(root) + os.sep if root else ""
        self.packages: set[str] = set()
        """Installed top-level packages whose modules count one by one, as the user's own do."""
        # By the name of a module, and then by its file: several may be loaded under one name.
        self._compiled: dict[str, dict[str, str]] = {}
        self._is_noting = False
        self.imported: set[str] = set()
        """Names of modules that were imported, looked for, or asked for again, since `forget`."""
        self.compiled: set[str] = set()
        """Names of the user's modules that were compiled since then."""
        self.opened: set[str] = set()
        """Files of Python code that were opened since then, absolute."""

    def install(self) -> None:
        """Take part in every import of this process from now on."""
        _observe_imports(self)
        _observe_loaders(self)
        sys.addaudithook(self._note_event)

    @contextmanager
    def note_imports(self) -> Iterator[None]:
        """Note imports for as long as this lasts: those of a user's code, not chunkflow's own."""
        self._is_noting = True
        try:
            yield
        finally:
            self._is_noting = False

    def note_imported(self, name: str) -> None:
        """A module was imported, or looked for."""
        if self._is_noting:
            self.imported.add(name)

    def note_compiled(self, name: str, path: str, code: bytes) -> None:
        """A module of the user's is being made from these bytes."""
        self.compiled.add(name)
        self._compiled.setdefault(name, {})[path] = _hash(code)

    def forget(self) -> None:
        """Begin anew to note names; what was compiled from which bytes stays known."""
        self.imported.clear()
        self.compiled.clear()
        self.opened.clear()

    @property
    def has_news(self) -> bool:
        """Whether anything was noted since `forget`."""
        return bool(self.imported or self.compiled or self.opened)

    def count_modules(self, package: str) -> None:
        """Let the modules of an installed package count one by one."""
        self.packages.add(package)

    def is_own(self, name: str, path: str) -> bool:
        """Whether a module counts by itself: the user's own, or one of the packages that do."""
        if path.startswith(_CHUNKFLOW):
            return False
        if self._is_installed(path):
            return name.partition(".")[0] in self.packages
        return not path.startswith(_STANDARD)

    def find_units(self, name: str, path: str | None = None) -> list[Unit]:
        """What stands for a module; nothing for the standard library's and chunkflow's own.

        Args:
            name: the module's.
            path: its file, where it is not loaded yet.
        """
        if name in _METADATA:
            return [Unit("distributions", "", digest_distributions())]
        if name in self._compiled:
            return [self._join_compiled(name), *self._find_folders(name)]
        path = path or get_file(sys.modules.get(name))
        if path is None:
            return self._find_folders(name) if name in sys.modules else self._note_missing(name)
        if path.startswith(_CHUNKFLOW):
            return []
        if not self.is_own(name, path):
            is_installed = self._is_installed(path)
            found = find_distributions(name) if is_installed else []
            if found or not is_installed:
                return found
            # A file that was put among the installed ones by hand belongs to no distribution.
            self.count_modules(name.partition(".")[0])
        return [Unit(f"module {name}", path, digest_file(path)), *self._find_folders(name)]

    def find_opened_units(self) -> list[Unit]:
        """The files of Python code that were opened by something else than an import."""
        loaded = {path for paths in self._compiled.values() for path in paths}
        loaded |= {path for module in list(sys.modules.values()) if (path := get_file(module))}
        own = [path for path in sorted(self.opened - loaded) if self.is_own("", path)]
        return [Unit(f"file {self._relative(path)}", path, digest_file(path)) for path in own]

    def _join_compiled(self, name: str) -> Unit:
        files = self._compiled[name]
        if len(files) == 1:
            ((path, digest),) = files.items()
            return Unit(f"module {name}", path, digest)
        return Unit(f"module {name}", "", _hash("".join(sorted(files.values())).encode()))

    def _find_folders(self, name: str) -> list[Unit]:
        """The folders of a package of the user's, whose names code may go by."""
        places = [str(place) for place in getattr(sys.modules.get(name), "__path__", ())]
        own = [place for place in places if self.is_own(name, os.path.join(place, ""))]
        if not own:
            return []
        return [Unit(f"folder {name}", own[0], digest_folders(own))]

    def _note_missing(self, name: str) -> list[Unit]:
        is_ours = name.partition(".")[0] in {"chunkflow", *sys.stdlib_module_names}
        return [] if is_ours else [Unit(f"module {name}", "", "")]

    def _is_installed(self, path: str) -> bool:
        # A link among what is installed may lead to a folder that somebody works in.
        place = os.path.realpath(path)
        folders = place.removeprefix(self._root).split(os.sep)
        return any(folder in folders for folder in _INSTALLED)

    def _relative(self, path: str) -> str:
        return os.path.realpath(path).removeprefix(self._root)

    def _note_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and self._is_noting:
            path = arguments[0]
            if isinstance(path, str) and path.endswith(_SUFFIXES):
                self.opened.add(os.path.abspath(path))


def get_file(module: ModuleType | None) -> str | None:
    """The file that a module was loaded from, if there is one."""
    path = getattr(module, "__file__", None)
    return path if isinstance(path, str) else None


def digest_file(path: str) -> str:
    """The digest of a file's bytes, or of the archive that it is in; empty if there is none."""
    while path and not os.path.exists(path):
        outer = os.path.dirname(path)
        path = "" if outer == path else outer
    try:
        with open(path, "rb") as file:
            return _hash(file.read())
    except OSError:
        return ""


def digest_folders(folders: list[str]) -> str:
    """The digest of the names in some folders that can be imported."""
    names = sorted({name for folder in folders for name in _list_importable(folder)})
    return _hash("\0".join(names).encode("utf-8", "surrogateescape"))


def find_distributions(module: str) -> list[Unit]:
    """The installed distributions that a module's top-level package comes from."""
    names = _map_packages().get(module.partition(".")[0], ())
    return [_find_distribution(name) for name in sorted(set(names))]


def digest_distribution(name: str) -> str:
    """What stands for an installed distribution now; empty if it is not installed."""
    try:
        return _find_distribution(name).digest
    except PackageNotFoundError:
        return ""


@cache
def _map_packages() -> dict[str, list[str]]:
    return dict(packages_distributions())


def _find_distribution(name: str) -> Unit:
    found = distribution(name)
    listed = next((text for listing in _LISTINGS if (text := found.read_text(listing))), "")
    facts = f"{found.version}\0{listed}"
    return Unit(f"distribution {name}", "", _hash(facts.encode("utf-8", "surrogateescape")))


def digest_distributions() -> str:
    """The digest of the names and versions of all that is installed."""
    names = {name for folder in sys.path for name in _list_names(folder)}
    found = sorted(name for name in names if name.endswith((".dist-info", ".egg-info")))
    return _hash("\0".join(found).encode("utf-8", "surrogateescape"))


def _list_importable(folder: str) -> list[str]:
    return [
        name
        for name in _list_names(folder)
        if name != "__pycache__"
        and (name.endswith((".py", ".pyc", ".so")) or os.path.isdir(os.path.join(folder, name)))
    ]


def _list_names(folder: str) -> list[str]:
    try:
        return os.listdir(folder or ".")
    except OSError:
        return []


def _hash(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


def _observe_imports(log: CodeLog) -> None:
    """Note what is asked for.

    That is also what is loaded already, so that no loader is called, and what is not there.
    """
    import_statement = builtins.__import__
    import_module, find_spec = importlib.import_module, importlib.util.find_spec

    def observed_statement(
        name: str,
        globals: Any = None,  # noqa: A002 - the statement's own names
        locals: Any = None,  # noqa: A002
        fromlist: Any = (),
        level: int = 0,
    ) -> ModuleType:
        # What stands in a relative import is found by reading the statement.
        if not level:
            log.note_imported(name)
        return import_statement(name, globals, locals, fromlist, level)

    def observed_import_module(name: str, package: str | None = None) -> ModuleType:
        log.note_imported(_resolve(name, package))
        return import_module(name, package)

    def observed_find_spec(name: str, package: str | None = None) -> Any:
        log.note_imported(_resolve(name, package))
        return find_spec(name, package)

    builtins.__import__ = observed_statement
    importlib.import_module = observed_import_module
    importlib.util.find_spec = observed_find_spec


def _resolve(name: str, package: str | None) -> str:
    if not name.startswith("."):
        return name
    try:
        return importlib.util.resolve_name(name, package or "")
    except ImportError:
        return name


def _observe_loaders(log: CodeLog) -> None:
    """Note which bytes the user's modules are made from.

    Source is compiled from just these bytes: a `.pyc` counts as up to date if time and size of its
    source are the same, and they may be though the text is another.
    """
    # The class from which all loaders of source inherit it, those of users' own too.
    source_loader = next(base for base in SourceFileLoader.__mro__ if "get_code" in vars(base))
    get_source_code = source_loader.get_code  # type: ignore[attr-defined]

    def from_source(self: SourceFileLoader, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        if not log.is_own(fullname, path):
            code: CodeType | None = get_source_code(self, fullname)
            return code
        source = self.get_data(path)
        log.note_compiled(fullname, path, source)
        compiled: CodeType = self.source_to_code(source, path)
        return compiled

    source_loader.get_code = from_source  # type: ignore[attr-defined]
    get_bytecode = SourcelessFileLoader.get_code

    def from_bytecode(self: SourcelessFileLoader, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        if log.is_own(fullname, path):
            log.note_compiled(fullname, path, self.get_data(path))
        return get_bytecode(self, fullname)

    SourcelessFileLoader.get_code = from_bytecode  # type: ignore[method-assign]
    get_zipped = zipimporter.get_code

    def from_archive(self: zipimporter, fullname: str) -> CodeType:
        if log.is_own(fullname, self.archive):
            with open(self.archive, "rb") as archive:
                log.note_compiled(fullname, self.archive, archive.read())
        return get_zipped(self, fullname)

    zipimporter.get_code = from_archive  # type: ignore[method-assign]
