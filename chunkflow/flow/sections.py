"""Checks the tables `[processors.NAME]` of the settings: their names, and the keys of our own.

What a function of the user's may be told is known when it is loaded.
"""

from chunkflow.errors import SettingsError
from chunkflow.processors.table import BUILT_IN, is_built_in, load_built_in
from chunkflow.settings import Settings


def check_sections(settings: Settings) -> None:
    """Refuse a table of a processor that there is not, and a wrong key of one of ours.

    Raises:
        SettingsError: names the place and the nearest right name.
    """
    for name in settings.processor_settings:
        if is_built_in(name):
            _check_keys(name, settings)
        elif ":" not in name:
            raise SettingsError(f"{place_of(name, settings)}{_unknown(name)}")


def place_of(name: str, settings: Settings, key: str | None = None) -> str:
    """Where the table of a processor stands, or a key of it: `chunkflow.toml:3: `, or nothing."""
    path = ("processors", name) if key is None else ("processors", name, key)
    origin = settings.origin.get(".".join(path), "call")
    return "" if origin == "call" else f"{origin}: "


def _check_keys(name: str, settings: Settings) -> None:
    # One by one, so that what is wrong with a key is told with its place.
    for key, value in settings.processor_settings[name].items():
        try:
            load_built_in(name, {key: value})
        except SettingsError as exc:
            raise SettingsError(f"{place_of(name, settings, key)}{exc}") from exc


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only where a run ends anyway

    near = get_close_matches(name, BUILT_IN, n=1)
    known = f'there are {", ".join(sorted(BUILT_IN))}, and [processors."module:attr"] for your own'
    advice = f'did you mean "{near[0]}"?' if near else known
    return f'unknown processor "{name}" in [processors.{name}]; {advice}'
