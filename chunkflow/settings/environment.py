"""The environment as a layer of settings.

Other variables with the prefix are let be: commands that chunkflow starts get facts about their
chunk in `CHUNKFLOW_*`, and may run chunkflow themselves.
"""

from collections.abc import Iterator, Mapping

from chunkflow.settings.fields import Entry

VARIABLES = {
    "CHUNKFLOW_CACHE_DIR": ("cache", "dir"),
    "CHUNKFLOW_CACHE_SIZE": ("cache", "size"),
    "CHUNKFLOW_PARALLEL_OPS": ("parallel_operations",),
}
"""Variable → the setting that it gives."""

WITHOUT_EFFECT = ("CHUNKFLOW_AUTO_OPTIMIZE",)
"""Variables that may be set though they do nothing yet."""


def entries(environ: Mapping[str, str]) -> Iterator[Entry]:
    """The settings in `environ`; an empty variable counts as not set."""
    for variable, path in VARIABLES.items():
        text = environ.get(variable, "").strip()
        if text:
            yield Entry(path, _value(path, text), variable)


def notes(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A note on each variable that is set and has no effect."""
    return tuple(
        f"{variable} has no effect yet"
        for variable in WITHOUT_EFFECT
        if environ.get(variable, "").strip()
    )


def _value(path: tuple[str, ...], text: str) -> object:
    """What the text stands for; text that makes no sense is left for the check to refuse."""
    is_count = path == ("parallel_operations",) and text.isascii() and text.isdigit()
    return int(text) if is_count and len(text) < 10 else text
