"""The table of commands."""

import os
from typing import Annotated

import typer

from chunkflow import __version__
from chunkflow.cli.chunks import chunks
from chunkflow.cli.optimize_files import optimize_files
from chunkflow.errors import UsageError

app = typer.Typer(
    name="chunkflow",
    help="Runs anything over a TypeScript codebase, and never twice on the same function.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("optimize-files")(optimize_files)
app.command("chunks")(chunks)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"chunkflow {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options that come before a command."""
    try:
        os.getcwd()
    except OSError as exc:
        raise UsageError("the current directory is gone; change to one that exists") from exc
