"""Copies and checks plain values that a user's function returns."""

import math
import re
from typing import NoReturn

from chunkflow.errors import ProcessorError
from chunkflow.model.finding import Finding, Outcome, Plain, Result

_MAX_DEPTH = 100
_MOST_SHOWN = 60
_MOST_DIGITS = 4300
"""Python prints no longer number, unless it is told to."""
_TOO_LARGE = 10**_MOST_DIGITS
_RESERVED = re.compile(r"\$+base64")


def copy_plain_value(value: object, where: str) -> Plain:
    """A copy of a plain value as a cache would give it back; only its bytes are still bytes.

    Tuples become lists, subclasses what they are subclasses of, and a key that looks like the one
    which stands for bytes gets one more `$`; see `Plain`.

    Raises:
        ProcessorError: it is no plain value; says where.
    """
    return _copy(value, where, 0)


def copy_text(text: str, where: str) -> str:
    """A copy of a text.

    Raises:
        ProcessorError: it holds half of a surrogate pair, which no encoding has.
    """
    text = str.__str__(text)
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        refuse(where, f"is {show(text)}, which holds a lone surrogate and cannot be encoded")
    return text


def refuse(where: str, what: str) -> NoReturn:
    """Raise the error of a wrong result: its place, as in `[0].message`, and what is wrong."""
    place = f"result{where}" if where else "what it returned"
    raise ProcessorError(f"gave a wrong result: {place} {what}")


def name_type(value: object) -> str:
    """The name of a value's type."""
    return type(value).__name__


def show(value: object) -> str:
    """A value as a message shows it: in Python's notation, cut, and whatever its class does."""
    try:
        shown = repr(value)
    except Exception:  # noqa: BLE001 - of a user's class, or a number that is too long
        return f"a {name_type(value)}"
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"


def _copy(value: object, where: str, depth: int) -> Plain:  # noqa: PLR0911 - a case a type
    if depth > _MAX_DEPTH:
        refuse(where[:40] + "…", f"is nested more than {_MAX_DEPTH} deep")
    match value:
        case Finding() | Result() | Outcome():
            _refuse_inside(value, where)
        case None | bool():
            return value
        case int():
            return _copy_int(value, where)
        case float():
            return _copy_float(value, where)
        case str():
            return copy_text(value, where)
        case bytes():
            return bytes(memoryview(value))
        case list() | tuple():
            items = enumerate(value)
            return [_copy(item, f"{where}[{index}]", depth + 1) for index, item in items]
        case dict():
            return _copy_dict(value, where, depth)
    refuse(
        where,
        f"is a {name_type(value)}; return findings, or None, bool, int, float, str, bytes,"
        " list and dict",
    )


def _refuse_inside(value: object, where: str) -> NoReturn:
    refuse(
        where,
        f"is a {name_type(value)} inside a value; return Result(findings, value) to give both",
    )


def _copy_dict(value: "dict[object, object]", where: str, depth: int) -> "dict[str, Plain]":
    table = {}
    for key, item in value.items():
        name = _copy_key(key, where)
        if name in table:
            refuse(where, f"is a dict with two keys that are {show(name)}")
        table[name] = _copy(item, f"{where}[{show(key)}]", depth + 1)
    return table


def _copy_key(key: object, where: str) -> str:
    if not isinstance(key, str):
        refuse(where, f"is a dict with the key {show(key)}; keys must be strings")
    name = copy_text(key, f"{where}[{show(key)}]")
    return f"${name}" if _RESERVED.fullmatch(name) else name


def _copy_int(value: int, where: str) -> int:
    number = int.__int__(value)
    if not -_TOO_LARGE < number < _TOO_LARGE or not _is_printable(number):
        refuse(where, "is a whole number that is too long to be printed")
    return number


def _is_printable(number: int) -> bool:
    """Whether Python prints a number; the environment may have lowered its limit."""
    try:
        return number.bit_length() < 2000 or bool(str(number))
    except ValueError:
        return False


def _copy_float(value: float, where: str) -> float:
    number = float.__float__(value)
    if not math.isfinite(number):
        refuse(where, f"is {number}, which JSON cannot hold")
    return number
