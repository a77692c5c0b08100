"""Merges the layers of settings, and checks every value."""

import os
from collections.abc import Mapping
from itertools import chain
from typing import Any

from chunkflow.errors import SettingsError, UsageError
from chunkflow.settings.checks import CHECKS, SECTIONS, find_nearest, show
from chunkflow.settings.fields import CacheSettings, Settings
from chunkflow.settings.file import SettingsFile, find_file, read_file
from chunkflow.settings.layers import (
    CALL,
    WITHOUT_EFFECT,
    Entry,
    list_environment,
    list_overrides,
    list_table,
)


def load_settings(
    start: "str | os.PathLike[str]",
    *,
    file: "str | os.PathLike[str] | None" = None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object],
) -> Settings:
    """The settings for a run in the directory `start`: defaults < file < `environ` < `overrides`.

    The file is the nearest one upward from `start`, or `file`. `overrides` are flags or keyword
    arguments: dotted names (`{"cache.size": "1 GB"}`) or tables (`{"cache": {"size": …}}`);
    None stands for a flag that was not given. In a file, relative directories count from the root;
    elsewhere, from the current directory.

    The root is the directory of the settings file if `start` is inside it, else the top of the
    git work tree around `start`, else `start`.

    Raises:
        SettingsError: a layer cannot be read, or has an unknown name or a wrong value; the message
            names the place, and the nearest valid name.
        UsageError: the current directory no longer exists.
    """
    try:
        start = os.path.abspath(start)
    except OSError as exc:
        raise UsageError("the current directory no longer exists; change to one that does") from exc
    found = find_file(start) if file is None else read_file(os.fspath(file))
    root = _choose_root(start, found)
    in_file = list_table(found.table, found.locate) if found else iter(())
    elsewhere = chain(list_environment(environ), list_overrides(overrides))
    fields: dict[tuple[str, ...], dict[str, Any]] = {(): {}, ("cache",): {}}
    tables: dict[str, dict[str, object]] = {}
    origin = dict.fromkeys(CHECKS, "default")
    for entry, fence in chain(((e, root) for e in in_file), ((e, None) for e in elsewhere)):
        *section, key = entry.path
        if section[:1] == ["processors"] and (section[1:] or isinstance(entry.value, Mapping)):
            table = tables.setdefault(entry.path[1], {})
            if section[1:]:
                table[key] = entry.value
        else:
            fields[tuple(section)][key] = _check(entry, fence)
        origin[entry.name] = entry.origin
    return Settings(
        root,
        cache=CacheSettings(**fields["cache",]),
        processor_settings=tables,
        origin=origin,
        notes=tuple(
            f"{variable} has no effect yet"
            for variable in WITHOUT_EFFECT
            if environ.get(variable, "").strip()
        ),
        **fields[()],
    )


def find_git_root(directory: str) -> str | None:
    """The nearest directory upward from `directory` (absolute) with a `.git`; None outside git."""
    while not os.path.lexists(os.path.join(directory, ".git")):
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent
    return directory


def _choose_root(start: str, found: SettingsFile | None) -> str:
    folder = os.path.dirname(found.path) if found else None
    if folder and os.path.commonpath((folder, start)) == folder:
        return folder
    return find_git_root(start) or start


def _check(entry: Entry, fence: str | None) -> Any:
    """The checked value of a setting; a file's has the `fence` of `_resolve_cache_dir`."""
    check = CHECKS.get(entry.name)
    if check is None:
        raise _build_unknown(entry)
    try:
        value = check(entry.value)
    except ValueError as exc:
        message = f'"{entry.name}" must be {exc}, not {show(entry.value)}'
        raise _build_error(entry, message) from exc
    return _resolve_cache_dir(entry, value, fence) if entry.name == "cache.dir" else value


def _resolve_cache_dir(entry: Entry, path: str, fence: str | None) -> str:
    """The cache's directory, absolute. One that a file names must be inside `fence`, the project.

    A settings file may come with a cloned repository, and `cache clear` empties the directory.
    """
    if fence is None:
        return os.path.abspath(path)
    path = os.path.normpath(os.path.join(fence, path))
    real, real_fence = os.path.realpath(path), os.path.realpath(fence)
    if real == real_fence or os.path.commonpath((real, real_fence)) != real_fence:
        raise _build_error(
            entry,
            f'"cache.dir" must be a directory inside the project {fence}, not {show(entry.value)};'
            " for another place use CHUNKFLOW_CACHE_DIR or --cache-dir",
        )
    return path


def _build_unknown(entry: Entry) -> SettingsError:
    known = find_nearest(entry.name)
    is_processor = entry.path[0] == "processors" and known != "processors.enabled"
    if is_processor or entry.name in SECTIONS:
        return _build_error(entry, f'"{entry.name}" must be a table, not {show(entry.value)}')
    advice = f'; did you mean "{known}"?' if known else ""
    return _build_error(entry, f'unknown setting "{entry.name}"{advice}')


def _build_error(entry: Entry, message: str) -> SettingsError:
    return SettingsError(message if entry.origin == CALL else f"{entry.origin}: {message}")
