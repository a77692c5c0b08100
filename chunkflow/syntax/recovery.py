"""Finds the syntax trees of a text that the grammar cannot parse as a whole."""

from typing import NamedTuple

from tree_sitter import Node, Parser, Range

from chunkflow.syntax.budget import Budget
from chunkflow.syntax.repair import repair_text
from chunkflow.syntax.scan import split_pieces

_WHOLE = Range((0, 0), (0xFFFFFFFF, 0xFFFFFFFF), 0, 0xFFFFFFFF)
"""The range that a parser has by default."""


class Recovery(NamedTuple):
    """What could be parsed of a text."""

    roots: list[Node]
    """The syntax trees. Offsets count from the start of the text; rows and columns do not."""
    unparsed: list[tuple[int, int]]
    """The spans of the pieces that exceeded the budget."""


def parse_broken(
    source: bytes,
    root: Node | None,
    parser: Parser,
    budget: Budget,
    *,
    jsx: bool,
) -> Recovery:
    """Parse a text that has errors: repair it, or else parse it piece by piece.

    Args:
        source: the text.
        root: its tree, which has errors; None where the budget did not suffice for one.
        parser: parses whole texts.
        budget: what is left for the text.
        jsx: whether the text may have JSX in it.
    """

    def parse(text: bytes) -> Node | None:
        return budget.parse(parser, text, len(text))

    if root is not None or jsx:
        text, repaired = repair_text(source, root, parse, jsx=jsx)
        if repaired is not None and not repaired.has_error:
            return Recovery([repaired], [])
        source = text
    return parse_pieces(source, parser, budget)


def parse_pieces(source: bytes, parser: Parser, budget: Budget) -> Recovery:
    """Parse each piece of a text alone, so that an error in one leaves the others as they are."""
    found = Recovery([], [])
    try:
        for start, end in split_pieces(source):
            parser.included_ranges = [Range((0, start), (0, end), start, end)]
            root = budget.parse(parser, source, end - start)
            if root is None:
                found.unparsed.append((start, end))
            else:
                found.roots.append(root)
    finally:
        parser.included_ranges = [_WHOLE]
    return found
