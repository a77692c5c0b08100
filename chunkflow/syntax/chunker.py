"""Cuts the bytes of a file into chunks."""

import threading
from collections.abc import Sequence
from io import BytesIO

from tree_sitter import Node

from chunkflow.model.chunk import Chunk
from chunkflow.syntax import sizes
from chunkflow.syntax.budget import NO_DEADLINE, Budget, Deadline
from chunkflow.syntax.languages import make_parser
from chunkflow.syntax.parsed import ParsedFile
from chunkflow.syntax.rows import Row, RowBuilder, fill_gaps, make_chunks
from chunkflow.syntax.suites import DEFAULT_SUITES, SuiteNames
from chunkflow.syntax.walk import find_rows, list_top_nodes

_TOO_LARGE = "a statement is too large to be parsed; what is in it was not looked at"
_OVER_BUDGET = "parsing took too long; some of it was cut by a light scan alone"


def prepare() -> None:
    """Load the grammar, once for all processes that are forked from this one."""
    make_parser("typescript")


class Chunker:
    """Chunks files of one language. It keeps a parser, so one thread at a time may use it."""

    def __init__(self, language: str, *, suites: Sequence[str] = DEFAULT_SUITES) -> None:
        self._language = language
        self._suites = SuiteNames(suites)
        self._parser = make_parser(language)

    def parse(
        self,
        source: bytes,
        *,
        max_bytes: int | None = None,
        top: bool = True,
        deadline: Deadline = NO_DEADLINE,
    ) -> ParsedFile:
        """Chunk a text that is held and parsed as a whole.

        Args:
            source: a small file, or a run of whole statements; see `windows`.
            max_bytes: cut declarations that are larger; None never cuts one.
            top: whether the source begins at the start of the file.
            deadline: when to give up.

        Raises:
            TimeLimitReached: the deadline has passed.
        """
        budget = Budget(len(source), deadline)
        root = budget.parse(self._parser, source, len(source))
        if root is not None and not root.has_error:
            return self._make_file(
                self._find_rows([root], source, top=top), [root], source, max_bytes
            )
        # Most files have no errors, and a process that knows no repairs is ready the sooner.
        from chunkflow.syntax.recovery import parse_broken  # noqa: PLC0415

        jsx = self._language != "typescript"
        roots, unparsed = parse_broken(source, root, self._parser, budget, jsx=jsx)
        rows = fill_gaps(self._find_rows(roots, source, top=top), source, unparsed=unparsed)
        note = _OVER_BUDGET if unparsed else None
        return self._make_file(rows, roots, source, max_bytes)._replace(note=note)

    def chunk_unparsed(self, source: bytes, *, top: bool) -> ParsedFile:
        """Make one chunk of a statement that is too large to be parsed, and chunks of its comments.

        Its kind and name come from its first words; failing that, its kind is `error`.
        """
        # Few statements are so large.
        from chunkflow.syntax.unparsed import add_comments, describe_unparsed  # noqa: PLC0415

        rows: list[Row] = []
        place = RowBuilder(rows, source, (), top=top)
        start = add_comments(source, place)
        if not source[start:].strip():
            place.flush()
            return self._make_file(rows, [], source, None)
        place.add(start, len(source), *describe_unparsed(source, start))
        return self._make_file(fill_gaps(rows, source), [], source, None)._replace(note=_TOO_LARGE)

    def parse_clean(
        self, source: bytes, budget: Budget, *, max_bytes: int | None, top: bool
    ) -> tuple[ParsedFile | None, int]:
        """Chunk a source only if it has no errors.

        Otherwise returns None and roughly where the first error is, or where the budget ended.
        """
        root, error = budget.parse_to_error(self._parser, source, len(source))
        if root is None:
            return None, error
        if root.has_error:
            # The root may be an error itself, with nothing wrong in it.
            broken = (node.start_byte for node in root.children if node.has_error)
            return None, next(broken, root.start_byte)
        rows = self._find_rows([root], source, top=top)
        return self._make_file(rows, [root], source, max_bytes), -1

    def _find_rows(self, roots: Sequence[Node], source: bytes, *, top: bool) -> list[Row]:
        rows: list[Row] = []
        find_rows(list_top_nodes(roots), RowBuilder(rows, source, (), top=top), self._suites)
        return rows

    def _make_file(
        self, rows: list[Row], roots: list[Node], source: bytes, max_bytes: int | None
    ) -> ParsedFile:
        if max_bytes is not None:
            from chunkflow.syntax.cutting import cut_rows  # noqa: PLC0415 - only with a limit

            rows = cut_rows(rows, roots, source, max_bytes)
        return ParsedFile(make_chunks(rows, source, self._language), roots)


class _Chunkers(threading.local):
    """The chunkers of a thread, by language and suites."""

    def __init__(self) -> None:
        self.chunkers: dict[tuple[str, tuple[str, ...]], Chunker] = {}


_chunkers = _Chunkers()


def chunk_source(
    source: bytes,
    language: str,
    *,
    max_bytes: int | None = None,
    suites: Sequence[str] = DEFAULT_SUITES,
) -> list[Chunk]:
    """Cut source text into chunks: one a top-level statement or class member.

    Args:
        source: the text of a file, in UTF-8, with or without a byte order mark.
        language: `typescript`, `tsx` or `javascript`.
        max_bytes: cut declarations that are larger along their syntax; only a token may then be
            larger. None never cuts one.
        suites: names of the functions whose call is a test suite.

    Returns:
        Chunks in the order of the file. They do not overlap, and between them stands only white
        space, closing brackets and empty statements. Their `path` is None.

    Raises:
        ValueError: the language is unknown, or `max_bytes` is not positive. No bytes make it raise.
    """
    if max_bytes is not None and max_bytes < 1:
        raise ValueError(f"max_bytes is {max_bytes}; it must be at least 1")
    key = (language, tuple(suites))
    if key not in _chunkers.chunkers:
        _chunkers.chunkers[key] = Chunker(language, suites=suites)
    chunker = _chunkers.chunkers[key]
    if len(source) <= sizes.WHOLE_BYTES:
        return chunker.parse(source, max_bytes=max_bytes).chunks
    from chunkflow.syntax.windows import cut_windows  # noqa: PLC0415 - few texts are so large

    found = cut_windows(BytesIO(source).read, chunker, max_bytes=max_bytes)
    return [chunk for window in found for chunk in window.in_file()]
