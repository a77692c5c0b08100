"""The chunks of a file on disk."""

from collections.abc import Sequence

from chunkflow.engine.reading import read_source
from chunkflow.errors import SourceError
from chunkflow.model.chunk import Chunk
from chunkflow.syntax.suffixes import language_of


def list_chunks(path: str, *, suites: Sequence[str], max_bytes: int | None = None) -> list[Chunk]:
    """The chunks of a file, in its order, each with its path.

    Args:
        path: the file, relative to the current directory or absolute.
        suites: names of the functions whose call is a test suite.
        max_bytes: cut declarations that are larger along their syntax; None never cuts one.

    Raises:
        SourceError: the file cannot be read, or its suffix is of no known language.
        ValueError: `max_bytes` is not positive.
    """
    # Here and not above: the command line names this module whatever it was asked to do.
    from chunkflow.syntax.chunker import chunk_source  # noqa: PLC0415

    language = language_of(path)
    if language is None:
        raise SourceError(f"cannot read {path}: unknown language; name a TypeScript file")
    source = read_source(path, path)
    chunks = chunk_source(source, language, max_bytes=max_bytes, suites=suites)
    return [chunk._replace(path=path) for chunk in chunks]
