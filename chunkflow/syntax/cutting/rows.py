"""Cuts rows that are larger than a limit along their syntax."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tree_sitter import Node

from chunkflow.syntax.cutting.places import Places, find_places
from chunkflow.syntax.declarations import COMMENTS, STATEMENT_KINDS
from chunkflow.syntax.rows import (
    DECL_END,
    DECL_START,
    END,
    GAP_BYTES,
    KIND,
    NAME,
    SCOPE,
    SPACE_BYTES,
    START,
    Row,
)

_PART_KINDS = STATEMENT_KINDS | {
    "pair": "property",
    "shorthand_property_identifier": "property",
    "property_signature": "property",
    "enum_assignment": "property",
    "public_field_definition": "property",
    "method_definition": "method",
    "method_signature": "method",
}


def cut_rows(rows: Iterable[Row], roots: Sequence[Node], source: bytes, most: int) -> list[Row]:
    """Replace each row that is larger than `most` bytes by parts that are not.

    Only a single token may still be larger. The first part keeps the kind, name and declaration of
    the row. The others have its name in their scope.
    """
    starts = [root.start_byte for root in roots]
    out: list[Row] = []
    for row in rows:
        if row[END] - row[START] <= most or not roots:
            out.append(row)
        else:
            root = roots[max(bisect_left(starts, row[DECL_START] + 1) - 1, 0)]
            nodes = list(_list_nodes(root, row[DECL_START], row[DECL_END]))
            places = find_places(nodes, source, (row[START], row[END]), most)
            out += _split_row(row, places, source)
    return out


def _split_row(row: Row, places: Places, source: bytes) -> Iterator[Row]:
    """The parts of a row, in order."""
    row_start, row_end = row[START], row[END]
    ends = sorted((each.end, each.start) for each in places.lists if each.has_bracket)
    cuts = sorted(cut for cut in places.cuts if row_start < cut < row_end)
    scope = row[SCOPE] if row[NAME] is None else (*row[SCOPE], row[NAME])
    first = True
    for place, limit in pairwise([row_start, *cuts, row_end]):
        start = limit - len(source[place:limit].lstrip(SPACE_BYTES))
        code_end = start + len(source[start:limit].rstrip(GAP_BYTES))
        if code_end <= start:
            continue
        end = _find_part_end(start, code_end, limit, ends, source)
        if first:
            yield [start, end, row[DECL_START], row[DECL_END], row[KIND], row[NAME], row[SCOPE]]
            first = False
        else:
            yield [start, end, start, end, _get_kind(places.cuts[place]), None, scope]


def _find_part_end(
    start: int, code_end: int, limit: int, ends: Sequence[tuple[int, int]], source: bytes
) -> int:
    """Where a part ends: before the closing brackets of a list that began before the part."""
    for at in range(bisect_left(ends, (code_end, 0)), len(ends)):
        list_end, list_start = ends[at]
        if list_end >= limit:
            break
        if list_start < start:
            return list_end
    return start + len(source[start:limit].rstrip(SPACE_BYTES))


def _get_kind(node_type: str) -> str:
    if node_type in COMMENTS:
        return "comment"
    other = "statement" if node_type.endswith("_statement") else "expression"
    return _PART_KINDS.get(node_type, other)


def _list_nodes(root: Node, start: int, end: int) -> Iterator[Node]:
    """The nodes that make up the span of a declaration."""
    node = root.descendant_for_byte_range(start, end)
    if node is None:
        return
    if node.start_byte >= start and node.parent is not None:
        yield node
        return
    for child in node.children:
        if child.end_byte > start and child.start_byte < end:
            yield child
