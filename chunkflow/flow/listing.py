"""The chunks of a file on disk."""

from collections.abc import Sequence

from chunkflow.engine.reading import read_source
from chunkflow.errors import SourceError
from chunkflow.model.chunk import Chunk
from chunkflow.syntax.chunker import chunk_source
from chunkflow.syntax.suffixes import language_of
from chunkflow.syntax.suites import DEFAULT_SUITES


def list_chunks(path: str, *, suites: Sequence[str] = DEFAULT_SUITES) -> list[Chunk]:
    """The chunks of a file, in its order, each with its path.

    Raises:
        SourceError: the file cannot be read, or its suffix is of no known language.
    """
    language = language_of(path)
    if language is None:
        raise SourceError(f"cannot read {path}: unknown language; name a TypeScript file")
    source = read_source(path, path)
    return [chunk._replace(path=path) for chunk in chunk_source(source, language, suites=suites)]
