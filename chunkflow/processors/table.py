"""The table of built-in processors."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

from chunkflow.errors import UnknownProcessor

if TYPE_CHECKING:
    from chunkflow.processors.protocol import BuiltIn

# By dotted name: a run imports only those that it uses.
BUILT_IN = {
    "metrics": "chunkflow.processors.metrics:Metrics",
    "chunks": "chunkflow.processors.chunks:Chunks",
}
"""Name → its class, which takes the processor's settings."""

_PRELOADS = {"metrics": ("chunkflow.processors.metrics.measurement:get_ready",)}


def load_built_in(name: str, settings: Mapping[str, object]) -> "BuiltIn":
    """Load a built-in processor by name, with its table `[processors.NAME]`.

    Raises:
        UnknownProcessor: there is none of that name.
        SettingsError: its settings are wrong.
    """
    if name not in BUILT_IN:
        raise UnknownProcessor(_describe_unknown(name))
    module, _, attribute = BUILT_IN[name].partition(":")
    return cast("BuiltIn", getattr(import_module(module), attribute)(settings))


def is_built_in(name: str) -> bool:
    """Whether a processor is built in, so that it may run in any process."""
    return name in BUILT_IN


def list_preloads(name: str) -> tuple[str, ...]:
    """What a built-in processor needs at its first call, as `preload` of `ProcessPool`."""
    return _PRELOADS.get(name, ())


def is_function(name: str) -> bool:
    """Whether a name is `module:attr`, a user's function."""
    return ":" in name and name not in BUILT_IN


def _describe_unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - for this message alone

    near = get_close_matches(name, BUILT_IN, n=1)
    advice = f'; did you mean "{near[0]}"?' if near else ""
    known = ", ".join(sorted(BUILT_IN))
    return f'unknown processor "{name}"{advice} (there are {known}, and module:attr for your own)'
