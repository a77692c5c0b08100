"""`chunkflow cache warm`: run processors so that later runs find everything."""

from collections.abc import Sequence
from typing import NamedTuple

from chunkflow.cli.cache_options import COMMON, PROCESSOR, opened_flow
from chunkflow.cli.options import WHOLE, Command, Option
from chunkflow.cli.output import write_lines
from chunkflow.cli.progress import progress_bar
from chunkflow.cli.signals import stopping
from chunkflow.cli.status import status_of
from chunkflow.report.cache import render_warmed


class Arguments(NamedTuple):
    """What `cache warm` may be told."""

    paths: Sequence[str] | None = None
    processor: Sequence[str] | None = None
    jobs: int | None = None
    format: str = "text"
    cache_dir: str | None = None
    config: str | None = None


_OPTIONS = (
    Option("paths", (), "Files and directories; none: the whole project.", multiple=True),
    PROCESSOR,
    Option("jobs", ("--jobs",), "Worker processes.", WHOLE, metavar="N"),
    *COMMON,
)


def cache_warm(arguments: Arguments) -> int:
    """Run processors on every function that has no result yet, and print a summary alone.

    Findings neither show nor count; what could not be processed does, with exit status 2.

    Example: chunkflow cache warm src --processor metrics
    """
    flow = opened_flow(arguments.cache_dir, arguments.config, jobs=arguments.jobs)
    with stopping() as stop, flow, progress_bar(enabled=True) as progress:
        report = flow.optimize_files(
            arguments.paths,
            processors=arguments.processor,
            with_values=False,
            progress=progress,
            should_stop=stop.is_asked,
        )
    if stop.is_asked():
        raise KeyboardInterrupt
    write_lines(render_warmed(report, arguments.format), None)
    return status_of(report, "never")


COMMAND = Command("cache warm", cache_warm, Arguments, _OPTIONS)
