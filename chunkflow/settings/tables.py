"""Settings in tables, as a file or a call gives them, taken apart into single entries.

TOML allows one meaning of a name, so `processors` is either the list of what runs, or the tables
`[processors.NAME]`; next to these the list is `enabled` in `[processors]`.
"""

from collections.abc import Callable, Iterator, Mapping

from chunkflow.settings.checks import SECTIONS
from chunkflow.settings.fields import Entry, Path

CALL = "call"
"""The origin of what a call or a flag gave."""


def entries_of(table: Mapping[str, object], place: Callable[[Path], str]) -> Iterator[Entry]:
    """The entries of a whole table of settings; `place` tells where a path stands.

    What should be a table and is none comes out as it is, for the checks to refuse.
    """
    for section, value in table.items():
        if section == "processors" and isinstance(value, Mapping):
            yield from _processors(value, place)
        elif section in SECTIONS and isinstance(value, Mapping):
            for key, inner in value.items():
                yield Entry((section, key), inner, place((section, key)))
        else:
            yield Entry((section,), value, place((section,)))


def _processors(table: Mapping[str, object], place: Callable[[Path], str]) -> Iterator[Entry]:
    for name, value in table.items():
        path = ("processors", name)
        if name == "enabled":
            yield Entry(path[:1], value, place(path))
            continue
        yield Entry(path, value, place(path))
        if isinstance(value, Mapping):
            for key, inner in value.items():
                yield Entry((*path, key), inner, place((*path, key)))


def is_processor_table(entry: Entry) -> bool:
    """Whether it is a table `[processors.NAME]`, whose keys are entries of their own."""
    is_named = len(entry.path) == 2 and entry.path[0] == "processors"
    return is_named and isinstance(entry.value, Mapping)


def call_entries(overrides: Mapping[str, object]) -> Iterator[Entry]:
    """The entries of a call's overrides: tables, or dotted names; None was not given."""
    for name, value in overrides.items():
        section, dot, key = name.partition(".")
        for entry in entries_of({section: {key: value}} if dot else {name: value}, lambda _: CALL):
            if entry.value is not None or len(entry.path) == 3:
                yield entry
