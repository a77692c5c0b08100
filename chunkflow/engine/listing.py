"""Lists the chunks of a file on disk."""

from collections.abc import Callable, Iterator, Sequence

from chunkflow.engine.reading import check_text, open_source
from chunkflow.errors import SourceError
from chunkflow.model.chunk import Chunk
from chunkflow.syntax.suffixes import language_of


def list_chunks(
    path: str,
    *,
    suites: Sequence[str],
    max_bytes: int | None = None,
    warn: Callable[[str], None] = lambda _message: None,
) -> Iterator[Chunk]:
    """The chunks of a file, in its order, each with its path.

    Args:
        path: the file, relative to the current directory or absolute.
        suites: names of the functions whose call is a test suite.
        max_bytes: cut declarations that are larger along their syntax; None never cuts one.
        warn: told what is to be said of the file, though it has its chunks.

    Raises:
        SourceError: the file cannot be read, or its suffix is of no known language.
        ValueError: `max_bytes` is not positive.
    """
    # Here and not above: the command line names this module whatever it was asked to do.
    from chunkflow.syntax.chunker import Chunker  # noqa: PLC0415
    from chunkflow.syntax.windows import cut_windows  # noqa: PLC0415

    language = language_of(path)
    if language is None:
        raise SourceError(f"cannot read {path}: unknown language; name a TypeScript file")
    notes: dict[str, None] = {}
    with open_source(path, path) as file:
        chunker = Chunker(language, suites=suites)
        for window in cut_windows(file.read, chunker, max_bytes=max_bytes):
            check_text(
                window.source, path, start_line=window.start_line, start_byte=window.start_byte
            )
            if window.note is not None:
                notes[window.note] = None
            for chunk in window.in_file():
                yield chunk._replace(path=path)
    if notes:
        warn(f"{path}: {'; '.join(notes)}")
