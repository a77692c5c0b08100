"""`@processor` marks a user's function as a processor, and declares how to call it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from chunkflow.errors import UsageError
from chunkflow.model.chunk import Chunk

CONTEXTS = ("path", "scope", "container", "imports")
"""What a processor can declare to see besides the chunk's own text."""

_Function = TypeVar("_Function", bound=Callable[[Chunk], Any])


class Spec(NamedTuple):
    """What `@processor` declares; the function's attribute `chunkflow_spec`."""

    version: str = "1"
    max_chunk_bytes: int | None = None
    context: tuple[str, ...] = ()
    expensive: bool = True


def processor(
    *,
    version: str = "1",
    max_chunk_bytes: int | None = None,
    context: Sequence[str] = (),
    expensive: bool = True,
) -> Callable[[_Function], _Function]:
    """Mark a function as a processor; the function itself does not change.

    It is called with a `Chunk` and, if it has a parameter `options`, with its table
    `[processors."module:attr"]` as a dict. It returns None, a `Finding` or a list of them, a plain
    value, or `Result(findings, value)` for both.

    Args:
        version: change it when results change although the module's text does not.
        max_chunk_bytes: cut larger chunks along their syntax first; None never cuts.
        context: what the function sees besides the text, of `CONTEXTS`; all else is None.
        expensive: whether each chunk gets a task and a record of its own. Its result is then
            found again wherever the chunk stands, in any file. A function that takes less than
            about 50 µs is faster without: its results are stored with the file.

    Raises:
        UsageError: an argument has the wrong type, or `context` has an unknown name.
    """
    spec = Spec(version, max_chunk_bytes, _check_context(context), bool(expensive))
    if not isinstance(version, str):
        raise UsageError(f'@processor: version must be a string such as "1", not {version!r}')
    if max_chunk_bytes is not None and not _is_size(max_chunk_bytes):
        raise UsageError(
            f"@processor: max_chunk_bytes must be a whole number above 0, not {max_chunk_bytes!r}"
        )

    def mark(function: _Function) -> _Function:
        function.chunkflow_spec = spec  # type: ignore[attr-defined]
        return function

    return mark


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _check_context(context: object) -> tuple[str, ...]:
    if isinstance(context, str) or not isinstance(context, Sequence):
        raise UsageError(f'@processor: context must be a tuple such as ("path",), not {context!r}')
    for name in context:
        if name not in CONTEXTS:
            known = ", ".join(CONTEXTS)
            raise UsageError(f"@processor: context cannot hold {name!r}; it may hold {known}")
    return tuple(name for name in CONTEXTS if name in context)
