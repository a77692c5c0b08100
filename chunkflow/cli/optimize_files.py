"""`chunkflow optimize-files`: run processors over files, on what changed."""

import os
import sys
from typing import Annotated, NamedTuple

import typer

from chunkflow.cli.choices import Color, FailOn, ReportFormat
from chunkflow.cli.output import say, tell, wants_color, write_lines
from chunkflow.cli.progress import progress_bar
from chunkflow.cli.status import status_of
from chunkflow.engine.discover import files_from, split_names
from chunkflow.errors import UsageError
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.model.report import Report
from chunkflow.report.json import render_json
from chunkflow.report.text import render_text


class _Show(NamedTuple):
    """How the report is shown."""

    form: ReportFormat
    output: str | None
    color: Color
    quiet: bool
    verbose: bool


def optimize_files(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files and directories; none: the whole project.")
    ] = None,
    *,
    files: Annotated[
        list[str] | None, typer.Option(metavar="A.TS,B.TS", help="Files, separated by commas.")
    ] = None,
    listed: Annotated[
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
    jobs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Worker processes.")] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Seconds a chunk may take; 0: any.")
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
    named = _named(paths, files, listed, null=null)
    with (
        ChunkFlow(
            settings_file=config,
            cache={"dir": cache_dir} if not no_cache else False,
            on_warning=None if quiet else lambda message: say(f"warning: {message}"),
            parallel_operations=jobs,
            timeout=timeout,
            fail_on=fail_on,
        ) as flow,
        progress_bar(enabled=not quiet) as progress,
    ):
        report = flow.optimize_files(
            named,
            processors=processor,
            with_values=format_ is not ReportFormat.text,
            progress=progress,
        )
    _show(report, _Show(format_, output, color, quiet, verbose))
    raise typer.Exit(status_of(report, flow.settings.fail_on))


def _show(report: Report, how: _Show) -> None:
    if how.verbose:
        for file in report.files:
            tell(f"{file.status}: {file.path}: {file.reran} rerun")
    if how.form is ReportFormat.json:
        write_lines(render_json(report), how.output)
        return
    color = how.output is None and wants_color(how.color, sys.stdout, os.environ)
    write_lines(render_text(report, color=color, summary=not how.quiet), how.output)


def _named(
    paths: list[str] | None, files: list[str] | None, listed: str | None, *, null: bool
) -> list[str] | None:
    """All that was named, or None where nothing was, which stands for the whole project."""
    if not (paths or files is not None or listed is not None):
        return None
    named = list(paths or ())
    for value in files or ():
        named += split_names(value, cwd=os.getcwd())
    if listed is not None:
        named += files_from(_read(listed), null=null)
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
