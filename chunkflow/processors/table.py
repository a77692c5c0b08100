"""The table of built-in processors, and where others are found."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from chunkflow.errors import UnknownProcessor
from chunkflow.processors.protocol import Processor

# By dotted name: a run imports those that it uses.
BUILT_IN = {
    "metrics": "chunkflow.processors.metrics:Metrics",
    "chunks": "chunkflow.processors.chunks:Chunks",
}
"""Name → where its class is; made with the processor's settings."""

_NEEDED = {"metrics": ("chunkflow.processors.metrics.measurement:get_ready",)}


def load(name: str, settings: Mapping[str, object], *, root: str) -> Processor:
    """The processor of that name: a built-in, or a function of the user's as `module:attr`.

    Args:
        name: as users write it.
        settings: what `[processors.NAME]` holds.
        root: the project's root, where modules are looked for first.

    Raises:
        UnknownProcessor: there is none of that name, or its module cannot be imported.
        SettingsError: its settings are wrong.
    """
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        return cast(Processor, getattr(import_module(module), attribute)(settings))
    if ":" in name:
        from chunkflow.processors.python import load_function  # noqa: PLC0415 - few runs need it

        return load_function(name, settings, root=root)
    raise UnknownProcessor(_unknown(name))


def is_built_in(name: str) -> bool:
    """Whether a processor is ours: it then runs where it is quickest, not where it is safest."""
    return name in BUILT_IN


def preload_of(name: str) -> tuple[str, ...]:
    """What a processor of ours needs when it is called first; as `ProcessPool` is told."""
    return _NEEDED.get(name, ())


def limit_of(processor: Processor, default: int | None) -> int | None:
    """At which size a processor has declarations cut: its own, or the default if it is a user's.

    What a built-in says of a declaration, it says of all of it.
    """
    own = processor.max_chunk_bytes
    return default if own is None and not is_built_in(processor.name) else own


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - for this message alone

    near = get_close_matches(name, BUILT_IN, n=1)
    advice = f'; did you mean "{near[0]}"?' if near else ""
    known = ", ".join(sorted(BUILT_IN))
    return f'unknown processor "{name}"{advice} (there are {known}, and module:attr for your own)'
