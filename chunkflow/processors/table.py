"""The table of built-in processors, and where others are found."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from chunkflow.errors import UnknownProcessor
from chunkflow.processors.protocol import BuiltIn

# By dotted name: a run imports those that it uses.
BUILT_IN = {
    "metrics": "chunkflow.processors.metrics:Metrics",
    "chunks": "chunkflow.processors.chunks:Chunks",
}
"""Name → where its class is; made with the processor's settings."""

_NEEDED = {"metrics": ("chunkflow.processors.metrics.measurement:get_ready",)}


def load_built_in(name: str, settings: Mapping[str, object]) -> BuiltIn:
    """The built-in processor of that name, with what `[processors.NAME]` holds.

    Raises:
        UnknownProcessor: there is none of that name.
        SettingsError: its settings are wrong.
    """
    if name not in BUILT_IN:
        raise UnknownProcessor(_unknown(name))
    module, _, attribute = BUILT_IN[name].partition(":")
    return cast(BuiltIn, getattr(import_module(module), attribute)(settings))


def is_built_in(name: str) -> bool:
    """Whether a processor is ours: it then runs where it is quickest, not where it is safest."""
    return name in BUILT_IN


def preload_of(name: str) -> tuple[str, ...]:
    """What a processor of ours needs when it is called first; as `ProcessPool` is told."""
    return _NEEDED.get(name, ())


def is_function(name: str) -> bool:
    """Whether a name says `module:attr`: a function of the user's."""
    return ":" in name and name not in BUILT_IN


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - for this message alone

    near = get_close_matches(name, BUILT_IN, n=1)
    advice = f'; did you mean "{near[0]}"?' if near else ""
    known = ", ".join(sorted(BUILT_IN))
    return f'unknown processor "{name}"{advice} (there are {known}, and module:attr for your own)'
