"""The limits of the processor `metrics`, and the settings that change them."""

from collections.abc import Mapping
from typing import NamedTuple

from chunkflow.errors import SettingsError
from chunkflow.settings.checks import show


class Limits(NamedTuple):
    """The largest figures of a function without a finding."""

    max_cyclomatic: int = 20
    """ESLint's default for `complexity`."""
    max_cognitive: int = 15
    """SonarSource's default for its rule S3776."""
    max_nesting: int = 4
    """ESLint's default for `max-depth`."""
    max_parameters: int = 7
    """SonarSource's default for its rule S107."""
    max_sloc: int = 200
    """SonarSource's default for its rule S138, in JavaScript and TypeScript."""


def read_limits(settings: Mapping[str, object]) -> Limits:
    """The defaults, as `[processors.metrics]` changes them.

    Raises:
        SettingsError: a key is not a field of `Limits`, or its value is not a whole number from 0.
    """
    changed = {key: _check(key, value) for key, value in settings.items()}
    return Limits(**changed)


def _check(key: str, value: object) -> int:
    if key not in Limits._fields:
        raise SettingsError(f'unknown setting "processors.metrics.{key}"; {_advise(key)}')
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SettingsError(
            f'"processors.metrics.{key}" must be a whole number of at least 0, not {show(value)}'
        )
    return value


def _advise(key: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only where a run ends anyway

    near = get_close_matches(key, Limits._fields, n=1, cutoff=0.5)
    known = [f'"processors.metrics.{name}"' for name in near or Limits._fields]
    return f"did you mean {known[0]}?" if near else f"there are {', '.join(known)}"
