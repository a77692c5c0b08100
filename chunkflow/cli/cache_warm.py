"""`chunkflow cache warm`: run processors so that later runs find everything."""

from collections.abc import Sequence
from typing import NamedTuple

from chunkflow.cli.cache_options import COMMON, JOBS, PATHS, PROCESSOR, open_flow
from chunkflow.cli.commands import Command
from chunkflow.cli.output import write_lines
from chunkflow.cli.progress import show_progress
from chunkflow.cli.signals import handle_signals
from chunkflow.cli.status import choose_status
from chunkflow.report.cache import render_warmed


class CacheWarmArguments(NamedTuple):
    """The arguments of `cache warm`."""

    paths: Sequence[str] | None = None
    processor: Sequence[str] | None = None
    jobs: int | None = None
    format: str = "text"
    cache_dir: str | None = None
    config: str | None = None


_OPTIONS = (PATHS, PROCESSOR, JOBS, *COMMON)


def cache_warm(arguments: CacheWarmArguments) -> int:
    """Run processors on every function that has no result yet, and print only a summary.

    Findings are not shown. The exit status is 2 if a file cannot be processed.

    Example: chunkflow cache warm src --processor metrics
    """
    flow = open_flow(arguments.cache_dir, arguments.config, jobs=arguments.jobs)
    with handle_signals() as stop, flow, show_progress(enabled=True) as progress:
        report = flow.optimize_files(
            arguments.paths,
            processors=arguments.processor,
            with_values=False,
            progress=progress,
            should_stop=stop.is_made,
        )
    if stop.is_made():
        raise KeyboardInterrupt
    write_lines(render_warmed(report, arguments.format), None)
    return choose_status(report, "never")


COMMAND = Command("cache warm", cache_warm, CacheWarmArguments, _OPTIONS)
