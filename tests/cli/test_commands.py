import typing
from collections.abc import Sequence
from typing import Any

import pytest

from chunkflow.cli.commands import (
    CHOICE,
    COMMANDS,
    NUMBER,
    SWITCH,
    TEXT,
    WHOLE,
    Option,
    load_command,
)

TYPES: dict[str, type] = {TEXT: str, WHOLE: int, NUMBER: float, SWITCH: bool, CHOICE: str}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_has_an_option_of_its_type(name: str) -> None:
    command = load_command(name)
    hints = typing.get_type_hints(command.arguments)
    assert command.name == name
    assert [option.name for option in command.options] == list(hints)
    for option in command.options:
        kind: Any = TYPES[option.kind]
        kind = Sequence[kind] if option.multiple else kind
        default = command.default(option)
        assert hints[option.name] == (kind | None if default is None else kind)
        assert (option.kind == CHOICE) == bool(option.choices)
        if option.choices and default is not None:
            assert default in option.choices


def test_option_without_default_must_be_given() -> None:
    assert load_command("chunks").default(Option("files", (), "Files.")) is ...
