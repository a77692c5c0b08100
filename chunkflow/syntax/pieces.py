"""Parsing text piece by piece, where the whole of it has errors."""

from typing import NamedTuple

from tree_sitter import Node, Parser, Range

from chunkflow.syntax.budget import Budget
from chunkflow.syntax.scan import split_pieces

WHOLE = Range((0, 0), (0xFFFFFFFF, 0xFFFFFFFF), 0, 0xFFFFFFFF)
"""What a parser parses unless it is told otherwise."""


class ParsedPieces(NamedTuple):
    """The pieces of a text."""

    roots: list[Node]
    """Their syntax trees. Offsets count from the start of the text; rows and columns do not."""
    unparsed: list[tuple[int, int]]
    """Those that the budget did not suffice for, as offsets."""


def parse_pieces(source: bytes, parser: Parser, budget: Budget) -> ParsedPieces:
    """Parse each piece of a text alone: an error in one leaves the others as they are."""
    found = ParsedPieces([], [])
    try:
        for start, end in split_pieces(source):
            parser.included_ranges = [Range((0, start), (0, end), start, end)]
            root = budget.parse(parser, source, end - start)
            if root is None:
                found.unparsed.append((start, end))
            else:
                found.roots.append(root)
    finally:
        parser.included_ranges = [WHOLE]
    return found
