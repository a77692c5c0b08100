"""`chunkflow chunks`: print how files are cut."""

import os
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from chunkflow.cli.choices import ChunksFormat
from chunkflow.cli.output import say, write_lines
from chunkflow.cli.status import BROKEN, DONE
from chunkflow.errors import SourceError
from chunkflow.flow.listing import list_chunks
from chunkflow.model.chunk import Chunk
from chunkflow.report.chunks import render_chunks
from chunkflow.settings import Settings, load_settings


def chunks(
    files: Annotated[list[str], typer.Argument(help="TypeScript or JavaScript files.")],
    *,
    format_: Annotated[
        ChunksFormat, typer.Option("--format", help="How the chunks are shown.")
    ] = ChunksFormat.text,
    max_bytes: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Cut larger declarations along their syntax."),
    ] = None,
) -> None:
    """Print the chunks of files, in the order of each file.

    Example: chunkflow chunks src/engine.ts --format jsonl
    """
    settings = load_settings(os.getcwd(), environ=os.environ, overrides={})
    failures: list[str] = []
    found = _chunks(files, failures, max_bytes, settings)
    write_lines(render_chunks(found, format_.value), None)
    for failure in failures:
        say(failure)
    raise typer.Exit(BROKEN if failures else DONE)


def _chunks(
    files: Iterable[str], failures: list[str], max_bytes: int | None, settings: Settings
) -> Iterator[Chunk]:
    for file in files:
        try:
            yield from list_chunks(
                file,
                suites=settings.suites,
                max_bytes=max_bytes,
                streaming_bytes=settings.streaming_threshold_bytes,
            )
        except SourceError as exc:
            failures.append(str(exc))
