"""The layers, laid over each other and checked."""

import os
from collections.abc import Mapping
from itertools import chain
from typing import Any

from chunkflow.errors import SettingsError
from chunkflow.settings import environment
from chunkflow.settings.checks import CHECKS, SECTIONS, nearest, show
from chunkflow.settings.fields import CacheSettings, Entry, Settings
from chunkflow.settings.file import SettingsFile, find_file, read_file
from chunkflow.settings.tables import CALL, call_entries, entries_of, is_processor_table


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
    None stands for a flag that was not given. Relative directories count from the root in a
    file, from the current directory elsewhere.

    The root is the directory of the settings file if `start` is inside it, else the top of the
    git work tree around `start`, else `start`.

    Raises:
        SettingsError: a layer cannot be read, has an unknown name or a wrong value; the message
            says where, and the nearest right name.
    """
    start = os.path.abspath(start)
    found = find_file(start) if file is None else read_file(os.fspath(file))
    root = _root(start, found)
    in_file = entries_of(found.table, found.place) if found else iter(())
    values: dict[str, Any] = {}
    tables: dict[str, dict[str, object]] = {}
    origin = dict.fromkeys(CHECKS, "default")
    for entry, fence in chain(
        ((entry, root) for entry in in_file),
        ((entry, None) for entry in chain(environment.entries(environ), call_entries(overrides))),
    ):
        if is_processor_table(entry):
            tables.setdefault(entry.path[1], {})
        elif len(entry.path) == 3:
            tables.setdefault(entry.path[1], {})[entry.path[2]] = entry.value
        else:
            values[entry.name] = _value(entry, fence)
        origin[entry.name] = entry.origin
    return _settings(root, values, tables, origin)._replace(notes=environment.notes(environ))


def _root(start: str, found: SettingsFile | None) -> str:
    folder = os.path.dirname(found.path) if found else None
    if folder and os.path.commonpath((folder, start)) == folder:
        return folder
    folder = start
    while not os.path.lexists(os.path.join(folder, ".git")):
        if folder == os.path.dirname(folder):
            return start
        folder = os.path.dirname(folder)
    return folder


def _value(entry: Entry, fence: str | None) -> Any:
    check = CHECKS.get(entry.name)
    if check is None:
        raise _unknown(entry)
    try:
        value = check(entry.value)
    except ValueError as exc:
        raise _error(entry, f'"{entry.name}" must be {exc}, not {show(entry.value)}') from exc
    return _directory(entry, value, fence) if entry.name == "cache.dir" else value


def _unknown(entry: Entry) -> SettingsError:
    known = nearest(entry.name)
    is_processor = entry.path[0] == "processors" and known != "processors.enabled"
    if is_processor or entry.name in SECTIONS:
        return _error(entry, f'"{entry.name}" must be a table, not {show(entry.value)}')
    advice = f'; did you mean "{known}"?' if known else ""
    return _error(entry, f'unknown setting "{entry.name}"{advice}')


def _error(entry: Entry, message: str) -> SettingsError:
    return SettingsError(message if entry.origin == CALL else f"{entry.origin}: {message}")


def _directory(entry: Entry, path: str, fence: str | None) -> str:
    """The cache's directory, absolute. One that a file names must be inside `fence`, the project.

    A file comes with whatever was cloned, and `cache clear` empties that directory.
    """
    if fence is None:
        return os.path.abspath(path)
    path = os.path.normpath(os.path.join(fence, path))
    real, real_fence = os.path.realpath(path), os.path.realpath(fence)
    if real == real_fence or os.path.commonpath((real, real_fence)) != real_fence:
        raise _error(
            entry,
            f'"cache.dir" must be a directory inside the project {fence}, not {show(entry.value)};'
            " for another place use CHUNKFLOW_CACHE_DIR or --cache-dir",
        )
    return path


def _settings(
    root: str,
    values: Mapping[str, Any],
    tables: Mapping[str, Mapping[str, object]],
    origin: Mapping[str, str],
) -> Settings:
    def section(name: str) -> dict[str, Any]:
        prefix = f"{name}."
        return {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}

    return Settings(
        root,
        cache=CacheSettings(**section("cache")),
        processor_settings=tables,
        origin=origin,
        **{name: value for name, value in values.items() if "." not in name},
    )
