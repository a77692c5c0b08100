"""The copies of the measured files that tools.py lets its tools loose on."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

from chunkflow import chunk_source
from chunkflow.syntax.suffixes import SUFFIXES, language_of

_SKIPPED = frozenset({".git", "node_modules"})
_AMBIENT = re.compile(rb"(?:export\s+)?declare\b")
_STATEMENT = b";void %d;"
_BODY_END = re.compile(rb"\}\s*\Z")


class WorkspaceError(Exception):
    """The files cannot be measured on; says why and what to do."""


class Workspace(NamedTuple):
    """A folder for one comparison. The tools see nothing but source files in their folders."""

    root: Path
    files: int
    size_bytes: int

    @property
    def project(self) -> Path:
        """The files as they are; nothing ever changes here."""
        return self.root / "project"

    @property
    def edited(self) -> Path:
        """A copy in which one function changes before each run."""
        return self.root / "edited"

    @property
    def formatted(self) -> Path:
        """A copy for prettier, which keeps in its cache only what is formatted its way."""
        return self.root / "formatted"

    @property
    def caches(self) -> Path:
        """Where tools keep what they remember, a name each."""
        return self.root / "caches"

    @property
    def configuration(self) -> Path:
        """Where tools find their settings: outside of what they look at."""
        return self.root / "configuration"


def source_files_in(folder: Path) -> list[Path]:
    """The files in a folder that chunkflow takes for source, in order of path."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        found += [Path(place, name) for name in names if language_of(name)]
    return sorted(path for path in found if path.is_file())


def make_workspace(root: Path, folder: Path, files: Sequence[Path]) -> Workspace:
    """Copies of `files`, which lie in `folder`, below `root`. Raises WorkspaceError."""
    if not files:
        suffixes = ", ".join(SUFFIXES)
        raise WorkspaceError(f"there is no source file in {folder}; name one that has {suffixes}")
    workspace = Workspace(root, len(files), sum(path.stat().st_size for path in files))
    for copy in (workspace.project, workspace.edited, workspace.formatted):
        for path in files:
            target = copy / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    workspace.caches.mkdir()
    workspace.configuration.mkdir()
    return workspace


class Editor:
    """Changes the body of one function, each time anew. Raises WorkspaceError if none is found."""

    def __init__(self, folder: Path) -> None:
        self.path, self._source, self._place = _find_body(folder)
        self._numbers = count(1)

    def edit(self) -> None:
        """Put another statement at the end of the function's body."""
        added = _STATEMENT % next(self._numbers)
        self.path.write_bytes(self._source[: self._place] + added + self._source[self._place :])


def _find_body(folder: Path) -> tuple[Path, bytes, int]:
    """A file of middling size, its text, and where the body of a function in it ends."""
    by_size = sorted(source_files_in(folder), key=lambda path: path.stat().st_size)
    middle = len(by_size) // 2
    for path in by_size[middle:] + by_size[:middle]:
        source = path.read_bytes()
        for place in _body_ends(source, path):
            return path, source, place
    raise WorkspaceError(f"there is no function in {folder} that could be edited")


def _body_ends(source: bytes, path: Path) -> Iterator[int]:
    language = language_of(path.name)
    assert language is not None
    before = chunk_source(source, language)
    for chunk in before:
        start, end = chunk.decl_start_byte, chunk.decl_end_byte
        found = _BODY_END.search(source, start, end)
        # What is only declared may end with the bracket of a type.
        if chunk.kind != "function" or found is None or _AMBIENT.match(source, start):
            continue
        edited = source[: found.start()] + _STATEMENT % 0 + source[found.start() :]
        after = chunk_source(edited, language)
        changed = {chunk.digest for chunk in after} - {chunk.digest for chunk in before}
        if len(after) == len(before) and len(changed) == 1:
            yield found.start()
