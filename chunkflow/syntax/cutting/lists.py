"""The lists in a syntax tree, and the items between which a declaration may be cut."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from tree_sitter import Node

from chunkflow.syntax.declarations import COMMENTS
from chunkflow.syntax.rows import GAP_BYTES

Span: TypeAlias = tuple[int, int]

_BODIES = frozenset(
    "statement_block class_body object array switch_body object_type interface_body"
    " enum_body".split()
)
"""Lists that a header stands before."""

MINOR = frozenset(
    "formal_parameters type_parameters object_pattern array_pattern named_imports"
    " export_clause".split()
)
"""Lists that are part of a header: cut only where nothing better is left."""

_CHAINS = frozenset(
    "binary_expression union_type intersection_type call_expression member_expression".split()
)
"""Nodes that nest to the left where people see a list: `a + b + c`, `A | B`, `x.a(…).b(…)`."""

_GLUED = _CHAINS | {
    "switch_case",
    "switch_default",
    "sequence_expression",
    "lexical_declaration",
    "variable_declaration",
    "if_statement",
    "try_statement",
}
"""Lists without a bracket of their own: their first item stays with what is before it."""

_LISTS = _BODIES | MINOR | _GLUED
_LISTS |= {"arguments", "type_arguments", "tuple_type", "jsx_element", "jsx_fragment"}

_BRANCHES = frozenset({"else_clause", "catch_clause", "finally_clause"})
"""Items that need not begin a line."""

_TRAILING = frozenset({",", ";", ":"})
PUNCTUATION = _TRAILING | frozenset("()[]{}")
"""Tokens that begin no item."""
_CALLED = frozenset({"arguments", "type_arguments", "template_string"})
# A header of more than this part of the limit is cut from its body, so that an edit in the body
# does not process it again; but no single line.
_HEADER_PART = 8
_HEADER_BYTES = 80
# What is smaller is not looked into: there is nothing to cut in it, however many lines it has.
_SMALLEST_BYTES = 8
# As far as anything is looked for around an item: what is nested deep would be read too often.
_NEAR_BYTES = 200
# Nothing that people or bundlers write nests as deep; below it depths count as equal.
DEEPEST = 1000


class ItemList:
    """A node whose children are a list, in the order of the text."""

    __slots__ = ("depth", "end", "items", "kind", "owner", "start")

    def __init__(self, kind: str, owner: "Item | None", start: int) -> None:
        self.kind = kind
        """The node's type; empty for the list of what a declaration is made of."""
        self.owner = owner
        """The item of another list that this one is in."""
        self.start = start
        self.end = start
        """Where its last item ends; behind it are closing brackets."""
        self.depth: int = 0 if owner is None else min(owner.inside.depth + 1, DEEPEST)
        self.items: list[Item] = []

    @property
    def has_bracket(self) -> bool:
        """Whether a bracket closes it."""
        return self.owner is not None and self.kind not in _GLUED


class Item:
    """An item of a list with its comments and the comma after it."""

    __slots__ = (
        "after_blank",
        "at_line",
        "end",
        "inside",
        "is_long",
        "is_open",
        "node",
        "start",
    )

    def __init__(self, node: Node, start: int, end: int, inside: ItemList) -> None:
        self.node = node
        self.start = start
        self.end = end
        self.inside = inside
        self.at_line = False
        """Whether nothing but white space is before it on its line; not set for the first."""
        self.after_blank = False
        self.is_long = False
        """Whether it is looked into: it has several lines, and is not tiny."""
        self.is_open = False
        """Whether there is a cut inside it."""


class Spans:
    """Some pieces of a declaration, in order."""

    def __init__(self, spans: Sequence[Span], *, least_bytes: int) -> None:
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]
        self.least_bytes = least_bytes
        """What is not larger is not looked into."""

    def meet(self, start: int, end: int) -> bool:
        """Whether what is between has part in one of the pieces."""
        at = bisect_right(self._ends, start)
        return at < len(self._ends) and self._starts[at] < end


def find_lists(nodes: Iterable[Node], source: bytes, span: Span) -> list[ItemList]:
    """Find the lists of several lines in a declaration, each after the one that it is in.

    Those in `MINOR`, and what is in them, are left out.

    Args:
        nodes: the nodes of the declaration.
        source: the file.
        span: where the declaration begins and ends, its comments included.
    """
    return _read_lists(nodes, _ItemReader(source, span[1], None), span)


def find_lists_in(
    nodes: Iterable[Node], source: bytes, span: Span, pieces: Spans
) -> list[ItemList]:
    """Like `find_lists`, but every list that has part in one of the pieces and is not small."""
    return _read_lists(nodes, _ItemReader(source, span[1], pieces), span)


def _read_lists(nodes: Iterable[Node], walk: "_ItemReader", span: Span) -> list[ItemList]:
    source, thorough = walk.source, walk.pieces is not None
    top = ItemList("", None, span[0])
    walk.read(nodes, top)
    if top.items:
        top.items[0].start = span[0]
    lists = [top]
    pending = walk.pending
    while pending:
        node, owner = pending.pop()
        node_type = node.type
        if node_type in MINOR and not thorough:
            continue
        children: Sequence[Node] = node.children
        if node_type in _CHAINS and (thorough or _has_lines_between(children, source)):
            children = _list_links(node)
        elif node_type in _CHAINS or node_type not in _LISTS:
            walk.pass_through(children, owner)
            continue
        found = ItemList(node_type, owner, node.start_byte)
        walk.read(children, found)
        if found.items:
            if node_type in _GLUED:
                found.items[0].start = owner.start
            lists.append(found)
    return lists


