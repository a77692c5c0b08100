"""`chunkflow optimize-files`: run processors over files, on what changed."""

import os
import sys
from typing import Annotated, NamedTuple

import typer

from chunkflow.cli.choices import Color, FailOn, ReportFormat
from chunkflow.cli.output import wants_color, write_lines
from chunkflow.cli.progress import progress_bar
from chunkflow.cli.status import status_of
from chunkflow.engine.discover import files_from, split_names
from chunkflow.errors import UsageError
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.model.report import Report
from chunkflow.report.json import render_json
from chunkflow.report.text import render_text


class _Request(NamedTuple):
    paths: list[str] | None
    processors: list[str] | None
    form: str
    output: str | None
    cache: bool
    settings_file: str | None
    overrides: dict[str, object]
    quiet: bool
    verbose: bool
    color: str


def optimize_files(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files and directories; none: the whole project.")
    ] = None,
    files: Annotated[
        list[str] | None, typer.Option(metavar="A.TS,B.TS", help="Files, separated by commas.")
    ] = None,
    files_from_: Annotated[
        str | None,
        typer.Option("--files-from", metavar="FILE", help="Read names from a file; - is stdin."),
    ] = None,
    null: Annotated[bool, typer.Option("-0", help="Those names end with NUL, not a line.")] = False,
    processor: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="What to run; module:attr for a function of yours."),
    ] = None,
    format_: Annotated[
        ReportFormat, typer.Option("--format", help="How the report looks.")
    ] = ReportFormat.text,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the report there.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(metavar="N", help="Worker processes.")] = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds a chunk may take; 0: any.")
    ] = None,
    fail_on: Annotated[FailOn | None, typer.Option(help="What makes the exit status 1.")] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither read nor write.")] = False,
    cache_dir: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where results are kept.")
    ] = None,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="The settings file to use.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary, no warnings.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is done.")] = False,
    color: Annotated[Color, typer.Option(help="When to use colours.")] = Color.auto,
) -> None:
    """Run processors over every function that has no result yet.

    Example: chunkflow optimize-files src --files=a.ts,b.ts --format json
    """
    overrides: dict[str, object] = {
        "parallel_operations": jobs,
        "timeout": timeout,
        "fail_on": None if fail_on is None else fail_on.value,
        "cache.dir": cache_dir,
    }
    request = _Request(
        _named(paths, files, files_from_, null=null),
        processor,
        format_.value,
        output,
        not no_cache,
        config,
        overrides,
        quiet,
        verbose,
        color.value,
    )
    raise typer.Exit(_run(request))


def _run(request: _Request) -> int:
    def warn(message: str) -> None:
        if not request.quiet:
            print(f"chunkflow: warning: {message}", file=sys.stderr)

    with (
        ChunkFlow(
            settings_file=request.settings_file,
            cache=request.cache,
            on_warning=warn,
            **request.overrides,
        ) as flow,
        progress_bar(enabled=not request.quiet) as progress,
    ):
        report = flow.optimize_files(
            request.paths,
            processors=request.processors,
            with_values=request.form != "text",
            progress=progress,
        )
        fail_on = flow.settings.fail_on
    _show(report, request)
    return status_of(report, fail_on)


def _show(report: Report, request: _Request) -> None:
    if request.verbose:
        for file in report.files:
            print(f"{file.status}: {file.path}: {file.reran} rerun", file=sys.stderr)
    if request.form == "json":
        write_lines(render_json(report), request.output)
        return
    color = request.output is None and wants_color(request.color, sys.stdout, os.environ)
    write_lines(render_text(report, color=color, summary=not request.quiet), request.output)


def _named(
    paths: list[str] | None, files: list[str] | None, listed: str | None, *, null: bool
) -> list[str] | None:
    """All that was named, or None where nothing was, which stands for the whole project."""
    if not (paths or files is not None or listed is not None):
        return None
    named = list(paths or ())
    for value in files or ():
        named += split_names(value)
    if listed is not None:
        named += files_from(_read(listed), null=null)
    return named


def _read(listed: str) -> bytes:
    if listed == "-":
        return sys.stdin.buffer.read()
    try:
        with open(listed, "rb") as file:
            return file.read()
    except OSError as exc:
        raise UsageError(f"cannot read {listed}: {(exc.strerror or str(exc)).lower()}") from exc
