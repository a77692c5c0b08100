"""From the bytes of a file to its chunks."""

import threading
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tree_sitter import Node, Range

from chunkflow.model.chunk import Chunk
from chunkflow.syntax.budget import Budget
from chunkflow.syntax.cut import cut_rows
from chunkflow.syntax.languages import parser
from chunkflow.syntax.prologue import take_prologue
from chunkflow.syntax.repair import repaired
from chunkflow.syntax.resync import WHOLE, Pieces, resynchronised
from chunkflow.syntax.rows import END, START, Row, Rows, covered, finished
from chunkflow.syntax.suites import DEFAULT_SUITES, SuiteNames
from chunkflow.syntax.walk import find_rows, top_nodes


class ParsedFile(NamedTuple):
    """A file's chunks, and the syntax trees that they were found in."""

    chunks: list[Chunk]
    roots: list[Node]
    """In the order of the file, offsets counting from its start."""
    note: str | None = None
    """What is to be said of the file, though it has its chunks."""


_END_POINT, _END_BYTE = WHOLE.end_point, WHOLE.end_byte
_OVER_BUDGET = "parsing took too long; some of it was cut by a light scan alone"


class Chunker:
    """Chunks files of one language. It keeps its parser: one thread at a time may use it."""

    def __init__(self, language: str, *, suites: Sequence[str] = DEFAULT_SUITES) -> None:
        self._language = language
        self._suites = SuiteNames(suites)
        self._parser = parser(language)
        # Where it begins to parse.
        self._place = 0

    def parse(self, source: bytes, *, max_bytes: int | None = None, top: bool = True) -> ParsedFile:
        """The chunks of a file, whatever its bytes.

        Args:
            source: the file, or a run of whole statements of it.
            max_bytes: cut declarations that are larger.
            top: whether the source begins where the file does.
        """
        out: list[Row] = []
        rows = Rows(out, source, (), top=top)
        place = take_prologue(source, rows)
        if max_bytes is not None and any(row[END] - row[START] > max_bytes for row in out):
            out, place = [], 0  # to be cut, they need a tree
            rows = Rows(out, source, (), top=top)
        budget = Budget(len(source))
        root = self._tree_from(place, source, budget)
        if root is not None and not root.has_error:
            find_rows(root.children, rows, self._suites)
            return self._parsed(out, [root], source, max_bytes)
        found = self._mended(source, root, budget)
        out = []
        find_rows(top_nodes(found.roots), Rows(out, source, (), top=top), self._suites)
        out = covered(out, source, apart=found.unparsed)
        note = _OVER_BUDGET if found.unparsed else None
        return self._parsed(out, found.roots, source, max_bytes)._replace(note=note)

    def _tree_from(self, place: int, source: bytes, budget: Budget) -> Node | None:
        """The root over the source from `place` on; None where the budget did not suffice."""
        self._begin_at(place)
        return budget.parse(self._parser, source, len(source) - place)

    def _begin_at(self, place: int) -> None:
        if place != self._place:
            rest = Range((0, place), _END_POINT, place, _END_BYTE) if place else WHOLE
            self._parser.included_ranges = [rest]
            self._place = place

    def _mended(self, source: bytes, root: Node | None, budget: Budget) -> Pieces:
        """Trees over a text that has errors: repaired, or else piece by piece."""
        self._begin_at(0)
        if root is not None:
            source, root = repaired(source, root, lambda text: self._parser.parse(text).root_node)
            if not root.has_error:
                return Pieces([root], [])
        return resynchronised(source, self._parser, budget)

    def tree(self, source: bytes, budget: Budget) -> Node | None:
        """The root of the syntax tree, errors and all; None where the budget did not suffice."""
        return self._tree_from(0, source, budget)

    def chunks_of(
        self, nodes: Iterable[Node], root: Node, source: bytes, max_bytes: int | None, *, top: bool
    ) -> ParsedFile:
        """The chunks of some top-level nodes of a tree, all without errors."""
        rows: list[Row] = []
        find_rows(nodes, Rows(rows, source, (), top=top), self._suites)
        return self._parsed(rows, [root], source, max_bytes)

    def _parsed(
        self, rows: list[Row], roots: list[Node], source: bytes, max_bytes: int | None
    ) -> ParsedFile:
        if max_bytes is not None:
            rows = cut_rows(rows, roots, source, max_bytes)
        return ParsedFile(finished(rows, source, self._language), roots)


class _Kept(threading.local):
    """The chunkers of a thread, by language and suites."""

    def __init__(self) -> None:
        self.chunkers: dict[tuple[str, tuple[str, ...]], Chunker] = {}


_kept = _Kept()


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
    if key not in _kept.chunkers:
        _kept.chunkers[key] = Chunker(language, suites=suites)
    return _kept.chunkers[key].parse(source, max_bytes=max_bytes).chunks