def has_long_header(body: ItemList, source: bytes, most: int) -> bool:
    """Whether what is before the first item of a list is long enough for a part of its own."""
    first, owner = body.items[0], body.owner
    if owner is None or first.start - owner.start <= max(most // _HEADER_PART, _HEADER_BYTES):
        return False
    return body.kind in _BODIES and begins_line(first, source)


def begins_line(first: Item, source: bytes) -> bool:
    """What `at_line` is of other items, for the first one of a list."""
    before = source[max(first.start - _NEAR_BYTES, 0) : first.start].rstrip(b" \t")
    return first.inside.kind not in _GLUED and before.endswith((b"\n", b"\r"))


def carries_more(inside: ItemList, source: bytes) -> bool:
    """Whether more than closing brackets stands behind a list, in one part with its end."""
    owner = inside.owner
    while owner is not None:
        behind = source[inside.end : min(owner.end, inside.end + _NEAR_BYTES)]
        if behind.strip(GAP_BYTES):
            return True
        inside = owner.inside
        if inside.items[-1] is not owner:
            return False
        owner = inside.owner
    return False


class _ItemReader:
    """Reads the children of nodes as items; keeps what is to be looked into next."""

    __slots__ = (
        "_begin",
        "_comment",
        "_comment_start",
        "_end",
        "_least_bytes",
        "_limit",
        "pending",
        "pieces",
        "source",
    )

    def __init__(self, source: bytes, limit: int, pieces: Spans | None) -> None:
        self.pieces = pieces
        self.pending: list[tuple[Node, Item]] = []
        self.source = source
        self._limit = limit
        self._least_bytes = _SMALLEST_BYTES if pieces is None else pieces.least_bytes
        # Of the list that is read: where its last item ends, where the next begins if before its
        # node, and the comments that may be of either.
        self._end = self._begin = self._comment_start = -1
        self._comment: Node | None = None

    def pass_through(self, children: Iterable[Node], owner: Item) -> None:
        """Look into the children of what is no list."""
        limit, least = self._limit, self._least_bytes
        for child in children:
            start = child.start_byte
            if start >= limit:
                break
            end = child.end_byte
            if end - start > least and self._goes_into(start, end):
                self.pending.append((child, owner))

    def read(self, children: Iterable[Node], into: ItemList) -> None:
        """Add the children to a list as items."""
        limit, least = self._limit, self._least_bytes
        chained = into.kind in _CHAINS
        self._end = self._begin = self._comment_start = -1
        self._comment = None
        for child in children:
            start, end = child.start_byte, child.end_byte
            if start >= limit:
                break  # the body of a container, whose members have rows of their own
            node_type = child.type
            if not child.is_named:
                self._read_token(node_type, start, end, into)
                continue
            if node_type in COMMENTS:
                self._read_comment(child, start, into)
                continue
            if chained and node_type in _CALLED and into.items and self._begin < 0:
                item = into.items[-1]
                item.end = self._end = end
            else:
                item = self._read_item(child, start, end, into)
            if end - start > least and self._goes_into(start, end):
                item.is_long = True
                self.pending.append((child, item))
        if self._comment is not None:
            self._place_comment(-1, into)
        into.end = self._end

    def _goes_into(self, start: int, end: int) -> bool:
        if self.pieces is not None:
            return self.pieces.meet(start, end)
        return self.source.find(b"\n", start, end) >= 0

    def _read_item(self, node: Node, start: int, end: int, into: ItemList) -> Item:
        if node.type == "jsx_text":
            # The white space around it is where the lines end.
            text = self.source[start:end]
            start, end = end - len(text.lstrip()), start + len(text.rstrip())
        if self._comment is not None:
            self._place_comment(start, into)
        return self._add(node, start, end, into)

    def _read_token(self, node_type: str, start: int, end: int, into: ItemList) -> None:
        if node_type in _TRAILING:
            if into.items and self._begin < 0 and self._comment is None:
                into.items[-1].end = self._end = end
        elif node_type not in PUNCTUATION:
            if self._comment is not None:
                self._place_comment(start, into)
            if self._begin < 0:
                self._begin = start

    def _read_comment(self, comment: Node, start: int, into: ItemList) -> None:
        if self._comment is None:
            if into.items and self._begin < 0 and self.source.find(b"\n", self._end, start) < 0:
                into.items[-1].end = self._end = comment.end_byte
                return
            self._comment_start = start
        self._comment = comment

    def _place_comment(self, start: int, into: ItemList) -> None:
        """Decide whose the comments are that stand before `start`, -1 for the end of the list."""
        comment, self._comment = self._comment, None
        if comment is None:
            return
        end = comment.end_byte
        if start >= 0 and self.source.count(b"\n", end, start) <= 1:
            self._begin = self._comment_start if self._begin < 0 else self._begin
        elif into.items and self.source.count(b"\n", self._end, self._comment_start) <= 1:
            into.items[-1].end = self._end = end
        else:
            self._begin = self._comment_start
            self._add(comment, self._comment_start, end, into)

    def _add(self, node: Node, start: int, end: int, into: ItemList) -> Item:
        if self._begin >= 0:
            start, self._begin = self._begin, -1
        item = Item(node, start, end, into)
        if self._end >= 0:
            lines = self.source.count(b"\n", self._end, start)
            item.at_line = lines > 0 or node.type in _BRANCHES
            item.after_blank = lines > 1
        into.items.append(item)
        self._end = end
        return item


def _has_lines_between(links: Sequence[Node], source: bytes) -> bool:
    """Whether a chain may have its links on several lines."""
    if not links:
        return False
    return source.find(b"\n", links[0].start_byte, links[-1].start_byte) >= 0


def _list_links(node: Node) -> Sequence[Node]:
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
