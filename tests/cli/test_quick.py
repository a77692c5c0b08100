"""The quick parser agrees with typer, or leaves the command line to it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.cli import app
from chunkflow.cli.commands import (
    CHOICE,
    COMMANDS,
    NUMBER,
    SWITCH,
    WHOLE,
    Command,
    Option,
    load_command,
)
from chunkflow.cli.quick import parse_quickly

RIGHT = {WHOLE: ["1", "8", "08"], NUMBER: ["0", "1", "2.5", "007"]}
TEXTS = ["a.ts", "a,b", "", "-", "a=b", "ü\udcff", "text", "x y"]
WRONG = {
    CHOICE: ["", "TEXT", "tex", "x"],
    WHOLE: ["0", "-1", "+1", " 1", "1_0", "1.0", "x", "", "9" * 12],
    NUMBER: ["2.", ".5", "-1", "1e3", "nan", "inf", "1_0.5", "x", ""],
}
ODD = ["--", "-x", "-qv", "-0q", "-q=1", "--form", "--help", "-h", "--no-quiet", "--=a", "-=", "-1"]


def by_typer(name: str, words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The arguments that typer finds; None if it ends otherwise."""
    seen: list[Any] = []

    def run(arguments: object) -> int:
        seen.append(arguments)
        return 0

    monkeypatch.setattr(app, "load_command", lambda name: load_command(name)._replace(run=run))
    app.run_app([*name.split(), *words])
    return seen[0] if seen else None


def use_of(option: Option, values: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """One use of an option, with one of the values."""
    value = st.sampled_from(values)
    if not option.flags:
        return value.map(lambda text: [text])
    flag = st.sampled_from(option.flags)
    if option.kind == SWITCH:
        return flag.map(lambda text: [text])
    joined = st.builds(lambda f, v: [f"{f}={v}"], flag, value)
    return joined | st.builds(lambda f, v: [f, v], flag, value)


def odd_use_of(option: Option) -> st.SearchStrategy[list[str]]:
    """One use of an option that is wrong, or looks so."""
    wrong = use_of(option, WRONG.get(option.kind, ["--", "-q", "-1", "--quiet"]))
    cut = [[flag] for flag in option.flags] + [[f"{flag}=1"] for flag in option.flags]
    return wrong | st.sampled_from(cut) if cut else wrong


@st.composite
def command_lines(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A command's name, and words most of which are right."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    options = load_command(name).options
    right = [use_of(o, o.choices or RIGHT.get(o.kind, TEXTS)) for o in options]
    odd = [st.sampled_from(ODD).map(lambda word: [word]), *map(odd_use_of, options)]
    parts = draw(st.lists(st.one_of(right), max_size=4))
    parts += draw(st.lists(st.one_of(odd), max_size=1))
    return name, [word for part in draw(st.permutations(parts)) for word in part]


def check_agreement(name: str, words: Sequence[str]) -> None:
    """Either the quick parser leaves the words to typer, or typer finds the same in them."""
    quick = parse_quickly(load_command(name), words)
    if quick is not None:
        with pytest.MonkeyPatch.context() as patch:
            assert by_typer(name, words, patch) == quick


@given(command_lines())
def test_what_it_accepts_typer_takes_for_the_same(line: tuple[str, list[str]]) -> None:
    check_agreement(*line)


@pytest.mark.parametrize(
    ("flag", "values"),
    [
        ("--format", ["json", *WRONG[CHOICE]]),
        ("--jobs", [*RIGHT[WHOLE], *WRONG[WHOLE]]),
        ("--timeout", [*RIGHT[NUMBER], *WRONG[NUMBER]]),
        ("--output", [*TEXTS, "--", "-q", "--quiet"]),
        ("--quiet", ["", "1", "true"]),
        ("-0", ["", "1"]),
    ],
)
def test_every_value_is_the_one_that_typer_gives(flag: str, values: list[str]) -> None:
    for value in values:
        check_agreement("optimize-files", [f"{flag}={value}"])
        check_agreement("optimize-files", [flag, value])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {}),
        (["src", "a.ts"], {"paths": ["src", "a.ts"]}),
        (["src", "-q", "a.ts", "--verbose"], {"paths": ["src", "a.ts"], "quiet": True}),
        (["--files=a.ts,b.ts", "--files", "c.ts"], {"files": ["a.ts,b.ts", "c.ts"]}),
        (["--files-from", "-", "-0"], {"listed": "-", "null": True}),
        (["--jobs", "3", "--jobs=4", "--timeout", "2.5"], {"jobs": 4, "timeout": 2.5}),
        (["--format=json", "--fail-on", "never"], {"format": "json", "fail_on": "never"}),
        (["--output=", "--", "-q", "--"], {"output": "", "paths": ["-q", "--"]}),
        (["--processor", "metrics", "--processor=a:b"], {"processor": ["metrics", "a:b"]}),
        (["--memory-limit", "512 MB"], {"memory_limit": "512 MB"}),
    ],
)
def test_plain_command_lines_are_taken_apart(words: list[str], expected: dict[str, Any]) -> None:
    arguments = parse_quickly(load_command("optimize-files"), words)
    assert arguments is not None
    assert {**arguments._asdict(), **expected} == arguments._asdict()


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["-h"],
        ["--unknown"],
        ["--form", "json"],
        ["--format", "yaml"],
        ["--format"],
        ["--quiet=yes"],
        ["-qv"],
        ["--jobs", "0"],
        ["--jobs", "many"],
        ["--timeout", "-1"],
        ["--output", "--quiet"],
    ],
)
def test_anything_else_is_left_to_typer(words: list[str]) -> None:
    assert parse_quickly(load_command("optimize-files"), words) is None


def test_operand_that_must_be_given_is_missed() -> None:
    assert parse_quickly(load_command("chunks"), ["--format", "json"]) is None
    assert parse_quickly(load_command("chunks"), ["a.ts"]) is not None


class Counted(NamedTuple):
    """What a command with a short flag takes."""

    number: int = 1


def test_value_that_is_joined_to_a_short_flag_is_left_to_typer() -> None:
    option = Option("number", ("-n",), "How many.", WHOLE)
    command = Command("count", lambda arguments: arguments.number, Counted, (option,))
    assert parse_quickly(command, ["-n", "2"]) == Counted(2)
    assert parse_quickly(command, ["-n=2"]) is None
    assert parse_quickly(command, ["-n2"]) is None
    assert parse_quickly(command, ["a"]) is None
