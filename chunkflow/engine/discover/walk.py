"""Searches a directory without git, by the .gitignore files that it meets."""

import os
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from chunkflow.engine.discover.ignore import Rule, rules_of, verdict
from chunkflow.syntax.suffixes import language_of

_NEVER = frozenset((".git", "node_modules"))


class Scope(NamedTuple):
    """The rules of one .gitignore."""

    prefix: str
    """The directory it stands in, with a slash at its end."""
    rules: tuple[Rule, ...]


_Scopes: TypeAlias = tuple[Scope, ...]
"""Innermost first: the first that says anything about a path decides."""


class Walked(NamedTuple):
    """What a walk came across."""

    files: list[str]
    """Absolute, in no order."""
    failures: list[tuple[str, OSError]]
    """Directories that could not be read."""


def walk(directory: str, *, base: str, skip: str | None) -> Walked:
    """The source files under `directory`; .gitignore files count from `base` (the same or above).

    `.git`, `node_modules` and the directory `skip` are never entered, and links to directories
    are not followed. A link to nothing is passed over: editors leave such for locks.
    """
    walked = Walked([], [])
    scopes = _scopes_above(directory, base)
    pending = [] if scopes is None else [(directory, scopes)]
    while pending:
        folder, scopes = pending.pop()
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
            scopes = _with_own(folder, scopes)
            walked.files.extend(_files(found, scopes))
            pending.extend((path, scopes) for path in _folders(found, scopes) if path != skip)
        except OSError as exc:
            walked.failures.append((folder, exc))
    return walked


def _scopes_above(directory: str, base: str) -> _Scopes | None:
    """What the directories from `base` down to `directory` ignore; None if that is among it."""
    scopes: _Scopes = ()
    folder = base
    for name in directory[len(base) :].strip("/").split("/"):
        if not name:
            break
        scopes = _with_own(folder, scopes)
        folder = os.path.join(folder, name)
        if _is_ignored(folder, scopes, is_directory=True):
            return None
    return scopes


def _with_own(folder: str, scopes: _Scopes) -> _Scopes:
    path = os.path.join(folder, ".gitignore")
    # Git does not follow a link here either; and a FIFO would hang whoever opens it.
    if not os.path.isfile(path) or os.path.islink(path):
        return scopes
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            lines = file.read().split("\n")
    except OSError:
        return scopes  # as git does
    rules = rules_of(line.removesuffix("\r") for line in lines)
    return (Scope(os.path.join(folder, ""), rules), *scopes)


def _is_ignored(path: str, scopes: _Scopes, *, is_directory: bool) -> bool:
    for prefix, rules in scopes:
        taken = verdict(rules, path.removeprefix(prefix), is_directory=is_directory)
        if taken is not None:
            return taken
    return False


def _folders(entries: list[os.DirEntry[str]], scopes: _Scopes) -> Iterator[str]:
    for entry in entries:
        is_open = entry.name not in _NEVER and entry.is_dir(follow_symlinks=False)
        if is_open and not _is_ignored(entry.path, scopes, is_directory=True):
            yield entry.path


def _files(entries: list[os.DirEntry[str]], scopes: _Scopes) -> Iterator[str]:
    for entry in entries:
        is_source = language_of(entry.name) is not None and _is_file(entry)
        if is_source and not _is_ignored(entry.path, scopes, is_directory=False):
            yield entry.path


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself: whoever opens it will say so
        return True
