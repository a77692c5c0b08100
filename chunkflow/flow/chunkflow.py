"""ChunkFlow: a project, its settings and its cache, as one object."""

import functools
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeAlias, TypeVar

from chunkflow.errors import CacheError, SettingsError, UsageError
from chunkflow.flow.cache import Cache
from chunkflow.flow.callbacks import Callbacks, load_all
from chunkflow.flow.pools import Pools
from chunkflow.model.report import FileReport, Report, ResourceMetrics
from chunkflow.performance.usage import measure_cpu_s, measure_peak_memory_bytes
from chunkflow.processors.table import is_built_in
from chunkflow.settings import Settings, load_settings

if TYPE_CHECKING:
    from chunkflow.cache.tiers import Tiers
    from chunkflow.engine.discover import Problem
    from chunkflow.engine.options import RunOptions, Wanted
    from chunkflow.flow.maintenance import CacheStats, Collected
    from chunkflow.flow.processor_set import ProcessorSet
    from chunkflow.model.explanation import FileExplanation
    from chunkflow.model.verification import Verification

_FEW_FILES = 50
_ALL_PERCENT = 100.0

Path: TypeAlias = str | os.PathLike[str]

P = ParamSpec("P")
R = TypeVar("R")


def _deliver_warnings(
    method: "Callable[Concatenate[ChunkFlow, P], R]",
) -> "Callable[Concatenate[ChunkFlow, P], R]":
    """Make a method deliver the warnings noted during a call when the call ends.

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

    Use it as a context manager, or call `close`. Any thread may use it.

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
            root: a directory in the project; the settings file is searched from there upward.
            settings_file: the settings file to use instead.
            cache: whether to look up and store results; or cache settings, such as
                `{"dir": "/tmp/results", "size": "100 MB"}`.
            on_warning: receives each problem that does not end the run, from any thread. Like
                every callback it may use this object. An `Exception` raised by a callback becomes
                a warning, once, and ends nothing; KeyboardInterrupt and the like pass through.
            owns_process: whether this process does nothing but a single run, as on the command
                line. Then worker processes may be forked from it where that is safe, memory holds
                nothing that the store has, and users' functions are described once. All of this
                makes the run faster.
            **overrides: settings by name, above every file and the environment; a section is a
                table, as in `processors={"metrics": {"max_sloc": 60}}`. None counts as not given.

        Raises:
            UsageError: `root` is not a directory, or the current directory no longer exists.
            SettingsError: a setting is wrong.
        """
        if not os.path.isdir(root):
            raise UsageError(f"cannot use {root} as root: it is not a directory; name one")
        if isinstance(cache, Mapping):
            overrides["cache"] = cache
        self.settings: Settings = load_settings(
            root, file=settings_file, environ=os.environ, overrides=overrides
        )
        self._cwd = os.path.abspath(root)
        if self.settings.processor_settings:
            from chunkflow.processors.sections import check_sections  # noqa: PLC0415 - mostly none

            check_sections(self.settings)
        self._callbacks = Callbacks(on_warning)
        self._owns_process = owns_process
        self._loaded: dict[tuple[str, ...], ProcessorSet] = {}
        self._cache = Cache(
            self.settings,
            enabled=cache is not False,
            lasting=not owns_process,
            warn=self._callbacks.note,
        )
        for note in self.settings.notes:
            self._callbacks.warn(note)

    @_deliver_warnings
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
            paths: files and directories; None stands for the whole project.
            processors: names, or `module:attr`; None takes those of the settings.
            with_values: whether the report holds the processors' values.
            progress: receives the number of files done and the total.
            should_stop: asked between files; once it returns True, the run finishes and keeps
                the files it has begun, and begins no other.

        Returns:
            What was done, with every warning since this object was made.

        Raises:
            UnknownProcessor: there is no processor of a name.
            UsageError: a processor cannot be loaded.
            SettingsError: a processor's settings are wrong.
        """
        started_s, before_s = time.perf_counter(), measure_cpu_s()
        names = self._choose_processors(processors)
        with Pools(names, self.settings) as pools:
            if self._cache.is_surely_empty and _may_be_many(paths, self._cwd):
                # Before the store is opened: a process that has it open must not be forked.
                pools.start(fork=self._owns_process and not self._cache.is_open)
            # Imported here: worker processes get ready meanwhile.
            from chunkflow.engine.file_reports import report_run  # noqa: PLC0415
            from chunkflow.engine.run import run_files  # noqa: PLC0415

            tiers = self._open_tiers(names)
            pools.processors = self._load_processors(names, tiers)
            files, problems = self._find_files(paths)
            options = self._build_options(pools, progress, should_stop, with_values=with_values)
            reports = run_files(files, tiers, options)
        reports += (FileReport(p.path, "failed", error=p.message) for p in problems)
        resources = ResourceMetrics(
            measure_cpu_s() - before_s, measure_peak_memory_bytes(), self.settings.jobs
        )
        return report_run(
            reports,
            seconds=time.perf_counter() - started_s,
            resources=resources,
            warnings=self._callbacks.collect(),
        )

    @_deliver_warnings
    def explain(
        self, paths: Sequence[Path], *, processors: Sequence[str] | None = None
    ) -> "tuple[FileExplanation, ...]":
        """Explain for each chunk of some files whether the cache holds its result, or why not.

        Arguments and exceptions are those of `optimize_files`. The cache stays as it is. Returns
        one explanation a file, ordered by path.
        """
        from chunkflow.engine.audit.explain import explain_files  # noqa: PLC0415 - few runs
        from chunkflow.model.explanation import FileExplanation  # noqa: PLC0415

        names = self._choose_processors(processors)
        loaded = self._load_processors(names)
        files, problems = self._find_files(paths)
        found = explain_files(files, self._cache.tiers, loaded.processors, loaded.cutting)
        found += (FileExplanation(problem.path, error=problem.message) for problem in problems)
        return tuple(sorted(found, key=lambda file: file.path))

    @_deliver_warnings
    def warm_cache(
        self, paths: Sequence[Path] | None = None, *, processors: Sequence[str] | None = None
    ) -> Report:
        """Run processors, and bring into memory what later runs need.

        Arguments and exceptions are those of `optimize_files`. What does not fit into L1 goes to
        L2 as far as there is room, and stays there for `cache.ttl_s`.
        """
        from chunkflow.engine.prefetch import prefetch_records  # noqa: PLC0415 - few programs

        report = self.optimize_files(paths, processors=processors, with_values=False)
        loaded = self._load_processors(self._choose_processors(processors))
        prefetch_records(self._find_files(paths)[0], self._cache.tiers, loaded.processors)
        return report

    @_deliver_warnings
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
        """Process some files again without the cache, and compare the results byte for byte.

        Args:
            paths: as for `optimize_files`; so are `processors`, `progress` and `should_stop`.
            processors: whose results are compared.
            percent: the share of the fully cached files to verify; at least one file is taken.
                With 100, the seal of every record in the store is checked as well.
            seed: selects the files; None selects others every day.
            progress: receives the number of files done and the total.
            should_stop: asked now and then; the result then covers what was compared so far.

        Raises:
            CacheError: there is no cache; and whatever `optimize_files` raises.
        """
        # Imported here: few programs verify.
        from datetime import UTC, datetime  # noqa: PLC0415

        from chunkflow.cache.census import count_damaged  # noqa: PLC0415
        from chunkflow.engine.audit.verify import Sample, verify_files  # noqa: PLC0415

        names = self._choose_processors(processors)
        loaded = self._load_processors(names)
        files, problems = self._find_files(paths)
        tiers, store = self._cache.tiers, self._cache.store
        if store is None:
            raise CacheError("there is no cache to verify")
        today = datetime.now(UTC).date().isoformat()
        sample = Sample(percent, today if seed is None else seed)
        with Pools(names, self.settings) as pools:
            pools.processors = loaded
            options = self._build_options(pools, progress, should_stop)
            found = verify_files(files, tiers, options, loaded.cutting, sample)
        if percent >= _ALL_PERCENT:
            records, damaged = count_damaged(store)
            found = found._replace(records=records, damaged=damaged)
        return found._replace(failed=(*(problem.message for problem in problems), *found.failed))

    @_deliver_warnings
    def cache_stats(self) -> "CacheStats":
        """What the cache's directory holds; a directory that does not exist is not created.

        Raises:
            CacheError: there is no cache, or it cannot be read.
        """
        from chunkflow.flow.maintenance import build_empty_stats, cache_stats  # noqa: PLC0415

        if self._cache.is_missing:
            return build_empty_stats(self.settings)
        return cache_stats(self.settings, self._cache.store)

    @_deliver_warnings
    def collect_garbage(self) -> "Collected":
        """Remove from the cache what no run will use; see `flow/maintenance.py`.

        Raises:
            CacheError: there is no cache, or it cannot be read.
        """
        # Imported here: few programs need it.
        from chunkflow.flow.maintenance import (  # noqa: PLC0415
            Collected,
            build_empty_stats,
            collect_garbage,
        )

        if self._cache.is_missing:
            return Collected(build_empty_stats(self.settings), build_empty_stats(self.settings), 0)
        return collect_garbage(self.settings, self._cache.store, self._cache.tiers)

    @_deliver_warnings
    def clear_caches(self, tier: str = "all") -> None:
        """Empty a tier: `l1`, `l2`, `l3` or `all`.

        Raises:
            ValueError: there is no such tier.
        """
        if tier not in ("l1", "l2", "l3", "all"):
            raise ValueError(f"no tier is called {tier!r}; name l1, l2, l3 or all")
        if not self._cache.is_missing:
            self._cache.tiers.clear(tier)

    @_deliver_warnings
    def close(self) -> None:
        """Close the cache. The object cannot be used afterwards; closing twice does nothing."""
        self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _choose_processors(self, processors: Sequence[str] | None) -> tuple[str, ...]:
        return self.settings.processors if processors is None else tuple(processors)

    def _open_tiers(self, names: Sequence[str]) -> "Tiers":
        # Results of users' functions, which may be expensive, are to be found again in any case.
        return self._cache.open_for_run(in_memory=not all(map(is_built_in, names)))

    def _load_processors(
        self, names: tuple[str, ...], tiers: "Tiers | None" = None
    ) -> "ProcessorSet":
        """Load processors; a `ChunkFlow` that owns its process does so once for each selection."""
        from chunkflow.flow.processor_set import load_processors  # noqa: PLC0415 - see above

        if names in self._loaded:
            return self._loaded[names]
        fork = self._owns_process and not self._cache.is_open
        tiers = tiers or self._open_tiers(names)
        try:
            loaded = load_processors(names, self.settings, tiers, fork=fork)
        except SettingsError:
            raise  # it names its own place
        except UsageError as exc:
            if names is not self.settings.processors:
                raise
            raise type(exc)(f"{self.settings.locate('processors')}{exc}") from exc
        if self._owns_process:
            # Not otherwise: the functions of users may change between two runs.
            self._loaded[names] = loaded
        return loaded

    def _find_files(self, paths: Sequence[Path] | None) -> "tuple[list[Wanted], list[Problem]]":
        """The files that paths stand for, and the paths that stand for none."""
        from chunkflow.engine.discover import discover  # noqa: PLC0415 - see `optimize_files`
        from chunkflow.engine.options import Wanted  # noqa: PLC0415

        settings, cwd = self.settings, self._cwd
        found = discover(
            None if paths is None else [os.fspath(path) for path in paths],
            cwd=cwd,
            root=settings.root,
            include=settings.include,
            exclude=settings.exclude,
            cache_dir=settings.cache_dir,
        )
        files = [Wanted(file, os.path.join(cwd, file), file in found.named) for file in found.files]
        return files, found.problems

    def _build_options(
        self,
        pools: Pools,
        progress: Callable[[int, int], None],
        should_stop: Callable[[], bool],
        *,
        with_values: bool = True,
    ) -> "RunOptions":
        from chunkflow.engine.options import RunOptions  # noqa: PLC0415 - see `optimize_files`

        assert pools.processors is not None
        return RunOptions(
            pools.processors.processors,
            pools.open,
            root=self.settings.root,
            jobs=self.settings.jobs,
            limit_s=self.settings.timeout,
            streaming_bytes=self.settings.streaming_threshold_bytes,
            with_values=with_values,
            should_stop=self._callbacks.guard("should_stop", should_stop, False),
            progress=self._callbacks.guard("progress", progress, None),
            warn=self._callbacks.warn,
        )


def _may_be_many(paths: Sequence[Path] | None, cwd: str) -> bool:
    """Whether there may be enough files for other processes to be worth their start."""
    if paths is None or len(paths) > _FEW_FILES:
        return True
    return any(os.path.isdir(os.path.join(cwd, path)) for path in paths)
