"""`chunkflow optimize-files`: run processors over files, on what changed."""

import os
import sys
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from chunkflow.cli import process
from chunkflow.cli.options import CHOICE, NUMBER, SWITCH, WHOLE, Command, Option
from chunkflow.cli.output import say, tell, wants_color, write_lines
from chunkflow.cli.progress import progress_bar
from chunkflow.cli.signals import stopping
from chunkflow.cli.status import BROKEN, status_of
from chunkflow.errors import UsageError
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.model.report import Report
from chunkflow.report.text import render_text

if TYPE_CHECKING:
    from chunkflow.model.explanation import FileExplanation


class Arguments(NamedTuple):
    """What `optimize-files` may be told."""

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
    Option("paths", (), "Files and directories; none: the whole project.", multiple=True),
    Option(
        "files", ("--files",), "Files, separated by commas.", metavar="A.TS,B.TS", multiple=True
    ),
    Option("listed", ("--files-from",), "Read names from a file; - is stdin.", metavar="FILE"),
    Option("null", ("-0",), "Those names end with NUL, not a line.", SWITCH),
    Option(
        "processor",
        ("--processor",),
        "What to run; module:attr for a function of yours.",
        metavar="NAME",
        multiple=True,
    ),
    Option("format", ("--format",), "How the report looks.", CHOICE, choices=_FORMATS),
    Option("output", ("--output",), "Write the report there.", metavar="FILE"),
    Option("jobs", ("--jobs",), "Worker processes.", WHOLE, metavar="N"),
    Option("timeout", ("--timeout",), "Seconds a chunk may take; 0: any.", NUMBER, metavar="S"),
    Option(
        "memory_limit",
        ("--memory-limit",),
        "Memory a worker may take, such as 512MB.",
        metavar="SIZE",
    ),
    Option("fail_on", ("--fail-on",), "What makes the exit status 1.", CHOICE, choices=_SEVERITIES),
    Option("no_cache", ("--no-cache",), "Neither read nor write.", SWITCH),
    Option("cache_dir", ("--cache-dir",), "Where results are kept.", metavar="DIR"),
    Option("config", ("--config",), "The settings file to use.", metavar="FILE"),
    Option("quiet", ("--quiet", "-q"), "No summary, no warnings.", SWITCH),
    Option("verbose", ("--verbose", "-v"), "Say what is done.", SWITCH),
    Option("color", ("--color",), "When to use colours.", CHOICE, choices=_COLORS),
    Option(
        "explain",
        ("--explain",),
        "First tell what the cache holds for this file, and why not.",
        metavar="FILE",
        multiple=True,
    ),
)


def optimize_files(arguments: Arguments) -> int:
    """Run processors over every function that has no result yet.

    Example: chunkflow optimize-files src --files=a.ts,b.ts --format json
    """
    named = _named(arguments)
    with stopping() as stop:
        with _flow(arguments) as flow, progress_bar(enabled=not arguments.quiet) as progress:
            explained = _explained(flow, arguments)
            report = flow.optimize_files(
                named,
                processors=arguments.processor,
                with_values=arguments.format != "text",
                progress=progress,
                should_stop=stop.is_asked,
            )
        if stop.is_asked():
            # What is told of half a run would be taken for the whole.
            raise KeyboardInterrupt
        _show(report, arguments, explained)
    if any(file.error is not None for file in explained):
        return BROKEN
    return status_of(report, flow.settings.fail_on)


def _flow(arguments: Arguments) -> ChunkFlow:
    return ChunkFlow(
        settings_file=arguments.config,
        cache={"dir": arguments.cache_dir} if not arguments.no_cache else False,
        on_warning=None if arguments.quiet else lambda message: say(f"warning: {message}"),
        owns_process=process.is_owned,
        parallel_operations=arguments.jobs,
        timeout=arguments.timeout,
        memory_limit=arguments.memory_limit,
        fail_on=arguments.fail_on,
    )


def _explained(flow: ChunkFlow, arguments: Arguments) -> "tuple[FileExplanation, ...]":
    """What the cache holds before the run, of the files that were asked for."""
    if not arguments.explain:
        return ()
    if arguments.no_cache:
        raise UsageError("--explain tells what is in the cache; leave out --no-cache")
    return flow.explain(arguments.explain, processors=arguments.processor)


COMMAND = Command("optimize-files", optimize_files, Arguments, _OPTIONS)


def _show(report: Report, arguments: Arguments, explained: "tuple[FileExplanation, ...]") -> None:
    if arguments.verbose:
        for file in report.files:
            tell(f"{file.status}: {file.path}: {file.reran} rerun")
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


def _named(arguments: Arguments) -> list[str] | None:
    """All that was named, or None where nothing was, which stands for the whole project."""
    paths, files, listed = arguments.paths, arguments.files, arguments.listed
    if not (paths or files is not None or listed is not None):
        return None
    named = list(paths or ())
    if files is None and listed is None:
        return named
    from chunkflow.engine.discover import files_from, split_names  # noqa: PLC0415 - rare enough

    for value in files or ():
        named += split_names(value, cwd=os.getcwd())
    if listed is not None:
        named += files_from(_read(listed), null=arguments.null)
    return named


def _read(listed: str) -> bytes:
    if listed == "-":
        if sys.stdin is None:
            raise UsageError("cannot read names from standard input: it is closed")
        return sys.stdin.buffer.read()
    try:
        with open(listed, "rb") as file:
            return file.read()
    except OSError as exc:
        raise UsageError(f"cannot read {listed}: {(exc.strerror or str(exc)).lower()}") from exc
