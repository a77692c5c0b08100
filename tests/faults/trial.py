"""One run over a small project, boiled down to what a fault in the cache must not change."""

import functools
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from reports import lasting

from chunkflow import ChunkFlow
from chunkflow.cache.database import open_store
from chunkflow.cli.status import choose_status
from chunkflow.engine.options import RunOptions
from chunkflow.report.json import render_json

STORES = ("sqlite", "diskcache")

_CHUNKS = Path(__file__).parents[2] / "fixtures/chunks"
_NAMES = ("class_decorators", "class_members", "functions", "overloads_in_class", "suites.test")


class Trial(NamedTuple):
    """What a run left."""

    status: int
    """The exit status of the command."""
    lasting: str
    """The report, less what depends on what the cache held."""
    reran: int
    reused: int
    warnings: Sequence[str]

    @property
    def outcome(self) -> tuple[int, str]:
        """What no fault may change."""
        return self.status, self.lasting

    @property
    def is_healthy(self) -> bool:
        """Whether it found everything, and nothing to complain of."""
        return self.reran == 0 and self.reused > 0 and not self.warnings


def lay_out(project: Path) -> Path:
    """Copy a few files of every kind of chunk into a new folder, with settings of its own."""
    project.mkdir(parents=True)
    for name in _NAMES:
        shutil.copyfile(_CHUNKS / f"{name}.ts", project / f"{name}.ts")
    # Else a file above the temporary directory might be taken for the project's.
    (project / "chunkflow.toml").touch()
    return project


def run(
    project: str | Path,
    cache_dir: str | Path | None,
    *,
    l3: str = "sqlite",
    paths: list[str] | None = None,
    processor: str = "metrics",
    size: str = "1 GB",
    before_closing: Callable[[], object] = lambda: None,
    clock: Callable[[], float] = time.time,
) -> Trial:
    """Run a processor over the project as the command does, without a cache if None is named."""
    cache = False if cache_dir is None else {"dir": os.fspath(cache_dir), "l3": l3, "size": size}
    warnings: list[str] = []
    with (
        _told_by(clock),
        ChunkFlow(project, cache=cache, parallel_operations=1, on_warning=warnings.append) as flow,
    ):
        report = flow.optimize_files(paths, processors=[processor])
        before_closing()
    text = lasting("\n".join(render_json(report)))
    status = choose_status(report, flow.settings.fail_on)
    return Trial(status, text, report.totals.reran, report.totals.reused, tuple(warnings))


@contextmanager
def _told_by(clock: Callable[[], float]) -> Iterator[None]:
    """Let the store and the engine be told the time by `clock`."""
    store = functools.partial(open_store, clock=clock)
    options = functools.partial(RunOptions, clock_ns=lambda: int(clock() * 1e9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chunkflow.cache.database.open_store", store)
        patch.setattr("chunkflow.engine.options.RunOptions", options)
        yield


def seen_later() -> float:
    """A clock by which no file was written just now, so that what is seen of each is kept."""
    return time.time() + 60


def leave_in_the_middle(project: Path, cache_dir: Path, l3: str, left: Path) -> None:
    """Copy a cache to `left` as a run that is killed before its end leaves it."""
    run(
        project,
        cache_dir,
        l3=l3,
        before_closing=lambda: shutil.copytree(cache_dir, left),
        clock=seen_later,
    )
