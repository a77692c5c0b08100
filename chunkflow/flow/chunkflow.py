"""ChunkFlow: a project, its settings and its cache, as one object."""

import functools
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeAlias, TypeVar

from chunkflow.errors import UsageError
from chunkflow.flow.opening import Cache, Callbacks, load_all
from chunkflow.flow.pools import Pools
from chunkflow.model.report import Report, ResourceMetrics
from chunkflow.performance.usage import cpu_seconds, peak_memory_bytes
from chunkflow.processors.table import is_built_in
from chunkflow.settings import Settings, load_settings

if TYPE_CHECKING:
    from chunkflow.cache.tiers import Tiers
    from chunkflow.engine.options import RunOptions
    from chunkflow.flow.caching import CacheStats, Collected
    from chunkflow.flow.running import Found
    from chunkflow.flow.selection import Selection
    from chunkflow.model.explanation import FileExplanation
    from chunkflow.model.verification import Verification

_FEW_FILES = 50

Path: TypeAlias = str | os.PathLike[str]

P = ParamSpec("P")
R = TypeVar("R")


def _delivering(
    method: "Callable[Concatenate[ChunkFlow, P], R]",
) -> "Callable[Concatenate[ChunkFlow, P], R]":
    """Make a method deliver, when it is done, the warnings that arose meanwhile.

    Where other threads might fork, it first loads all that might be imported later.
    """

    @functools.wraps(method)
    def call(self: "ChunkFlow", /, *args: P.args, **kwargs: P.kwargs) -> R:
        if threading.active_count() > 1:
            load_all()
        try:
            return method(self, *args, **kwargs)
        finally:
            self._callbacks.deliver()

    return call


