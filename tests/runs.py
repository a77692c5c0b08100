"""Runs of the engine that a test steers: its clock, workers, cache and processors."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.messages import ProcessorConfig, WorkConfig
from chunkflow.engine.options import RunOptions, RunProcessor, Wanted
from chunkflow.engine.run import run_files
from chunkflow.engine.worker.worker import make_worker, prepare
from chunkflow.engine.workers import LocalWorker, PoolWorkers, Workers
from chunkflow.flow.processor_set import describe_functions
from chunkflow.model.report import FileReport
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Prepare
from chunkflow.processors.description import Description

LATER_NS = 10_000_000_000
SUITES = ("describe",)


class Runner:
    """Runs processors over files of a project: built-ins here, users' functions in a worker."""

    def __init__(self, project: Path, tiers: Tiers) -> None:
        self.project = project
        self.tiers = tiers
        self.small: list[bool] = []
        self.warnings: list[str] = []
        self.streaming_bytes: int | None = None
        self.prepare: Prepare = prepare
        self.is_in_line = False
        """Whether users' functions are called here, too."""
        self.descriptions: dict[str, Description] = {}

    def wanted(self, *names: str, named: bool = True) -> list[Wanted]:
        return [Wanted(name, str(self.project / name), named) for name in names]

    def open_workers(self, processors: Iterable[RunProcessor], *, small: bool) -> Workers:
        self.small.append(small)
        told = tuple(
            ProcessorConfig(p.name, {}, p.max_chunk_bytes, p.described) for p in processors
        )
        config = WorkConfig(str(self.project), told, SUITES, self.streaming_bytes).encode()
        if any(one.described for one in told) and not self.is_in_line:
            return PoolWorkers(ProcessPool(self.prepare, config, jobs=1))
        return LocalWorker(make_worker(config))

    def options(self, *names: str, **changes: Any) -> RunOptions:
        self._describe([name for name in names if ":" in name])
        processors = tuple(
            users_function(self.descriptions[name]) if ":" in name else described(name)
            for name in names
        )

        def open_workers(*, small: bool) -> Workers:
            return self.open_workers(processors, small=small)

        # Seen from later, no file has just been written.
        options = RunOptions(
            processors,
            open_workers,
            root=str(self.project),
            streaming_bytes=self.streaming_bytes,
            warn=self.warnings.append,
            clock_ns=lambda: time.time_ns() + LATER_NS,
        )
        return options._replace(**changes)

    def run(self, *names: str, options: RunOptions | None = None) -> dict[str, FileReport]:
        used = self.options("metrics") if options is None else options
        return {r.path: r for r in run_files(self.wanted(*names), self.tiers, used)}

    def _describe(self, functions: Iterable[str]) -> None:
        new = [name for name in functions if name not in self.descriptions]
        if new:
            root = str(self.project)
            self.descriptions |= describe_functions(new, root=root, limit_s=None, fork=False)


def described(name: str) -> RunProcessor:
    """A built-in processor as the keys see it."""
    fingerprint = name.encode().ljust(16)[:16]
    return RunProcessor(name, fingerprint, own=fingerprint)


def users_function(description: Description) -> RunProcessor:
    """A function of a user's as the keys see it."""
    fingerprint = description.name.encode().ljust(16)[:16]
    return RunProcessor(
        description.name,
        fingerprint,
        own=fingerprint,
        context=description.context,
        max_chunk_bytes=description.max_chunk_bytes,
        expensive=description.expensive,
        alone=True,
        trusted=False,
        described=description.encode().decode(),
        base=fingerprint,
    )
