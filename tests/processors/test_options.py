"""Which functions are told their settings."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from chunkflow.processors.options import copy_options, takes_options


class Method:
    """Functions of other kinds."""

    def told(self, chunk: object, *, options: object) -> None:
        """One with settings."""

    def __call__(self, chunk: object, options: object = None) -> None:
        """Another one."""


def handing_on(function: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(function)
    def wrapper(*args: object, **kwargs: object) -> object:
        return function(*args, **kwargs)

    return wrapper


def holding_back(function: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(function)
    def wrapper(chunk: object) -> object:
        return function(chunk, options={})

    return wrapper


FUNCTIONS: list[tuple[Any, bool]] = [
    (lambda chunk: chunk, False),
    (lambda chunk, options: chunk, True),
    (lambda chunk, options=None: chunk, True),
    (lambda chunk, *, options: chunk, True),
    (lambda chunk, other, options: chunk, True),
    (lambda options: options, False),
    (lambda chunk, options, /: chunk, False),
    (lambda chunk, *options: chunk, False),
    (lambda chunk, **options: chunk, False),
    (lambda chunk, option: chunk, False),
    (lambda: None, False),
    (Method().told, True),
    (Method(), True),
    (Method.told, True),
    (functools.partial(lambda a, chunk, options: chunk, 1), True),
    (handing_on(lambda chunk, options: chunk), True),
    (holding_back(lambda chunk, options: chunk), False),
    (dict.fromkeys, False),
    (print, False),
    (min, False),
]


@pytest.mark.parametrize(("function", "told"), FUNCTIONS)
def test_function_with_a_parameter_options_is_told(
    function: Callable[..., object], told: bool
) -> None:
    assert takes_options(function) is told


def test_each_call_is_told_the_same_whatever_the_last_one_did() -> None:
    settings: dict[str, Any] = {"names": ["a"], "deep": {"b": [1]}}
    for _ in range(2):
        options = copy_options(settings)["options"]
        assert options == {"names": ["a"], "deep": {"b": [1]}}
        options["names"].append("x")
        options["deep"]["b"].clear()
        options.clear()
    settings["names"].append("later")
    assert settings["names"] == ["a", "later"]


def test_function_without_settings_is_told_an_empty_dict() -> None:
    assert copy_options({}) == {"options": {}}
