"""Parsing text piece by piece, where the whole of it has errors."""

from tree_sitter import Node, Parser, Range

from chunkflow.syntax.scan import pieces

_ALL = Range((0, 0), (0xFFFFFFFF, 0xFFFFFFFF), 0, 0xFFFFFFFF)


def resynchronised(source: bytes, parser: Parser) -> list[Node]:
    """The syntax trees of the pieces of a text; an error in one leaves the others alone.

    Offsets in the trees count from the start of the text. Rows and columns do not.
    """
    roots = []
    try:
        for start, end in pieces(source):
            parser.included_ranges = [Range((0, start), (0, end), start, end)]
            roots.append(parser.parse(source).root_node)
    finally:
        parser.included_ranges = [_ALL]
    return roots
