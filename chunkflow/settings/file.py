"""The settings file: which one counts, what it holds, and on which line."""

import os
from typing import Any, NamedTuple

from chunkflow.errors import SettingsError
from chunkflow.settings.checks import show
from chunkflow.settings.fields import Path

_TABLE: Path = ("tool", "chunkflow")


class SettingsFile(NamedTuple):
    """A settings file that was read; its values are not yet checked."""

    path: str
    """Absolute."""
    shown: str
    """As messages name it: relative to the current directory where it is inside that."""
    table: dict[str, Any]
    lines: dict[Path, int]
    """Path of a key → its line."""

    def place(self, path: Path) -> str:
        """Where a setting stands, as `chunkflow.toml:3`; of a table, its header or first key."""
        return f"{self.shown}:{self._line(path)}"

    def _line(self, path: Path) -> int:
        if path in self.lines:
            return self.lines[path]
        for key, line in self.lines.items():
            if key[: len(path)] == path:
                return line
        # Inside an inline table, which stands on one line.
        return self._line(path[:-1]) if path else 1


def find_file(start: str) -> SettingsFile | None:
    """The nearest settings file in `start` (absolute) or above.

    In one directory, chunkflow.toml goes before pyproject.toml, and a pyproject.toml without
    `[tool.chunkflow]` is passed by.

    Raises:
        SettingsError: it cannot be read, or is not TOML.
    """
    folder = start
    while True:
        for name in ("chunkflow.toml", "pyproject.toml"):
            path = os.path.join(folder, name)
            # A FIFO of that name would hang whoever opens it.
            found = _read(path) if os.path.isfile(path) else None
            if found is not None:
                return found
        if folder == os.path.dirname(folder):
            return None
        folder = os.path.dirname(folder)


def read_file(path: str) -> SettingsFile:
    """The settings file at `path`, which was asked for by name.

    Raises:
        SettingsError: it is not there, cannot be read, is not TOML, or is a pyproject.toml
            without `[tool.chunkflow]`.
    """
    path = os.path.abspath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise SettingsError(f"cannot read {_shown(path)}: it is not a file; name a settings file")
    found = _read(path)
    if found is None:
        raise SettingsError(f"{_shown(path)}: there is no [tool.chunkflow] in it; add that table")
    return found


def _read(path: str) -> SettingsFile | None:
    shown = _shown(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as exc:
        raise SettingsError(f"cannot read {shown}: {exc.strerror}") from exc
    is_shared = os.path.basename(path) == "pyproject.toml"
    if is_shared and b"chunkflow" not in data:
        return None  # saves the import of tomllib; what else is wrong in it, others will say
    from chunkflow.settings.lines import lines_of_keys  # noqa: PLC0415 - as tomllib below

    text = _decode(data, shown)
    table, lines = _parse(text, shown), lines_of_keys(text)
    if not is_shared:
        return SettingsFile(path, shown, table, lines)
    inner = _inner_table(table)
    if inner is None:
        return None
    depth = len(_TABLE)
    inner_lines = {key[depth:]: line for key, line in lines.items() if key[:depth] == _TABLE}
    if not isinstance(inner, dict):
        line = inner_lines.get((), 1)
        raise SettingsError(f'{shown}:{line}: "tool.chunkflow" must be a table, not {show(inner)}')
    return SettingsFile(path, shown, inner, inner_lines)


def _inner_table(table: dict[str, Any]) -> object:
    """What `[tool.chunkflow]` holds, be it a table or not; None where there is no such name."""
    tools = table.get(_TABLE[0])
    return tools.get(_TABLE[1]) if isinstance(tools, dict) else None


def _decode(data: bytes, shown: str) -> str:
    try:
        # TOML's own line ends; a lone carriage return is for tomllib to refuse.
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise SettingsError(f"{shown}:{line}: not UTF-8; save the file as UTF-8") from exc


def _parse(text: str, shown: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - 10 ms that a run without a settings file saves

    try:
        return tomllib.loads(text)
    except RecursionError as exc:
        raise SettingsError(f"{shown}: not valid TOML: nested too deeply") from exc
    except ValueError as exc:
        raise SettingsError(_syntax_message(str(exc), text, shown)) from exc


def _syntax_message(message: str, text: str, shown: str) -> str:
    """The message of tomllib with its place in front, as `file:line:column: …`."""
    problem, _, place = message.partition(" (at ")
    numbers = [int(word) for word in place.rstrip(")").replace(",", "").split() if word.isdigit()]
    lines = text.split("\n")
    line, column = numbers if len(numbers) == 2 else (len(lines), len(lines[-1]) + 1)
    advice = ""
    if problem.startswith("Cannot") and "processors" in "".join(lines[line - 1 : line]):
        # The one clash that TOML itself makes of two names of ours.
        advice = "; next to [processors.NAME], write [processors] and enabled = [...]"
    return f"{shown}:{line}:{column}: not valid TOML: {problem}{advice}"


def _shown(path: str) -> str:
    """An absolute path as messages name it: relative to the current directory if inside it."""
    inside = os.path.join(os.getcwd(), "")
    return path.removeprefix(inside)
