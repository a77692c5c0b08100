"""From the paths that a user named to the files of the run."""

import os
import stat
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from chunkflow.engine.discover.git import list_files
from chunkflow.errors import SettingsError, SourceError, describe_os_error
from chunkflow.settings import find_git_root
from chunkflow.syntax.suffixes import SUFFIXES, language_of


class Problem(NamedTuple):
    """A path that was named, or met in a search, and cannot be taken."""

    path: str
    message: str
    """A whole sentence, with the path."""


class Discovered(NamedTuple):
    """What a run is about. Paths are relative to the current directory if inside it, else absolute.

    A search does not look at each file: one that it found may turn out to be gone (tracked by
    git, but deleted), a link to nothing, or no file at all, and is then to be dropped without a
    word. A named one has been looked at.
    """

    files: list[str]
    """Sorted by code points; each once."""
    named: frozenset[str]
    """Those of `files` that were named, not found."""
    problems: list[Problem]


_Covers: TypeAlias = Callable[[str], bool]
"""Whether patterns cover a path."""

_Found: TypeAlias = tuple[list[str], list[tuple[str, OSError]]]
"""Absolute paths of files, in no order, and the directories that could not be read."""


class _Choice(NamedTuple):
    """Which of the files that a search finds are taken."""

    root: str
    include: _Covers | None
    exclude: _Covers | None
    cache_dir: str | None


def discover(
    paths: Sequence[str] | None,
    *,
    root: str,
    cwd: str,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    cache_dir: str | None = None,
) -> Discovered:
    """The source files that `paths` name; None, which is not the same as none, stands for `root`.

    A file that is named is taken, whatever ignores or excludes it, if its suffix is known. A
    directory is searched as git would: tracked and untracked files, less the ignored; outside
    git by its .gitignore files. What is found must match a pattern of `include`, if there are
    any, and none of `exclude`; patterns are as in .gitignore and count from `root` (for a
    directory outside it, from that directory); the last one about a file or a directory above it
    decides.

    `root`, `cwd` and `cache_dir`, which a search never enters, are absolute. Paths are normalised,
    links in them kept. Nothing but .gitignore files is opened.

    Raises:
        SettingsError: an item of `include` or `exclude` is not a pattern.
    """
    choice = _Choice(root, _patterns("include", include), _patterns("exclude", exclude), cache_dir)
    here = os.path.join(cwd, "")
    named: set[str] = set()
    found: set[str] = set()
    problems: set[Problem] = set()
    for path in dict.fromkeys([root] if paths is None else paths):
        absolute = os.path.normpath(os.path.join(cwd, path))
        shown = absolute.removeprefix(here)
        try:
            if not _is_directory(absolute if path else ""):
                named.add(shown)
                continue
        except SourceError as exc:
            problems.add(_problem(shown if path else '""', str(exc)))
            continue
        files, failures = _search(absolute, choice)
        found.update([file.removeprefix(here) for file in files])
        problems.update(
            _problem(at.removeprefix(here), describe_os_error(exc)) for at, exc in failures
        )
    return Discovered(sorted(found | named), frozenset(named), sorted(problems))


def _patterns(setting: str, lines: Sequence[str]) -> _Covers | None:
    if not lines:
        return None
    # Here and not above: most runs have no patterns.
    from chunkflow.engine.discover.ignore import Patterns, rule_of  # noqa: PLC0415

    rules = []
    for line in reversed(lines):
        rule = rule_of(line)
        if rule is None:
            raise SettingsError(f'"{setting}": "{line}" is not a pattern as in .gitignore')
        rules.append(rule)
    return Patterns(tuple(rules)).cover


def _is_directory(path: str) -> bool:
    """Whether a named path is a directory to search; if not, it is a file to take.

    Raises:
        SourceError: it is neither; with the reason alone.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as exc:
        is_link = isinstance(exc, FileNotFoundError) and os.path.islink(path)
        raise SourceError("it is a link to nothing" if is_link else describe_os_error(exc)) from exc
    except ValueError as exc:
        raise SourceError("no name can hold a NUL byte") from exc
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise SourceError("it is neither a file nor a directory")
    if stat.S_ISREG(mode) and language_of(path) is None:
        raise SourceError(f"unknown language; known suffixes are {' '.join(SUFFIXES)}")
    return stat.S_ISDIR(mode)


def _search(directory: str, choice: _Choice) -> _Found:
    files, failures = _everything_in(directory, choice)
    if choice.include is not None or choice.exclude is not None:
        prefixes = [os.path.join(folder, "") for folder in (choice.root, directory)]
        files = [file for file in files if _is_chosen(file, prefixes, choice)]
    return files, failures


def _is_chosen(file: str, prefixes: list[str], choice: _Choice) -> bool:
    prefix = next(prefix for prefix in prefixes if file.startswith(prefix))
    path = file.removeprefix(prefix)
    is_included = choice.include is None or choice.include(path)
    return is_included and not (choice.exclude is not None and choice.exclude(path))


def _everything_in(directory: str, choice: _Choice) -> _Found:
    real = os.path.realpath(directory)
    names = list_files(directory) if find_git_root(real) else None
    if names is None:
        # Here and not above: where git does the search, nothing of it is needed.
        from chunkflow.engine.discover.walk import walk  # noqa: PLC0415

        base = _base(directory, real, choice.root)
        return walk(directory, base=base, skip=choice.cache_dir)
    prefix = os.path.join(directory, "")
    files = [prefix + name for name in names if language_of(name)]
    # One around the directory does not count: a cache in a strange place must not hide it all.
    if choice.cache_dir and choice.cache_dir.startswith(prefix):
        inside = os.path.join(choice.cache_dir, "")
        files = [file for file in files if not file.startswith(inside)]
    return files, []


def _base(directory: str, real: str, root: str) -> str:
    """From where down .gitignore files count: the work tree's top, the project's root, or here."""
    for folder in (find_git_root(directory), root):
        if folder and _is_inside(directory, folder) and _is_inside(real, os.path.realpath(folder)):
            return folder
    return directory


def _is_inside(path: str, folder: str) -> bool:
    return os.path.join(path, "").startswith(os.path.join(folder, ""))


def _problem(path: str, reason: str) -> Problem:
    return Problem(path, f"cannot read {path}: {reason}")
