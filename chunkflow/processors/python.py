"""Functions of users as processors: `@processor` marks them, `module:attr` finds them."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from chunkflow.errors import ProcessorError, UnknownProcessor, UsageError
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.processors.alone import alone
from chunkflow.processors.fingerprint import fingerprint, parts_of
from chunkflow.processors.imported import imported_files
from chunkflow.processors.options import bind_options
from chunkflow.processors.outcomes import outcome_of

if TYPE_CHECKING:
    from tree_sitter import Node

CONTEXTS = ("path", "scope", "container", "imports")
"""What a processor may declare that it wants to see besides the chunk's own text."""

_Function = TypeVar("_Function", bound=Callable[[Chunk], Any])


class Spec(NamedTuple):
    """What `@processor` says of a function; it is the function's attribute `chunkflow_spec`."""

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
    """Mark a function as a processor; it stays the function it is.

    It is called with a `Chunk`, and, if it has a parameter `options`, with the dict that its table
    `[processors."module:attr"]` is. It returns None, a `Finding` or a list of them, a plain value,
    or `Result(findings, value)` for both.

    Args:
        version: to be changed when results change though the module's text does not.
        max_chunk_bytes: larger chunks are cut along their syntax first; None never cuts.
        context: what else of a chunk the function sees, of `CONTEXTS`; all else is None.
        expensive: whether a chunk is worth a task and a record of its own; then its result is found
            again wherever the chunk stands, in any file. What takes less than some 50 µs is
            quicker without: its results are kept, and found again, with the file.

    Raises:
        UsageError: an argument is not of its type, or `context` names something unknown.
    """
    spec = Spec(version, max_chunk_bytes, _checked_context(context), bool(expensive))
    if not isinstance(version, str):
        raise UsageError(f'@processor: version must be a text such as "1", not {version!r}')
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


def _checked_context(context: object) -> tuple[str, ...]:
    if isinstance(context, str) or not isinstance(context, Sequence):
        raise UsageError(f'@processor: context must be a tuple such as ("path",), not {context!r}')
    for name in context:
        if name not in CONTEXTS:
            known = ", ".join(CONTEXTS)
            raise UsageError(f"@processor: context cannot hold {name!r}; it may hold {known}")
    return tuple(name for name in CONTEXTS if name in context)


class PythonProcessor:
    """Runs a function of the user's, found as `module:attr`, on each chunk.

    A chunk on which it raises has an outcome with `error`; the others have theirs.

    Raises:
        UnknownProcessor: there is no such module, or nothing of that name in it.
        UsageError: the module cannot be imported, or what is found cannot be called.
        SettingsError: there are settings, and the function has no parameter `options`.
    """

    def __init__(self, name: str, settings: Mapping[str, object], *, root: str = ".") -> None:
        module_name, _, attribute = name.partition(":")
        module = _imported(name, module_name, root)
        self._function = _found(name, module, attribute)
        self._settings = dict(settings)
        self._arguments = bind_options(name, self._function, self._settings)
        self._files = _files_of(module, self._function)
        spec = getattr(self._function, "chunkflow_spec", None)
        self._spec = spec if isinstance(spec, Spec) else Spec()
        self.name = name
        self.version = self._spec.version
        self.context = self._spec.context
        self.max_chunk_bytes = self._spec.max_chunk_bytes
        self.expensive = self._spec.expensive

    def fingerprint(self) -> bytes:
        """Over name, version, settings, what the function declared, and source text.

        Of its module and of those of the project that it imports.
        """
        facts = {"settings": self._settings, "spec": self._spec}
        return fingerprint(self.name, self.version, facts, *self._files)

    def parts(self) -> dict[str, bytes]:
        """The settings, and the source text of all these modules."""
        return parts_of(self._settings, *self._files)

    def process(
        self,
        chunks: Sequence[Chunk],
        source: bytes,  # noqa: ARG002 - the function sees the chunk alone
        roots: Sequence["Node"],  # noqa: ARG002
    ) -> Iterator[Outcome]:
        """One outcome a chunk, in order."""
        return map(self._run, chunks)

    def _run(self, chunk: Chunk) -> Outcome:
        try:
            returned = self._function(alone(chunk, self.context), **self._arguments())
        except MemoryError:
            raise  # the pool knows whether there is a limit, and if the process can go on
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a user's function raises
            return Outcome(error=f'processor "{self.name}" raised {_told(exc, self._files)}')
        try:
            return outcome_of(returned, chunk)
        except ProcessorError as exc:
            return Outcome(error=f'processor "{self.name}" {exc}')


def load_function(name: str, settings: Mapping[str, object], *, root: str) -> PythonProcessor:
    """The function `module:attr` as a processor; see `PythonProcessor` for what it raises."""
    return PythonProcessor(name, settings, root=root)


def _imported(name: str, module_name: str, root: str) -> ModuleType:
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        return import_module(module_name)
    except (Exception, SystemExit) as exc:  # whatever a user's module does
        missing = exc.name if isinstance(exc, ModuleNotFoundError) else None
        if missing and f"{module_name}.".startswith(f"{missing}."):
            raise UnknownProcessor(
                f'there is no module "{missing}" for processor "{name}"; it is looked for in {root}'
                " and PYTHONPATH"
            ) from exc
        raise UsageError(
            f'cannot load processor "{name}": importing {module_name} raised {_told(exc, ())}'
        ) from exc


def _found(name: str, module: ModuleType, attribute: str) -> Callable[[Chunk], object]:
    function = getattr(module, attribute, None)
    if callable(function):
        return function  # type: ignore[no-any-return]
    if function is not None:
        kind = type(function).__name__
        raise UsageError(f'processor "{name}" is a {kind}, which cannot be called with a chunk')
    from difflib import get_close_matches  # noqa: PLC0415 - only where a run ends anyway

    public = [key for key, value in vars(module).items() if callable(value)]
    near = get_close_matches(attribute, public, n=1)
    advice = f'; did you mean "{module.__name__}:{near[0]}"?' if near else ""
    raise UnknownProcessor(f'there is no "{attribute}" in {module.__name__}{advice}')


def _files_of(module: ModuleType, function: object) -> tuple[str, ...]:
    """The files that make a function what it is.

    Those of the named module, of the one that it was written in, and of all of the user's own that
    these import.
    """
    origin = sys.modules.get(getattr(function, "__module__", None) or "")
    named = [found for found in (module, origin) if found is not None]
    own = (getattr(found, "__file__", None) for found in named)
    files = (file for found in named for file in imported_files(found))
    return tuple(dict.fromkeys(file for file in (*own, *files) if file))


def _told(exc: BaseException, files: Sequence[str]) -> str:
    """Type, message and place of an exception, the place in one of the files if it can be."""
    try:
        said = str(exc)
    except Exception:  # noqa: BLE001 - an exception of a user's own may fail at that too
        said = ""
    place = _place(exc.__traceback__, files)
    return f"{type(exc).__name__}{': ' if said else ''}{said}{place}"


def _place(trace: TracebackType | None, files: Sequence[str]) -> str:
    places = []
    while trace is not None:
        places.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    # The first of all is ours.
    own = [place for place in places if place[0] in files] or places[1:]
    return f" (line {own[-1][1]} of {own[-1][0]})" if own else ""
