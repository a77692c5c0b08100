"""Runs of the engine that a test steers: its clock, pool, cache and processors."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.messages import WorkConfig
from chunkflow.engine.options import RunOptions, Wanted
from chunkflow.engine.plan import RunProcessor
from chunkflow.engine.run import run_files
from chunkflow.engine.worker.work import prepare
from chunkflow.model.report import FileReport
from chunkflow.pool.inline import InlinePool
from chunkflow.pool.protocol import Answer, Pool, Task

LATER_NS = 10_000_000_000
SUITES = ("describe",)

Tasks: TypeAlias = Iterable[Task | None]


class Runner:
    """Runs processors over files of a project, all in one process."""

    def __init__(self, project: Path, tiers: Tiers) -> None:
        self.project = project
        self.tiers = tiers
        self.small: list[bool] = []
        self.warnings: list[str] = []
        self.streaming_bytes: int | None = None

    def wanted(self, *names: str, named: bool = True) -> list[Wanted]:
        return [Wanted(name, str(self.project / name), named) for name in names]

    def open_pool(self, processors: Iterable[str], *, small: bool) -> Pool:
        self.small.append(small)
        named = tuple((name, dict[str, object]()) for name in processors)
        config = WorkConfig(str(self.project), named, SUITES, self.streaming_bytes)
        return InlinePool(prepare, config.encode())

    def options(self, *processors: str, **changes: Any) -> RunOptions:
        def open_pool(*, small: bool) -> Pool:
            return self.open_pool(processors, small=small)

        # Seen from later, no file has just been written.
        options = RunOptions(
            tuple(map(described, processors)),
            open_pool,
            streaming_bytes=self.streaming_bytes,
            warn=self.warnings.append,
            clock_ns=lambda: time.time_ns() + LATER_NS,
        )
        return options._replace(**changes)

    def run(self, *names: str, options: RunOptions | None = None) -> dict[str, FileReport]:
        used = self.options("metrics") if options is None else options
        return {r.path: r for r in run_files(self.wanted(*names), self.tiers, used)}


def described(name: str) -> RunProcessor:
    """A processor as the keys see it; one with a colon in its name is a user's."""
    is_users = ":" in name
    fingerprint = name.encode().ljust(16)[:16]
    return RunProcessor(name, fingerprint, "path" in name, None, is_users, not is_users)


class ScriptedPool(NamedTuple):
    """A pool that does with its tasks whatever a test wants."""

    answers: Callable[[Tasks], Iterator[Answer]]

    def map(self, tasks: Tasks) -> Iterator[Answer]:
        return self.answers(tasks)

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> "ScriptedPool":
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.close()


def at_hand(tasks: Tasks) -> Iterator[Task]:
    """The tasks until there is none at the moment."""
    for task in takewhile(lambda task: task is not None, tasks):
        assert task is not None
        yield task
