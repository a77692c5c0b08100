"""The options of a user's function: its table `[processors."module:attr"]`."""

import copy
import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Any

_NAME = "options"


def copy_options(settings: Mapping[str, object]) -> dict[str, Any]:
    """The keyword arguments of one call; a function's changes to them end with the call."""
    return {_NAME: copy.deepcopy(dict(settings))}


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
