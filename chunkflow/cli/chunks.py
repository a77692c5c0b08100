"""`chunkflow chunks`: print how files are cut."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from chunkflow.cli.choices import ChunksFormat
from chunkflow.cli.output import write_lines
from chunkflow.cli.status import BROKEN
from chunkflow.errors import SourceError
from chunkflow.flow.listing import list_chunks
from chunkflow.model.chunk import Chunk
from chunkflow.report.chunks import render_chunks
from chunkflow.settings import load_settings


def chunks(
    files: Annotated[list[str], typer.Argument(help="TypeScript or JavaScript files.")],
    format_: Annotated[
        ChunksFormat, typer.Option("--format", help="How the chunks are shown.")
    ] = ChunksFormat.text,
) -> None:
    """Print the chunks of files, in the order of each file.

    Example: chunkflow chunks src/engine.ts --format jsonl
    """
    settings = load_settings(os.getcwd(), environ=os.environ, overrides={})
    failures: list[str] = []
    found = _chunks(files, settings.suites, failures)
    write_lines(render_chunks(found, format_.value), None)
    for failure in failures:
        print(f"chunkflow: {failure}", file=sys.stderr)
    raise typer.Exit(BROKEN if failures else 0)


def _chunks(files: Iterable[str], suites: tuple[str, ...], failures: list[str]) -> Iterator[Chunk]:
    for file in files:
        try:
            yield from list_chunks(file, suites=suites)
        except SourceError as exc:
            failures.append(str(exc))
