"""A parser for right and unremarkable command lines, which spares them the import of typer.

Importing typer takes longer than a whole run that finds all results in the cache. So whatever is
plainly right is taken apart here, with the very values that typer gives; anything else, from a
wrong flag to a cry for help, is left to typer.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn, TypeVar

from chunkflow.cli.options import CHOICE, NUMBER, SWITCH, WHOLE, Command, Option

_MOST_DIGITS = 9

A = TypeVar("A")


class _Remarkable(Exception):  # noqa: N818 - it never leaves this module, and is no error
    """Typer has to see this command line."""


def quick_arguments(command: Command[A], words: Sequence[str]) -> A | None:
    """The arguments in `words`, which follow the command's name; None leaves them to typer."""
    given: dict[str, object] = {}
    lists: dict[str, list[object]] = {}
    try:
        for option, value in _values(command.options, words):
            given[option.name] = value
            if option.multiple:
                given[option.name] = lists.setdefault(option.name, [])
                lists[option.name].append(value)
    except _Remarkable:
        return None
    if any(o.name not in given and command.default(o) is ... for o in command.options):
        return None
    return command.arguments(**given)


def _values(options: Sequence[Option], words: Sequence[str]) -> Iterator[tuple[Option, object]]:
    by_flag = {flag: option for option in options for flag in option.flags}
    operands = next((option for option in options if not option.flags), None)
    pending = iter(words)
    for word in pending:
        if word == "--":
            yield from ((_known(operands), rest) for rest in pending)
        elif word == "-" or not word.startswith("-"):
            yield _known(operands), word
        else:
            yield _flagged(by_flag, word, pending)


def _flagged(
    by_flag: Mapping[str, Option], word: str, pending: Iterator[str]
) -> tuple[Option, object]:
    """The option that begins with `word`, and its value; a value of its own is the next word."""
    flag, equals, text = word.partition("=")
    option = _known(by_flag.get(flag))
    if option.kind == SWITCH:
        return (option, True) if not equals else _give_up()
    if not equals:
        text = next(pending, "--missing")
        if text.startswith("-") and text != "-":
            _give_up()
    elif not flag.startswith("--"):
        _give_up()
    return option, _converted(option, text)


def _known(option: Option | None) -> Option:
    return _give_up() if option is None else option


def _converted(option: Option, text: str) -> object:
    """The value that a text stands for; only in its plainest form."""
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
    raise _Remarkable
