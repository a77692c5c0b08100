"""The table of commands."""

from typing import Annotated

import typer

from chunkflow import __version__
from chunkflow.cli.chunks import chunks
from chunkflow.cli.optimize_files import optimize_files

app = typer.Typer(
    name="chunkflow",
    help="Runs anything over a TypeScript codebase, per function, and never twice on the same one.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("optimize-files")(optimize_files)
app.command("chunks")(chunks)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag's value
    if wanted:
        typer.echo(f"chunkflow {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Options that come before a command."""
