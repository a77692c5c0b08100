"""The chunks of a file on disk."""

import os
from collections.abc import Iterator, Sequence

from chunkflow.engine.reading import check_text, opened
from chunkflow.errors import SourceError
from chunkflow.model.chunk import Chunk
from chunkflow.syntax.suffixes import language_of

_WINDOW_BYTES = 64 * 1024


def list_chunks(
    path: str,
    *,
    suites: Sequence[str],
    max_bytes: int | None = None,
    streaming_bytes: int | None = None,
) -> Iterator[Chunk]:
    """The chunks of a file, in its order, each with its path.

    Args:
        path: the file, relative to the current directory or absolute.
        suites: names of the functions whose call is a test suite.
        max_bytes: cut declarations that are larger along their syntax; None never cuts one.
        streaming_bytes: a larger file is held in windows of 64 KiB; the chunks are the same.

    Raises:
        SourceError: the file cannot be read, or its suffix is of no known language.
        ValueError: `max_bytes` is not positive.
    """
    # Here and not above: the command line names this module whatever it was asked to do.
    from chunkflow.syntax.chunker import Chunker, chunk_source  # noqa: PLC0415
    from chunkflow.syntax.windows import windows  # noqa: PLC0415

    language = language_of(path)
    if language is None:
        raise SourceError(f"cannot read {path}: unknown language; name a TypeScript file")
    with opened(path, path) as file:
        size_bytes = os.fstat(file.fileno()).st_size
        if streaming_bytes is None or size_bytes <= streaming_bytes:
            source = file.readall()
            check_text(source, path)
            for chunk in chunk_source(source, language, max_bytes=max_bytes, suites=suites):
                yield chunk._replace(path=path)
            return
        chunker = Chunker(language, suites=suites)
        found = windows(file.read, chunker, window_bytes=_WINDOW_BYTES, max_bytes=max_bytes)
        for window in found:
            check_text(window.source, path, start_line=window.start_line)
            for chunk in window.in_file():
                yield chunk._replace(path=path)
