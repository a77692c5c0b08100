"""What a user's function is told besides the chunk: what `[processors."module:attr"]` holds."""

import copy
import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any

from chunkflow.errors import SettingsError

_NAME = "options"


def bind_options(
    name: str, function: Callable[..., object], settings: Mapping[str, object]
) -> Callable[[], dict[str, Any]]:
    """What makes the keyword arguments of each call of a function: `options`, if it has that.

    Each call gets a copy of its own, so that what a function does to it ends with the call.

    Raises:
        SettingsError: there are settings, and the function cannot be told of them.
    """
    if takes_options(function):
        return lambda: {_NAME: copy.deepcopy(dict(settings))}
    if settings:
        raise SettingsError(
            f'[processors."{name}"] has settings, but {name} takes none; give the function a'
            f" parameter named {_NAME}, or remove that table"
        )
    return dict


def takes_options(function: Callable[..., object]) -> bool:
    """Whether a function has a parameter `options`, apart from its first, which is the chunk."""
    try:
        _, *others = inspect.signature(function).parameters.values()
        own = inspect.signature(function, follow_wrapped=False).parameters.values()
    except (ValueError, TypeError):
        return False  # without parameters, or one of C's, which does not tell
    # Around it may be a function that hands on only some of its arguments.
    takes_any = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in own)
    return any(map(_is_options, others)) and (takes_any or any(map(_is_options, own)))


def _is_options(parameter: Parameter) -> bool:
    by_name = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    return parameter.name == _NAME and parameter.kind in by_name
