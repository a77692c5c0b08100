"""Finds and reads the settings file, with the line of each key."""

import os
from typing import Any, NamedTuple

from chunkflow.errors import SettingsError, describe_os_error
from chunkflow.settings.checks import show
from chunkflow.settings.fields import Path

_TABLE: Path = ("tool", "chunkflow")


class SettingsFile(NamedTuple):
    """A settings file; its values are not yet checked."""

    path: str
    """Absolute."""
    shown: str
    """The path in messages: relative to the current directory if inside it."""
    table: dict[str, Any]
    lines: dict[Path, int]
    """Path of a key → its line."""

    def locate(self, path: Path) -> str:
        """The place of a setting, as `chunkflow.toml:3`; of a table, its header or first key."""
        return f"{self.shown}:{self._find_line(path)}"

    def _find_line(self, path: Path) -> int:
        if path in self.lines:
            return self.lines[path]
        for key, line in self.lines.items():
            if key[: len(path)] == path:
                return line
        # Inside an inline table, which stands on one line.
        return self._find_line(path[:-1]) if path else 1


def find_file(start: str) -> SettingsFile | None:
    """The nearest settings file in `start` (absolute) or above.

    In one directory, chunkflow.toml takes precedence over pyproject.toml; a pyproject.toml without
    `[tool.chunkflow]` is skipped.

    Raises:
        SettingsError: it cannot be read, or is not TOML.
    """
    folder = start
    while True:
        for name in ("chunkflow.toml", "pyproject.toml"):
            path = os.path.join(folder, name)
            # Opening a FIFO of that name would hang.
            found = _read(path) if os.path.isfile(path) else None
            if found is not None:
                return found
        if folder == os.path.dirname(folder):
            return None
        folder = os.path.dirname(folder)


def read_file(path: str) -> SettingsFile:
    """Read the settings file at `path`, which the user named.

    Raises:
        SettingsError: it does not exist, cannot be read, is not TOML, or is a pyproject.toml
            without `[tool.chunkflow]`.
    """
    path = os.path.abspath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise SettingsError(f"cannot read {_shorten(path)}: it is not a file; name a settings file")
    found = _read(path)
    if found is None:
        raise SettingsError(f"{_shorten(path)}: it has no table [tool.chunkflow]; add one")
    return found


def _read(path: str) -> SettingsFile | None:
    shown = _shorten(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as exc:
        raise SettingsError(f"cannot read {shown}: {describe_os_error(exc)}") from exc
    is_shared = os.path.basename(path) == "pyproject.toml"
    if is_shared and b"chunkflow" not in data:
        return None  # saves the import of tomllib; other tools report what else is wrong
    from chunkflow.settings.lines import find_key_lines  # noqa: PLC0415 - as tomllib below

    text = _decode(data, shown)
    table, lines = _parse(text, shown), find_key_lines(text)
    if not is_shared:
        return SettingsFile(path, shown, table, lines)
    inner = _find_inner_table(table)
    if inner is None:
        return None
    depth = len(_TABLE)
    inner_lines = {key[depth:]: line for key, line in lines.items() if key[:depth] == _TABLE}
    if not isinstance(inner, dict):
        line = inner_lines.get((), 1)
        raise SettingsError(f'{shown}:{line}: "tool.chunkflow" must be a table, not {show(inner)}')
    return SettingsFile(path, shown, inner, inner_lines)


def _find_inner_table(table: dict[str, Any]) -> object:
    """The value of `[tool.chunkflow]`, a table or not; None if there is no such name."""
    tools = table.get(_TABLE[0])
    return tools.get(_TABLE[1]) if isinstance(tools, dict) else None


def _decode(data: bytes, shown: str) -> str:
    try:
        # TOML's line ends; tomllib refuses a lone carriage return.
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise SettingsError(f"{shown}:{line}: not UTF-8; save the file as UTF-8") from exc


def _parse(text: str, shown: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - 10 ms, only with a settings file

    try:
        return tomllib.loads(text)
    except RecursionError as exc:
        raise SettingsError(f"{shown}: not valid TOML: nested too deeply") from exc
    except ValueError as exc:
        raise SettingsError(_build_syntax_message(str(exc), text, shown)) from exc


def _build_syntax_message(message: str, text: str, shown: str) -> str:
    """The message of tomllib with the place in front, as `file:line:column: …`."""
    problem, _, place = message.partition(" (at ")
    numbers = [int(word) for word in place.rstrip(")").replace(",", "").split() if word.isdigit()]
    lines = text.split("\n")
    line, column = numbers if len(numbers) == 2 else (len(lines), len(lines[-1]) + 1)
    advice = ""
    if problem.startswith("Cannot") and "processors" in "".join(lines[line - 1 : line]):
        # The one clash of two of our names that TOML itself reports.
        advice = "; next to [processors.NAME], write [processors] and enabled = [...]"
    return f"{shown}:{line}:{column}: not valid TOML: {problem}{advice}"


def _shorten(path: str) -> str:
    """An absolute path for messages: relative to the current directory if inside it."""
    inside = os.path.join(os.getcwd(), "")
    return path.removeprefix(inside)
