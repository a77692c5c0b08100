"""The single settings in each layer: in a table of a file or a call, and in the environment.

TOML allows one meaning for a name, so `processors` is either the list of what runs, or the tables
`[processors.NAME]`; next to these the list is `enabled` in `[processors]`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from chunkflow.settings.checks import SECTIONS
from chunkflow.settings.fields import Path

CALL = "call"
"""The origin of what a call or a flag gives."""

# Other variables with the prefix are ignored: commands that chunkflow starts get facts about their
# chunk in `CHUNKFLOW_*`, and may run chunkflow themselves.
_VARIABLES = {
    "CHUNKFLOW_CACHE_DIR": ("cache", "dir"),
    "CHUNKFLOW_CACHE_SIZE": ("cache", "size"),
    "CHUNKFLOW_PARALLEL_OPS": ("parallel_operations",),
}

WITHOUT_EFFECT = ("CHUNKFLOW_AUTO_OPTIMIZE",)
"""Variables that have no effect yet; one that is set is noted."""


class Entry(NamedTuple):
    """One setting as a layer gives it, not yet checked."""

    path: Path
    value: object
    origin: str

    @property
    def name(self) -> str:
        """The setting's dotted name."""
        return ".".join(self.path)


def list_table(table: Mapping[str, object], locate: Callable[[Path], str]) -> Iterator[Entry]:
    """The entries of a table of settings; `locate` says where a path stands.

    What should be a table and is not one is an entry as it is, for the checks to refuse.
    """
    for section, value in table.items():
        if section == "processors" and isinstance(value, Mapping):
            yield from _list_processors(value, locate)
        elif section in SECTIONS and isinstance(value, Mapping):
            for key, inner in value.items():
                yield Entry((section, key), inner, locate((section, key)))
        else:
            yield Entry((section,), value, locate((section,)))


def list_overrides(overrides: Mapping[str, object]) -> Iterator[Entry]:
    """The entries of a call's overrides: tables, or dotted names; None counts as not given."""
    for name, value in overrides.items():
        section, dot, key = name.partition(".")
        for entry in list_table({section: {key: value}} if dot else {name: value}, lambda _: CALL):
            if entry.value is not None or len(entry.path) == 3:
                yield entry


def list_environment(environ: Mapping[str, str]) -> Iterator[Entry]:
    """The settings in `environ`; an empty variable counts as not set."""
    for variable, path in _VARIABLES.items():
        text = environ.get(variable, "").strip()
        if text:
            # Text that is no number is left for the check to refuse.
            is_count = path == ("parallel_operations",) and text.isascii() and text.isdigit()
            yield Entry(path, int(text) if is_count and len(text) < 10 else text, variable)


def _list_processors(table: Mapping[str, object], locate: Callable[[Path], str]) -> Iterator[Entry]:
    for name, value in table.items():
        path = ("processors", name)
        if name == "enabled":
            yield Entry(path[:1], value, locate(path))
            continue
        yield Entry(path, value, locate(path))
        if isinstance(value, Mapping):
            for key, inner in value.items():
                yield Entry((*path, key), inner, locate((*path, key)))
