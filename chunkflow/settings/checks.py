"""The settings that exist, and the values that each accepts."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

Check: TypeAlias = Callable[[object], Any]
"""Returns the value as `Settings` holds it; raises ValueError with what the value must be."""

_UNITS = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", start=1):
    _UNITS |= {_letter: 1000**_power, f"{_letter}b": 1000**_power, f"{_letter}ib": 1024**_power}


def _check_whole(value: object) -> int:
    # The upper end is what SQLite can hold.
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**63:
        raise ValueError("a whole number of at least 1")
    return value


def _check_size(value: object) -> int:
    try:
        return _check_whole(_parse_size(value) if isinstance(value, str) else value)
    except ValueError:
        raise ValueError('a size such as 100000, "100MB" or "64 KiB"') from None


def _parse_size(text: str) -> int:
    text = text.strip().lower()
    number = text.rstrip("bikmgt ")
    unit = text[len(number) :].strip()
    whole, _, fraction = number.partition(".")
    digits = whole + fraction
    is_decimal = bool(whole) and digits.isascii() and digits.isdigit() and len(digits) <= 20
    if unit not in _UNITS or not is_decimal:
        raise ValueError("not a size")
    scale: int = 10 ** len(fraction)
    return int(digits) * _UNITS[unit] // scale


def _check_number(value: object, *, wanted: str, zero: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(wanted)  # noqa: TRY004 - what every check raises
    if not 0 <= value < 1e12 or (value == 0 and not zero):  # refuses NaN as well
        raise ValueError(wanted)
    return float(value)


def _check_seconds(value: object) -> float:
    return _check_number(value, wanted="a number of seconds above 0")


def _check_limit(value: object) -> float | None:
    return _check_number(value, wanted="a number of seconds, or 0 for no limit", zero=True) or None


def _check_strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("a list of strings")  # noqa: TRY004 - what every check raises
    if not all(isinstance(item, str) and item for item in value):
        raise ValueError("a list of strings that are not empty")
    return tuple(dict.fromkeys(value))


def _check_directory(value: object) -> str:
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str) or not path or "\0" in path:
        raise ValueError("the path of a directory")
    return path


def _check_choice(choices: tuple[str, ...], value: object) -> str:
    if value not in choices:
        raise ValueError("one of " + ", ".join(f'"{choice}"' for choice in choices))
    return str(value)


CHECKS: Mapping[str, Check] = {
    "processors": _check_strings,
    "include": _check_strings,
    "exclude": _check_strings,
    "parallel_operations": _check_whole,
    "timeout": _check_limit,
    "memory_limit": _check_size,
    "fail_on": partial(_check_choice, ("error", "warning", "never")),
    "max_chunk_bytes": _check_size,
    "suites": _check_strings,
    "streaming_threshold_bytes": _check_size,
    "cache.dir": _check_directory,
    "cache.size": _check_size,
    "cache.l3": partial(_check_choice, ("sqlite", "diskcache")),
    "cache.ttl_s": _check_seconds,
    "cache.location": partial(_check_choice, ("project", "user")),
}
"""Dotted name → check, for every setting outside `[processors.NAME]`."""

SECTIONS = ("cache",)
"""The tables of a settings file besides `[processors.NAME]`."""


def find_nearest(name: str) -> str | None:
    """The setting that an unknown `name` most likely means, if one is similar.

    A valid key in the wrong table is similar: `size` means `cache.size`, and `cache.timeout`,
    written below `[cache]` by mistake, means `timeout`.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only where a run ends anyway

    last = name.rpartition(".")[2]
    known_names = [*CHECKS, "processors.enabled", *SECTIONS]
    for known in known_names:
        if known.rpartition(".")[2] == last:
            return known
    return next(iter(get_close_matches(name, known_names, n=1)), None)


def show(value: object) -> str:
    """Format a wrong value for a message: as in TOML, and cut to a readable length."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if len(value) <= 60 else f'"{value[:60]}…"'
        case int() | float():
            return _show_number(value)
        case Mapping():
            return "a table"
        case list() | tuple():
            items = [show(item) for item in value[:3]] + ["…"] * (len(value) > 3)
            return f"[{', '.join(items)}]"
        case _:
            return f"a {type(value).__name__}"


def _show_number(number: float) -> str:
    try:
        return str(number)
    except ValueError:
        return "a number that is too long to be shown"  # TOML may give it in hexadecimal
