"""Parses valid, ordinary command lines without importing typer.

Importing typer takes longer than a whole run that finds all results in the cache. The values are
exactly those that typer gives; anything else, from a wrong flag to --help, is left to typer.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn, TypeVar

from chunkflow.cli.commands import CHOICE, NUMBER, SWITCH, WHOLE, Command, Option

_MOST_DIGITS = 9

A = TypeVar("A")


class _LeftToTyper(Exception):  # noqa: N818 - it never leaves this module, and is no error
    """Typer has to parse this command line."""


def parse_quickly(command: Command[A], words: Sequence[str]) -> A | None:
    """Parse the words after the command's name; None leaves them to typer."""
    given: dict[str, object] = {}
    lists: dict[str, list[object]] = {}
    try:
        for option, value in _parse(command.options, words):
            given[option.name] = value
            if option.multiple:
                given[option.name] = lists.setdefault(option.name, [])
                lists[option.name].append(value)
    except _LeftToTyper:
        return None
    if any(o.name not in given and command.default(o) is ... for o in command.options):
        return None
    return command.arguments(**given)


def _parse(options: Sequence[Option], words: Sequence[str]) -> Iterator[tuple[Option, object]]:
    by_flag = {flag: option for option in options for flag in option.flags}
    operands = next((option for option in options if not option.flags), None)
    pending = iter(words)
    for word in pending:
        if word == "--":
            yield from ((_require(operands), rest) for rest in pending)
        elif word == "-" or not word.startswith("-"):
            yield _require(operands), word
        else:
            yield _parse_flag(by_flag, word, pending)


def _parse_flag(
    by_flag: Mapping[str, Option], word: str, pending: Iterator[str]
) -> tuple[Option, object]:
    """The option that `word` names, and its value, which may be the next of `pending`."""
    flag, equals, text = word.partition("=")
    option = _require(by_flag.get(flag))
    if option.kind == SWITCH:
        return (option, True) if not equals else _give_up()
    if not equals:
        text = next(pending, "--missing")
        if text.startswith("-") and text != "-":
            _give_up()
    elif not flag.startswith("--"):
        _give_up()
    return option, _convert(option, text)


def _require(option: Option | None) -> Option:
    return _give_up() if option is None else option


def _convert(option: Option, text: str) -> object:
    """The value of a text in its plainest form."""
    if option.kind == CHOICE and text not in option.choices:
        _give_up()
    if option.kind == WHOLE:
        return int(text) if _is_digits(text) and int(text) else _give_up()
    if option.kind == NUMBER:
        whole, point, fraction = text.partition(".")
        is_plain = _is_digits(whole) and (not point or _is_digits(fraction))
        return float(text) if is_plain else _give_up()
    return text


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _give_up() -> NoReturn:
    raise _LeftToTyper