class ChunkFlow:
    """Runs processors over a project's files, and never twice on the same chunk.

    Use it as a context manager, or call `close`. It may be used from several threads.

        with ChunkFlow(root=".") as flow:
            report = flow.optimize_files(["src"], processors=["metrics"])
    """

    def __init__(
        self,
        root: Path = ".",
        *,
        settings_file: Path | None = None,
        cache: bool | Mapping[str, object] = True,
        on_warning: Callable[[str], None] | None = None,
        owns_process: bool = False,
        **overrides: object,
    ) -> None:
        """Read the settings; the cache is opened when it is first needed.

        Args:
            root: a directory in the project; settings are looked for from there upward.
            settings_file: the settings file to use instead.
            cache: whether results are looked up and kept; or settings of the cache, as in
                `{"dir": "/tmp/results", "size": "100 MB"}`.
            on_warning: told what went wrong without ending the run; may be called from any thread.
                Like every callback it may use this object. What one raises is a warning, once, and
                ends nothing; what is no `Exception`, such as KeyboardInterrupt, is let through.
            owns_process: whether nothing goes on in this process but one run, as from the command
                line. Then others may be forked from it, where that is safe, and memory holds
                nothing that the store has: both make the run quicker.
            **overrides: settings by name, above every file and the environment; a section is a
                table, as in `processors={"metrics": {"max_sloc": 60}}`. None is not given.

        Raises:
            UsageError: `root` is not a directory.
            SettingsError: a setting is wrong.
        """
        self._cwd = _directory(root)
        if isinstance(cache, Mapping):
            overrides["cache"] = cache
        self.settings: Settings = load_settings(
            self._cwd, file=settings_file, environ=os.environ, overrides=overrides
        )
        if self.settings.processor_settings:
            from chunkflow.flow.sections import check_sections  # noqa: PLC0415 - most have none

            check_sections(self.settings)
        self._callbacks = Callbacks(on_warning)
        self._owns_process = owns_process
        self._cache = Cache(
            self.settings,
            enabled=cache is not False,
            lasting=not owns_process,
            warn=self._callbacks.note,
        )
        for note in self.settings.notes:
            self._callbacks.warn(note)

    @_delivering
    def optimize_files(
        self,
        paths: Sequence[Path] | None = None,
        *,
        processors: Sequence[str] | None = None,
        with_values: bool = True,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Run processors on every chunk that has no result yet.

        Args:
            paths: files and directories; None stands for the project.
            processors: names, or `module:attr`; None takes those of the settings.
            with_values: whether the report holds the processors' values.
            progress: told the number of files done and in all.
            should_stop: asked between files; once it says yes, what is in hand is finished and
                kept, and nothing else is begun.

        Returns:
            What was done, with every warning since this object was made.

        Raises:
            UnknownProcessor: there is no processor of a name.
            UsageError: a processor cannot be loaded.
            SettingsError: a processor's settings are wrong.
        """
        started_s, before_s = time.perf_counter(), cpu_seconds()
        names, named = self._names(processors), _texts(paths)
        select = functools.cache(lambda: self._selection(names))
        with self._pools(names, lambda: select().config()) as pools:
            if self._cache.surely_empty and _may_be_many(named, self._cwd):
                # Before the store is opened: a process that has it open is not to be forked.
                pools.begin(fork=self._owns_process and not self._cache.is_open)
            # Here and not above: other processes get ready meanwhile.
            from chunkflow.engine.file_reports import report_run  # noqa: PLC0415
            from chunkflow.flow.running import run  # noqa: PLC0415

            tiers = self._tiers_for(names)
            options = self._options(select(), pools, progress, should_stop)
            files = run(self._find(named), tiers, options._replace(with_values=with_values))
        resources = ResourceMetrics(
            cpu_seconds() - before_s, peak_memory_bytes(), self.settings.jobs
        )
        return report_run(
            files,
            seconds=time.perf_counter() - started_s,
            resources=resources,
            warnings=self._callbacks.told(),
        )

    @_delivering
    def explain(
        self, paths: Sequence[Path], *, processors: Sequence[str] | None = None
    ) -> "tuple[FileExplanation, ...]":
        """What a run would find in the cache for each chunk of some files now, or why nothing.

        Arguments and exceptions are those of `optimize_files`. Nothing in the cache is changed.
        """
        from chunkflow.flow.explaining import explain  # noqa: PLC0415 - few runs need it

        selection = self._selection(self._names(processors))
        files, problems = self._find(_texts(paths))
        return explain(files, problems, self._cache.tiers, selection.processors, selection.cutting)

    @_delivering
    def warm_cache(
        self, paths: Sequence[Path] | None = None, *, processors: Sequence[str] | None = None
    ) -> Report:
        """Run processors so that later runs find everything, and bring what they need into memory.

        Arguments and exceptions are those of `optimize_files`. What L1 has no room for is in L2
        from then on, for `cache.ttl_s`, as far as that has.
        """
        from chunkflow.flow.warming import prefetch  # noqa: PLC0415 - few programs need it

        report = self.optimize_files(paths, processors=processors, with_values=False)
        selection = self._selection(self._names(processors))
        prefetch(self._find(_texts(paths)).files, self._cache.tiers, selection.processors)
        return report

    @_delivering
    def verify_cache(
        self,
        paths: Sequence[Path] | None = None,
        *,
        processors: Sequence[str] | None = None,
        percent: float = 5.0,
        seed: str | None = None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> "Verification":
        """Work out again what the cache holds of some files, and compare the two byte for byte.

        Args:
            paths: as for `optimize_files`, and so are `processors`, `progress` and `should_stop`.
            processors: whose results are compared.
            percent: the share of the files of which the cache holds all; at least one is taken.
                With 100 the seal of every record of the store is checked, too.
            seed: chooses them; None chooses others every day.
            progress: told the number of files done and in all.
            should_stop: asked now and then; what was compared until then is told.

        Raises:
            CacheError: there is no cache; and whatever `optimize_files` raises.
        """
        from chunkflow.flow.verifying import verify  # noqa: PLC0415 - few programs need it

        names = self._names(processors)
        selection = self._selection(names)
        files, problems = self._find(_texts(paths))
        with self._pools(names, selection.config) as pools:
            found = verify(
                files,
                self._options(selection, pools, progress, should_stop),
                selection.cutting,
                tiers=self._cache.tiers,
                store=self._cache.store,
                percent=percent,
                seed=seed,
            )
        return found._replace(failed=(*(problem.message for problem in problems), *found.failed))

    @_delivering
    def cache_stats(self) -> "CacheStats":
        """What the cache's directory holds.

        Raises:
            CacheError: there is no cache, or it cannot be read.
        """
        from chunkflow.flow.caching import cache_stats  # noqa: PLC0415 - few programs need it

        return cache_stats(self.settings, self._cache.store)

    @_delivering
    def collect_garbage(self) -> "Collected":
        """Remove from the cache's directory what no run will use; see `flow/caching.py`.

        Raises:
            CacheError: there is no cache, or it cannot be read.
        """
        from chunkflow.flow.caching import collect_garbage  # noqa: PLC0415 - few programs need it

        return collect_garbage(self.settings, self._cache.store, self._cache.tiers)

    @_delivering
    def clear_caches(self, tier: str = "all") -> None:
        """Forget what a tier holds: `l1`, `l2`, `l3` or `all`.

        Raises:
            ValueError: there is no such tier.
        """
        if tier not in ("l1", "l2", "l3", "all"):
            raise ValueError(f"no tier is called {tier!r}; name l1, l2, l3 or all")
        self._cache.tiers.clear(tier)

    @_delivering
    def close(self) -> None:
        """Close the cache. The object is of no use afterwards; closing twice does nothing."""
        self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _names(self, processors: Sequence[str] | None) -> tuple[str, ...]:
        return self.settings.processors if processors is None else tuple(processors)

    def _selection(self, names: Sequence[str]) -> "Selection":
        from chunkflow.flow.selection import Selection, functions_in  # noqa: PLC0415 - see above

        functions, described = functions_in(names), {}
        if functions:
            from chunkflow.flow.describing import describe_functions  # noqa: PLC0415

            described = describe_functions(
                functions,
                root=self.settings.root,
                limit_s=self.settings.timeout,
                fork=self._owns_process and not self._cache.is_open,
            )
        return Selection(names, self.settings, described, self._tiers_for(names))

    def _tiers_for(self, names: Sequence[str]) -> "Tiers":
        # What an expensive function said is to be found again in any case.
        return self._cache.for_run(in_memory=not all(map(is_built_in, names)))

    def _pools(self, names: Sequence[str], config: Callable[[], bytes]) -> Pools:
        settings = self.settings
        return Pools(names, config, jobs=settings.jobs, memory_limit_bytes=settings.memory_limit)

    def _find(self, named: list[str] | None) -> "Found":
        from chunkflow.flow.running import find  # noqa: PLC0415 - see `optimize_files`

        return find(named, self.settings, cwd=self._cwd)

    def _options(
        self,
        selection: "Selection",
        pools: Pools,
        progress: Callable[[int, int], None],
        should_stop: Callable[[], bool],
    ) -> "RunOptions":
        from chunkflow.flow.running import options_of  # noqa: PLC0415 - see `optimize_files`

        return options_of(
            self.settings,
            selection,
            pools.open,
            progress=self._callbacks.guard("progress", progress, None),
            should_stop=self._callbacks.guard("should_stop", should_stop, False),
            warn=self._callbacks.warn,
        )


def _may_be_many(named: list[str] | None, cwd: str) -> bool:
    """Whether these may be so many files that other processes are worth their start."""
    if named is None or len(named) > _FEW_FILES:
        return True
    return any(os.path.isdir(os.path.join(cwd, name)) for name in named)


def _texts(paths: Sequence[Path] | None) -> list[str] | None:
    return None if paths is None else [os.fspath(path) for path in paths]


def _directory(root: Path) -> str:
    try:
        path = os.path.abspath(root)
    except OSError as exc:
        raise UsageError("the current directory is gone; change to one that exists") from exc
    if not os.path.isdir(path):
        raise UsageError(f"cannot use {path} as root: it is not a directory; name one")
    return path
