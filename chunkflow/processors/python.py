"""Runs functions of the user's, found as `module:attr`; in worker processes only."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from inspect import unwrap
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING

from chunkflow.errors import ProcessorError, UnknownProcessor, UsageError
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.processors.code import CodeLog
from chunkflow.processors.declaration import Spec
from chunkflow.processors.description import Description
from chunkflow.processors.options import copy_options, takes_options
from chunkflow.processors.outcomes import build_outcome
from chunkflow.processors.process_state import ProcessState, undo_import_effects
from chunkflow.processors.static_imports import find_reachable_units

if TYPE_CHECKING:
    from tree_sitter import Node


class PythonProcessor:
    """Calls a function of the user's on each chunk.

    A chunk on which it raises has an outcome with `error`; the others have theirs. An outcome is
    uncertain from the moment on that the function has loaded code which is not in its key.

    Args:
        name: `module:attr`.
        settings: what `[processors.NAME]` holds.
        root: the project's root, where modules are looked for first.
        log: notes what the process imports; it must be installed.
        described: what the run knows of the function; None to find that out.

    Raises:
        UnknownProcessor: there is no such module, or nothing of that name in it.
        UsageError: the module cannot be imported, what is found cannot be called, or it is not as
            it was described.
    """

    alone = True

    def __init__(
        self,
        name: str,
        settings: Mapping[str, object],
        *,
        root: str,
        log: CodeLog,
        described: Description | None = None,
    ) -> None:
        self.name = name
        self._log = log
        self._settings = dict(settings)
        self._state: ProcessState | None = None
        self.is_spoiled = False
        self._unknown: dict[str, str] = {}
        self._known_names: set[str] = set()
        module_name, _, attribute = name.partition(":")
        _start_counting(log, described, module_name)
        pid = os.getpid()
        try:
            with log.note_imports():
                module = _import(name, module_name, root, log)
                self._function = _find_function(name, module, attribute)
        finally:
            if os.getpid() != pid:  # the module forked, and its child came back instead of ending
                os._exit(0)
        undo_import_effects()
        self.description = self._describe() if described is None else described
        self.version = self.description.version
        self.context = self.description.context
        self.max_chunk_bytes = self.description.max_chunk_bytes
        self.expensive = self.description.expensive
        if described is not None:
            self._check_unchanged(described)

    def process(
        self,
        chunks: Sequence[Chunk],
        source: bytes,  # noqa: ARG002 - the function sees the chunk alone
        roots: Sequence["Node"],  # noqa: ARG002
    ) -> Iterator[Outcome]:
        """One outcome a chunk, in order."""
        return map(self._run, chunks)

    @property
    def unknown_code(self) -> Mapping[str, str]:
        """Code that was loaded and is not in the key: name → the file that stands for it."""
        return self._unknown

    def _run(self, chunk: Chunk) -> Outcome:
        outcome = self._call(chunk)
        if self._log.has_news:
            self._note_code()
        return outcome._replace(is_certain=False) if self._unknown else outcome

    def _call(self, chunk: Chunk) -> Outcome:
        if self._state is None:
            self._state = ProcessState()
        options = copy_options(self._settings) if self.description.takes_options else {}
        try:
            with self._log.note_imports():
                returned = self._function(chunk, **options)
        except MemoryError:
            raise  # the pool knows whether there is a limit, and if the process can go on
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a user's function raises
            said = _describe_exception(exc, self._log)
            return Outcome(error=f'processor "{self.name}" raised {said}')
        finally:
            self.is_spoiled = not self._state.restore() or self.is_spoiled
        try:
            return build_outcome(returned, chunk)
        except ProcessorError as exc:
            return Outcome(error=f'processor "{self.name}" {exc}')

    def _note_code(self) -> None:
        """Note what was imported that the key does not have as it is now."""
        log, known = self._log, self.description.code
        names = log.compiled | (log.imported - self._known_names)
        found = [unit for name in names for unit in log.find_units(name)] + log.find_opened_units()
        late = {unit.name for unit in found if unit.name not in known}
        if late:
            # And with it whatever it may import in its turn.
            found += find_reachable_units(names, log).values()
        for unit in found:
            if known.get(unit.name) != unit.digest:
                self._unknown[unit.name] = unit.path
        self._known_names |= names
        log.forget()

    def _describe(self) -> Description:
        spec = _get_spec(self._function)
        packages = [self.name.partition(":")[0], *_list_origins(self._function)]
        for package in packages:
            self._log.count_modules(package.partition(".")[0])
        names = self._log.imported | self._log.compiled | set(packages)
        opened = self._log.find_opened_units()
        units = [*find_reachable_units(names, self._log).values(), *opened]
        code = {unit.name: unit.digest for unit in units}
        return Description(
            self.name,
            spec.version,
            spec.max_chunk_bytes,
            spec.context,
            spec.expensive,
            takes_options(self._function),
            dict(sorted(code.items())),
            tuple(sorted(self._log.packages)),
        )

    def _check_unchanged(self, described: Description) -> None:
        self._note_code()
        spec = (self.name, *_get_spec(self._function), takes_options(self._function))
        if spec != described.declared or not self._unknown.keys().isdisjoint(described.code):
            raise UsageError(f'processor "{self.name}" has just been changed; run again')


def _start_counting(log: CodeLog, described: Description | None, module_name: str) -> None:
    log.forget()
    packages = (module_name.partition(".")[0],) if described is None else described.packages
    for package in packages:
        log.count_modules(package)


def _get_spec(function: object) -> Spec:
    spec = getattr(function, "chunkflow_spec", None)
    return spec if isinstance(spec, Spec) else Spec()


def _list_origins(function: Callable[..., object]) -> list[str]:
    """Names of the modules that a function was written in, behind what is wrapped around it."""
    found = (function, type(function), getattr(function, "func", None), unwrap(function))
    names = (getattr(one, "__module__", None) for one in found)
    return [name for name in names if isinstance(name, str) and name in sys.modules]


def _import(name: str, module_name: str, root: str, log: CodeLog) -> ModuleType:
    if module_name == "__main__":
        raise UsageError(
            f'cannot load processor "{name}": other processes cannot import what a script or a'
            " notebook defines; move it into a module"
        )
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
        failure = f'cannot load processor "{name}": importing {module_name} raised'
        raise UsageError(f"{failure} {_describe_exception(exc, log)}") from exc


def _find_function(name: str, module: ModuleType, attribute: str) -> Callable[[Chunk], object]:
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


def _describe_exception(exc: BaseException, log: CodeLog) -> str:
    """Type, message and place of an exception; the place in the user's own code if it can be."""
    try:
        said = str(exc)
    except Exception:  # noqa: BLE001 - an exception of a user's own may fail at that too
        said = ""
    place = _locate(exc.__traceback__, log)
    return f"{type(exc).__name__}{': ' if said else ''}{said}{place}"


def _locate(trace: TracebackType | None, log: CodeLog) -> str:
    places = []
    while trace is not None:
        frame = trace.tb_frame
        places.append(
            (frame.f_globals.get("__name__", ""), frame.f_code.co_filename, trace.tb_lineno)
        )
        trace = trace.tb_next
    # The first of all is ours, and what imports code is nobody's.
    shown = [(path, line) for name, path, line in places[1:] if not path.startswith("<")]
    own = [(path, line) for name, path, line in places if log.is_own(name, path)]
    path, line = next(reversed([p for p in own if not p[0].startswith("<")] or shown), ("", 0))
    return f" (line {line} of {path})" if path else ""
