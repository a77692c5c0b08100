"""Cutting what is larger than a limit along its syntax: statements, members, arguments, items.

A cut never depends on how much text stands before it. Of a list's items those between two blank
lines stay together where they fit; where they do not, they part at a long item whose first line
has the smallest checksum, again and again until they fit. So an edit moves the cuts of its own run
of items at most, and nearly always none. (Boundaries by content are an idea of rsync and LBFS; the
smallest checksum as the boundary is that of local-maximum chunking, Bjørner et al., 2010.)
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple
from zlib import crc32

from tree_sitter import Node

from chunkflow.syntax.nodes import COMMENTS, STATEMENT_KINDS
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

_LISTS = frozenset(
    "statement_block class_body object array arguments switch_body switch_case switch_default"
    " object_type interface_body enum_body named_imports export_clause formal_parameters"
    " jsx_element jsx_fragment template_string object_pattern array_pattern tuple_type"
    " type_arguments type_parameters sequence_expression lexical_declaration"
    " variable_declaration".split()
)
"""Nodes whose children are a list: cut between any of them."""

_GLUED = frozenset(
    "switch_case switch_default sequence_expression lexical_declaration"
    " variable_declaration".split()
)
"""Lists without a bracket of their own: their first item stays with what is before it."""

_BRANCHES = frozenset({"else_clause", "catch_clause", "finally_clause"})
"""Nodes that are cut off from the statement that they are a branch of."""

_CHAINS = frozenset(
    "binary_expression union_type intersection_type call_expression member_expression".split()
)
"""Nodes that nest to the left where people see a list: `a + b + c`, `A | B`, `x.a(…).b(…)`."""

_PART_KINDS = STATEMENT_KINDS | {
    "pair": "property",
    "shorthand_property_identifier": "property",
    "property_signature": "property",
    "enum_assignment": "property",
    "public_field_definition": "property",
    "method_definition": "method",
    "method_signature": "method",
}
# Nothing that people or bundlers write nests as deep; it bounds the time that nonsense takes.
_DEEPEST = 1000
# Added to the depth of cuts between the small parts of what is no list: `function`, name, `(…)`.
_LAST_RESORT = 10 * _DEEPEST
_TRAILING = frozenset({",", ";", ":"})
_CALLED = frozenset({"arguments", "type_arguments", "template_string"})
_OPENING = frozenset({"(", "[", "{"})
_CLOSING = frozenset({")", "]", "}"})


class _Item(NamedTuple):
    """An item of a list with its comments and the comma after it."""

    start: int
    end: int
    node: Node


def cut_rows(rows: Iterable[Row], roots: Sequence[Node], source: bytes, most: int) -> list[Row]:
    """The rows, with parts of at most `most` bytes in place of each that is larger.

    A part is larger only if it is a single token. Of a row that is cut the first part keeps kind,
    name and declaration; the others have it in their scope.
    """
    starts = [root.start_byte for root in roots]
    out: list[Row] = []
    for row in rows:
        if row[END] - row[START] <= most or row[KIND] == "comment" or not roots:
            out.append(row)
        else:
            root = roots[max(bisect_left(starts, row[DECL_START] + 1) - 1, 0)]
            out += _Cutter(row, source, most).parts(root)
    return out


class _Cutter:
    """Finds the cuts of one row."""

    def __init__(self, row: Row, source: bytes, most: int) -> None:
        self._row = row
        self._source = source
        self._most = most
        # Where the row is cut, and what begins there.
        self._cuts: dict[int, Node | None] = {}
        # Where it may be cut besides, if what is between two cuts is still too large, and how deep
        # in the syntax that is.
        self._spare: dict[int, tuple[int, Node]] = {}

    def parts(self, root: Node) -> Iterator[Row]:
        """The row's parts, in order."""
        row = self._row
        nodes = list(_declared(root, row[START], row[DECL_END]))
        # Several are overloads, or a member behind its decorators.
        self._cut_list(self._items(nodes, 0, chain=False), glued=True)
        pending = [(node, 1) for node in nodes]
        while pending:
            pending += self._visit(*pending.pop())
        cuts = self._all_cuts()
        bounds = [row[START], *cuts, row[END]]
        first = True
        for start, end in pairwise(bounds):
            part = self._part(start, end, first=first)
            if part is not None:
                yield part
                first = False

    def _part(self, start: int, end: int, *, first: bool) -> Row | None:
        row, source = self._row, self._source
        text = source[start:end]
        closing = SPACE_BYTES if first else GAP_BYTES
        start = end - len(text.lstrip(closing))
        end = start + len(source[start:end].rstrip(SPACE_BYTES))
        if start >= end:
            return None
        if first:
            return [start, end, row[DECL_START], row[DECL_END], row[KIND], row[NAME], row[SCOPE]]
        node = self._cuts.get(start) or self._spare.get(start, (0, None))[1]
        kind = _PART_KINDS.get(node.type, "expression") if node is not None else "expression"
        if node is not None and (node.start_byte >= end or node.type in COMMENTS):
            kind = "comment" if source.startswith(b"/", start) else kind
        name = row[NAME]
        scope = row[SCOPE] if name is None else (*row[SCOPE], name)
        return [start, end, start, end, kind, None, scope]

    def _all_cuts(self) -> list[int]:
        """The cuts in order; what is still too large is cut where that is shallowest."""
        row = self._row
        bounds = sorted({row[START], *self._cuts, row[END]})
        bounds = bounds[bisect_left(bounds, row[START]) : bisect_left(bounds, row[END]) + 1]
        by_depth = sorted((depth, cut) for cut, (depth, _) in self._spare.items())
        for _, level in groupby(by_depth, key=itemgetter(0)):
            new = []
            for _, cut in level:
                after = bisect_left(bounds, cut)
                inside = 0 < after < len(bounds) and bounds[after] != cut
                if inside and self._is_large(bounds[after - 1], bounds[after]):
                    new.append(cut)
            for cut in new:
                insort(bounds, cut)
        return bounds[1:-1]

    def _is_large(self, start: int, end: int) -> bool:
        if end - start <= self._most:
            return False
        return len(self._source[start:end].strip(SPACE_BYTES)) > self._most

    def _visit(self, node: Node, depth: int) -> Iterator[tuple[Node, int]]:
        """Note the cuts of a node; yields what in it is large enough to be cut as well."""
        if node.start_byte >= self._row[END] or depth > _DEEPEST:
            return  # the body of a container, whose members have rows of their own; or nonsense
        chain = node.type in _CHAINS
        listed = chain or node.type in _LISTS
        children = _links(node) if chain else node.children
        items = self._items(children, depth if listed else depth + _LAST_RESORT, chain=chain)
        for item in items:
            if listed or item.end - item.start > self._most // 4:
                self._spare[item.start] = (depth, item.node)
        if node.end_byte - node.start_byte > self._most:
            for item in items:
                if item.node.type in _BRANCHES:
                    self._cuts[item.start] = item.node
            if listed:
                self._cut_list(items, glued=chain or node.type in _GLUED)
        for child in children:
            # Far below the limit: what stands around a node may make a part of it too large.
            if child.end_byte - child.start_byte > self._most // 4 and child.child_count:
                yield child, depth + 1

    def _items(self, children: Sequence[Node], depth: int, *, chain: bool) -> list[_Item]:
        """Children as items, each with the comments and tokens before it and the comma after it."""
        items: list[_Item] = []
        start = -1
        for child in children:
            node_type = child.type
            if node_type in _TRAILING or (node_type in COMMENTS and self._trails(items, child)):
                if node_type in COMMENTS:
                    self._spare[child.start_byte] = (depth, child)
                if items and start < 0:
                    items[-1] = items[-1]._replace(end=child.end_byte)
            elif node_type in _OPENING:
                self._spare[child.end_byte] = (depth, child)
            elif node_type in COMMENTS or not (child.is_named or node_type in _CLOSING):
                self._spare[child.start_byte] = (depth, child)
                start = child.start_byte if start < 0 else start
            elif chain and items and node_type in _CALLED:
                items[-1] = items[-1]._replace(end=child.end_byte)
            elif child.is_named:
                begin = child.start_byte if start < 0 else start
                self._spare[child.start_byte] = (depth, child)
                items.append(_Item(begin, child.end_byte, child))
                start = -1
        return items

    def _trails(self, items: list[_Item], comment: Node) -> bool:
        return bool(items) and self._source.find(b"\n", items[-1].end, comment.start_byte) < 0

    def _cut_list(self, items: list[_Item], *, glued: bool) -> None:
        if not items:
            return
        for run in self._runs(items):
            for group in self._fitting(run):
                if not (glued and group is items[0]):
                    self._cuts[group.start] = group.node
        if not glued:
            self._cuts.setdefault(items[-1].end, None)

    def _runs(self, items: list[_Item]) -> Iterator[list[_Item]]:
        """Items between blank lines; one that is too large stands alone."""
        run: list[_Item] = []
        for item in items:
            # So a long item takes no part in where its neighbours are cut.
            large = item.end - item.start > self._most // 4
            if run and (large or self._source.count(b"\n", run[-1].end, item.start) > 1):
                yield run
                run = []
            run.append(item)
            if large:
                yield run
                run = []
        if run:
            yield run

    def _fitting(self, run: list[_Item]) -> Iterator[_Item]:
        """The first item of each group that a run falls into; every group fits the limit."""
        sums = [self._checksum(item) for item in run]
        pending = [(0, len(run))]
        while pending:
            low, high = pending.pop()
            yield run[low]
            while high - low > 1 and run[high - 1].end - run[low].start > self._most:
                middle = (low + high) // 2
                at = min(range(low + 1, high), key=lambda i: (sums[i], abs(i - middle)))
                pending.append((at, high))
                high = at

    def _checksum(self, item: _Item) -> tuple[int, int]:
        """What is smallest where a run is parted: long items first, then by their first lines."""
        start, end = item.node.start_byte, item.end
        line_end = self._source.find(b"\n", start, end)
        first_line = self._source[start : end if line_end < 0 else line_end]
        return -(end - start).bit_length(), crc32(first_line)


def _declared(root: Node, start: int, end: int) -> Iterator[Node]:
    """The nodes that a declaration's span is made of."""
    node = root.descendant_for_byte_range(start, end - 1)
    if node is None:
        return
    if node.start_byte >= start and node.parent is not None:
        yield node
        return
    for child in node.children:
        if child.end_byte > start and child.start_byte < end:
            yield child


def _links(node: Node) -> list[Node]:
    """The links of a chain that nests to the left, in the order of the text."""
    links: list[Node] = []
    while node.type in _CHAINS:
        children = node.children
        links += reversed(children[1:])
        if not children:
            break
        node = children[0]
    links.append(node)
    links.reverse()
    return links
