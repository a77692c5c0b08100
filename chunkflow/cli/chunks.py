"""`chunkflow chunks`: print the chunks of files."""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chunkflow.cli.commands import CHOICE, WHOLE, Command, Option
from chunkflow.cli.output import print_message, write_lines
from chunkflow.cli.status import BROKEN, SUCCESS
from chunkflow.engine.listing import list_chunks
from chunkflow.errors import SourceError
from chunkflow.model.chunk import Chunk
from chunkflow.processors.sections import check_sections
from chunkflow.report.chunks import CHUNK_FORMATS, render_chunks
from chunkflow.settings import Settings, load_settings


class ChunksArguments(NamedTuple):
    """The arguments of `chunks`."""

    files: Sequence[str]
    format: str = "text"
    max_bytes: int | None = None


_OPTIONS = (
    Option("files", (), "TypeScript or JavaScript files.", multiple=True),
    Option("format", ("--format",), "Output format.", CHOICE, choices=CHUNK_FORMATS),
    Option(
        "max_bytes",
        ("--max-bytes",),
        "Cut larger declarations along their syntax.",
        WHOLE,
        metavar="N",
    ),
)


def chunks(arguments: ChunksArguments) -> int:
    """Print the chunks of files, in the order of each file.

    Example: chunkflow chunks src/engine.ts --format jsonl
    """
    settings = load_settings(".", environ=os.environ, overrides={})
    check_sections(settings)
    for note in settings.notes:
        print_message(f"warning: {note}")
    failures: list[str] = []
    found = _list_chunks(arguments, failures, settings)
    write_lines(render_chunks(found, arguments.format), None)
    for failure in failures:
        print_message(failure)
    return BROKEN if failures else SUCCESS


COMMAND = Command("chunks", chunks, ChunksArguments, _OPTIONS)


def _list_chunks(
    arguments: ChunksArguments, failures: list[str], settings: Settings
) -> Iterator[Chunk]:
    for file in arguments.files:
        try:
            yield from list_chunks(
                file,
                suites=settings.suites,
                max_bytes=arguments.max_bytes,
                warn=print_message,
            )
        except SourceError as exc:
            failures.append(str(exc))
