"""Checks the tables `[processors.NAME]` of the settings, and says where in a file they stand."""

import json
from collections.abc import Mapping

from chunkflow.errors import SettingsError
from chunkflow.processors.table import BUILT_IN, is_built_in, load_built_in
from chunkflow.settings import Settings


def check_sections(settings: Settings) -> None:
    """Refuse tables of unknown processors, and wrong keys of built-in ones.

    The table of a user's function is checked when the function is loaded.

    Raises:
        SettingsError: names the place and the nearest valid name.
    """
    for name in settings.processor_settings:
        if is_built_in(name):
            _check_keys(name, settings)
        elif ":" not in name:
            raise SettingsError(f"{locate_table(name, settings)}{_describe_unknown(name)}")


def check_json(name: str, settings: Settings) -> None:
    """Refuse a table that cannot be sent to a worker; TOML has dates, for example.

    Raises:
        SettingsError: names the place.
    """
    try:
        json.dumps(settings.processor_settings[name])
    except (TypeError, ValueError, RecursionError) as exc:
        raise SettingsError(
            f"{locate_table(name, settings)}cannot pass the settings in [processors.{name}] to the"
            f" processor: {exc}; use strings, numbers, booleans, lists and tables"
        ) from exc


def check_takes_options(name: str, settings: Settings, *, takes_options: bool) -> None:
    """Refuse a table of a function without a parameter for it.

    Raises:
        SettingsError: names the place.
    """
    if settings.processor_settings.get(name) and not takes_options:
        place = locate_table(name, settings)
        raise SettingsError(
            f'{place}[processors."{name}"] has settings, but {name} takes none;'
            " add a parameter named options to the function, or remove the table"
        )


def locate_table(name: str, settings: Settings, key: str | None = None) -> str:
    """Where the table of a processor, or one of its keys, stands: `chunkflow.toml:3: ` or empty."""
    path = ("processors", name) if key is None else ("processors", name, key)
    return settings.locate(".".join(path))


def _check_keys(name: str, settings: Settings) -> None:
    # One by one, so that an error names the line of its key.
    table: Mapping[str, object] = settings.processor_settings[name]
    for key, value in table.items():
        try:
            load_built_in(name, {key: value})
        except SettingsError as exc:
            raise SettingsError(f"{locate_table(name, settings, key)}{exc}") from exc


def _describe_unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for an error

    near = get_close_matches(name, BUILT_IN, n=1)
    known = f'there are {", ".join(sorted(BUILT_IN))}, and [processors."module:attr"] for your own'
    advice = f'did you mean "{near[0]}"?' if near else known
    return f'unknown processor "{name}" in [processors.{name}]; {advice}'
