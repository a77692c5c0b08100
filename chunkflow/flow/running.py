"""From paths to the files of a run, and from those to their reports.

A first run imports this while other processes get ready for it.
"""

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.discover import Problem, discover
from chunkflow.engine.options import OpenWorkers, RunOptions, Wanted
from chunkflow.engine.run import run_files
from chunkflow.flow.selection import Selection
from chunkflow.model.report import FileReport
from chunkflow.settings import Settings


class Found(NamedTuple):
    """What paths stand for."""

    files: list[Wanted]
    problems: list[Problem]
    """What cannot be taken."""


def find(named: Sequence[str] | None, settings: Settings, *, cwd: str) -> Found:
    """The files that paths stand for; None stands for the project."""
    found = discover(
        named,
        cwd=cwd,
        root=settings.root,
        include=settings.include,
        exclude=settings.exclude,
        cache_dir=settings.cache_dir,
    )
    files = [Wanted(file, os.path.join(cwd, file), file in found.named) for file in found.files]
    return Found(files, found.problems)


def options_of(
    settings: Settings,
    selection: Selection,
    open_workers: OpenWorkers,
    *,
    progress: Callable[[int, int], None],
    should_stop: Callable[[], bool],
    warn: Callable[[str], None],
) -> RunOptions:
    """How the settings have a run go about its work."""
    return RunOptions(
        selection.processors,
        open_workers,
        root=settings.root,
        jobs=settings.jobs,
        limit_s=settings.timeout,
        streaming_bytes=settings.streaming_threshold_bytes,
        should_stop=should_stop,
        progress=progress,
        warn=warn,
    )


def run(found: Found, tiers: Tiers, options: RunOptions) -> list[FileReport]:
    """A report on each file, and on each path that cannot be taken."""
    reports = run_files(found.files, tiers, options)
    return reports + [FileReport(p.path, "failed", error=p.message) for p in found.problems]
