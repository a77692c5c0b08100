"""`chunkflow optimize-files`: run processors over what has changed in files."""

import os
import sys
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from chunkflow.cli import process
from chunkflow.cli.commands import CHOICE, NUMBER, SWITCH, WHOLE, Command, Option
from chunkflow.cli.output import print_line, print_message, wants_color, write_lines
from chunkflow.cli.progress import show_progress
from chunkflow.cli.signals import handle_signals
from chunkflow.cli.status import BROKEN, choose_status
from chunkflow.errors import UsageError, describe_os_error
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.model.report import Report
from chunkflow.report.text import render_text

if TYPE_CHECKING:
    from chunkflow.model.explanation import FileExplanation


class OptimizeArguments(NamedTuple):
    """The arguments of `optimize-files`."""

    paths: Sequence[str] | None = None
    files: Sequence[str] | None = None
    listed: str | None = None
    null: bool = False
    processor: Sequence[str] | None = None
    format: str = "text"
    output: str | None = None
    jobs: int | None = None
    timeout: float | None = None
    memory_limit: str | None = None
    fail_on: str | None = None
    no_cache: bool = False
    cache_dir: str | None = None
    config: str | None = None
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    explain: Sequence[str] | None = None


_FORMATS = ("text", "json")
_SEVERITIES = ("error", "warning", "never")
_COLORS = ("auto", "always", "never")

_OPTIONS = (
    Option("paths", (), "Files and directories; default: the whole project.", multiple=True),
    Option(
        "files", ("--files",), "Files, separated by commas.", metavar="A.TS,B.TS", multiple=True
    ),
    Option(
        "listed",
        ("--files-from",),
        "Read file names from FILE; - is standard input.",
        metavar="FILE",
    ),
    Option("null", ("-0",), "Names in --files-from end with NUL, not newline.", SWITCH),
    Option(
        "processor",
        ("--processor",),
        "Processor to run; module:attr for your own function.",
        metavar="NAME",
        multiple=True,
    ),
    Option("format", ("--format",), "Output format.", CHOICE, choices=_FORMATS),
    Option("output", ("--output",), "Write the report to FILE.", metavar="FILE"),
    Option("jobs", ("--jobs",), "Maximum number of worker processes.", WHOLE, metavar="N"),
    Option(
        "timeout",
        ("--timeout",),
        "Time limit for a chunk in seconds; 0: none.",
        NUMBER,
        metavar="S",
    ),
    Option(
        "memory_limit",
        ("--memory-limit",),
        "Memory limit of a worker, such as 512MB.",
        metavar="SIZE",
    ),
    Option(
        "fail_on",
        ("--fail-on",),
        "Minimum severity that fails the run.",
        CHOICE,
        choices=_SEVERITIES,
    ),
    Option("no_cache", ("--no-cache",), "Neither read nor write the cache.", SWITCH),
    Option("cache_dir", ("--cache-dir",), "Cache directory.", metavar="DIR"),
    Option("config", ("--config",), "Settings file to use.", metavar="FILE"),
    Option("quiet", ("--quiet", "-q"), "Print no summary and no warnings.", SWITCH),
    Option("verbose", ("--verbose", "-v"), "Print what is done with each file.", SWITCH),
    Option("color", ("--color",), "When to use colours.", CHOICE, choices=_COLORS),
    Option(
        "explain",
        ("--explain",),
        "Before the run, explain what the cache holds for FILE.",
        metavar="FILE",
        multiple=True,
    ),
)


def optimize_files(arguments: OptimizeArguments) -> int:
    """Run processors over every function that has no result yet.

    Example: chunkflow optimize-files src --files=a.ts,b.ts --format json
    """
    paths = _list_paths(arguments)
    with handle_signals() as stop:
        with _open_flow(arguments) as flow, show_progress(enabled=not arguments.quiet) as progress:
            explained = _explain(flow, arguments) if arguments.explain else ()
            report = flow.optimize_files(
                paths,
                processors=arguments.processor,
                with_values=arguments.format != "text",
                progress=progress,
                should_stop=stop.is_made,
            )
        if stop.is_made():
            # A report on half a run would be taken for the whole.
            raise KeyboardInterrupt
        _write_report(report, arguments, explained)
    if any(file.error is not None for file in explained):
        return BROKEN
    return choose_status(report, flow.settings.fail_on)


def _open_flow(arguments: OptimizeArguments) -> ChunkFlow:
    return ChunkFlow(
        settings_file=arguments.config,
        cache={"dir": arguments.cache_dir} if not arguments.no_cache else False,
        on_warning=None
        if arguments.quiet
        else lambda message: print_message(f"warning: {message}"),
        owns_process=process.is_owned,
        parallel_operations=arguments.jobs,
        timeout=arguments.timeout,
        memory_limit=arguments.memory_limit,
        fail_on=arguments.fail_on,
    )


def _explain(flow: ChunkFlow, arguments: OptimizeArguments) -> "tuple[FileExplanation, ...]":
    """What the cache holds before the run for the files named by --explain."""
    if arguments.no_cache:
        raise UsageError("--explain shows what is in the cache; leave out --no-cache")
    return flow.explain(arguments.explain or (), processors=arguments.processor)


COMMAND = Command("optimize-files", optimize_files, OptimizeArguments, _OPTIONS)


def _write_report(
    report: Report, arguments: OptimizeArguments, explained: "tuple[FileExplanation, ...]"
) -> None:
    if arguments.verbose:
        for file in report.files:
            print_line(f"{file.status}: {file.path}: {file.reran} rerun")
    output = arguments.output
    if arguments.format == "json":
        from chunkflow.report.json import render_json  # noqa: PLC0415 - a format a run

        write_lines(render_json(report, explained), output)
        return
    color = output is None and wants_color(arguments.color, sys.stdout, os.environ)
    lines = render_text(report, color=color, summary=not arguments.quiet)
    if explained:
        from chunkflow.report.explain import render_explanations  # noqa: PLC0415 - few ask

        lines = chain(render_explanations(explained), lines)
    write_lines(lines, output)


def _list_paths(arguments: OptimizeArguments) -> list[str] | None:
    """All paths that were named; None if there is none, which stands for the whole project."""
    paths, files, listed = arguments.paths, arguments.files, arguments.listed
    if not (paths or files is not None or listed is not None):
        return None
    named = list(paths or ())
    if files is None and listed is None:
        return named
    from chunkflow.engine.discover import files_from, split_names  # noqa: PLC0415 - rare enough

    for value in files or ():
        named += split_names(value, cwd=".")
    if listed is not None:
        named += files_from(_read_list(listed), null=arguments.null)
    return named


def _read_list(listed: str) -> bytes:
    if listed == "-":
        if sys.stdin is None:
            raise UsageError("cannot read names from standard input: it is closed")
        return sys.stdin.buffer.read()
    try:
        with open(listed, "rb") as file:
            return file.read()
    except OSError as exc:
        raise UsageError(f"cannot read {listed}: {describe_os_error(exc)}") from exc
