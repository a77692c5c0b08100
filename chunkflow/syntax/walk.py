"""Walks over a syntax tree and finds its chunks. It is iterative, so nesting has no limit."""

from collections.abc import Iterable, Iterator, Sequence

from tree_sitter import Node

from chunkflow.syntax.declarations import (
    BRACKETS,
    COMMENTS,
    MEMBER_KINDS,
    SIGNATURES,
    STATEMENTS,
    describe,
    describe_member,
    ends_in_comment,
    find_code_end,
)
from chunkflow.syntax.rows import DECL_END, DECL_START, END, KIND, NAME, Row, RowBuilder
from chunkflow.syntax.suites import SuiteNames

_NAMESPACES = frozenset({"internal_module", "module"})
_TAKES_SEMICOLON = frozenset(
    "public_field_definition index_signature method_signature abstract_method_signature".split()
)


def find_rows(nodes: Iterable[Node], rows: RowBuilder, suites: SuiteNames) -> None:
    """Add the chunks of a file to `rows`, in the order of the file.

    Args:
        nodes: the top-level nodes, in order.
        rows: receives the chunks.
        suites: recognises test suites.
    """
    stack: list[_Statements | _Members] = [_Statements(nodes, rows, suites)]
    while stack:
        inner = stack[-1].find_container()
        if inner is not None:
            stack.append(inner)
        else:
            stack.pop().end()


class _Statements:
    """The statements of a file, a namespace or a suite."""

    __slots__ = ("_bodiless", "_container", "_nodes", "_source", "_suites", "rows")

    def __init__(
        self,
        nodes: Iterable[Node],
        rows: RowBuilder,
        suites: SuiteNames,
        container: "_Container | None" = None,
    ) -> None:
        self._nodes = iter(nodes)
        self.rows = rows
        self._source = rows.source
        self._suites = suites
        self._container = container
        # A namespace right before, whose body the grammar may have taken for a block.
        self._bodiless: Row | None = None

    def find_container(self) -> "_Statements | _Members | None":
        """Add the children up to the next container, and return that; None at the end."""
        for node in self._nodes:
            node_type = node.type
            if node_type in STATEMENTS:
                inner = self._add_statement(node, node_type)
                if inner is not None:
                    return inner
            elif node_type in COMMENTS:
                self.rows.add_comment(node.start_byte, node.end_byte)
            elif node_type == "hash_bang_line":
                self.rows.add_comment(node.start_byte, node.end_byte)
                self.rows.flush()
            elif node_type == "empty_statement":
                if self._bodiless is not None:
                    self.rows.extend(node.end_byte)
                self._bodiless = None
            elif node_type not in BRACKETS:
                self.rows.add_error(node.start_byte, node.end_byte)
        return None

    def end(self) -> None:
        """End the body: comments left over belong to nothing."""
        self.rows.flush()
        if self._container is not None:
            self._container.end()

    def _add_statement(self, node: Node, node_type: str) -> "_Statements | _Members | None":
        if self._bodiless is not None:
            bodiless, self._bodiless = self._bodiless, None
            if node_type == "statement_block":
                return self._open_late_body(bodiless, node)
        source, rows = self._source, self.rows
        start, end = node.start_byte, node.end_byte
        code = find_code_end(node) if ends_in_comment(source, start, end) else end
        kind, name, inner, inner_type = describe(node, node_type, source)
        container: _Statements | _Members | None = None
        if kind == "function":
            has_body = inner_type not in SIGNATURES
            if not rows.merge_overload(code, name or "", has_body=has_body):
                rows.add(start, code, kind, name, None if has_body else name or "")
        else:
            row = rows.add(start, code, kind, name)
            if kind == "class":
                container = self._open_class(row, node, inner)
            elif kind == "namespace":
                container = self._open_namespace(row, node, inner)
            elif inner_type == "call_expression":
                container = self._open_suite(row, node, inner)
        if container is None and code != end:
            rows.add_trailing(end)
        return container

    def _open_class(self, row: Row, node: Node, inner: Node) -> "_Members | None":
        body = inner.child_by_field_name("body")
        if body is None:
            return None
        container = _Container(self.rows, row, node, body)
        return _Members(body, container.open_rows(row[NAME]), container)

    def _open_namespace(self, row: Row, node: Node, inner: Node) -> "_Statements | None":
        body = inner.child_by_field_name("body")
        if body is None:
            body = next((c for c in inner.children if c.type == "statement_block"), None)
        if body is None:
            # The grammar takes the semicolon of `module "x";` for a statement, and so the body of
            # `namespace X` where it begins on the next line.
            self._bodiless = row
            return None
        return self._open_block(_Container(self.rows, row, node, body), body, row[NAME])

    def _open_late_body(self, row: Row, body: Node) -> "_Statements":
        self.rows.extend(body.end_byte)
        return self._open_block(_Container(self.rows, row, body, body), body, row[NAME])

    def _open_suite(self, row: Row, node: Node, call: Node) -> "_Statements | None":
        suite = self._suites.find(node, call, self._source)
        if suite is None:
            return None
        row[NAME] = suite.title
        after = [c for c in suite.arguments.children if c.start_byte >= suite.body.end_byte]
        return self._open_block(
            _Container(self.rows, row, node, suite.body, after), suite.body, suite.title
        )

    def _open_block(self, container: "_Container", body: Node, name: str | None) -> "_Statements":
        rows = container.open_rows(name)
        return _Statements(_list_children(body), rows, self._suites, container)


class _Members:
    """The members of a class."""

    __slots__ = ("_container", "_decorated", "_nodes", "_open", "_source", "rows")

    def __init__(self, body: Node, rows: RowBuilder, container: "_Container") -> None:
        self._nodes = _list_children(body)
        self.rows = rows
        self._source = rows.source
        self._container = container
        self._decorated = -1
        self._open = False

    def find_container(self) -> None:
        """Add all children of the class body; none of them is a container."""
        for node in self._nodes:
            node_type = node.type
            if node_type in MEMBER_KINDS:
                self._add_member(node, node_type)
            elif node_type in COMMENTS:
                if self._decorated < 0:
                    self.rows.add_comment(node.start_byte, node.end_byte)
            elif node_type == "decorator":
                if self._decorated < 0:
                    self._decorated = node.start_byte
            elif node_type == ";":
                if self._open:
                    self.rows.extend(node.end_byte)
                self._open = False
            elif node_type not in BRACKETS:
                self.rows.add_error(node.start_byte, node.end_byte)

    def end(self) -> None:
        """End the class body."""
        self.rows.flush()
        self._container.end()

    def _add_member(self, node: Node, node_type: str) -> None:
        source, rows = self._source, self.rows
        end = node.end_byte
        start = self._decorated if self._decorated >= 0 else node.start_byte
        self._decorated = -1
        self._open = node_type in _TAKES_SEMICOLON
        code = find_code_end(node) if ends_in_comment(source, start, end) else end
        kind, name, signature, has_body = describe_member(node, node_type, source)
        if not rows.merge_overload(code, signature, has_body=has_body):
            rows.add(start, code, kind, name, None if has_body else signature)
        if code != end:
            rows.add_trailing(end)


def list_top_nodes(roots: Iterable[Node]) -> Iterator[Node]:
    """The top-level nodes of the trees of a file."""
    for root in roots:
        if root.type == "ERROR":
            yield root
        else:
            yield from root.children


def _list_children(body: Node) -> list[Node]:
    """The children of a block, without comments behind its closing bracket."""
    nodes = body.children
    last = len(nodes)
    while last and nodes[last - 1].type in COMMENTS:
        last -= 1
    # A block that is never closed ends in comments of its own.
    return nodes[:last] if last and nodes[last - 1].type == "}" else nodes


class _Container:
    """A row that became the header of a container."""

    __slots__ = ("_end", "_node_end", "_outer", "_row", "_tail")

    def __init__(
        self, outer: RowBuilder, row: Row, node: Node, body: Node, tail: Sequence[Node] = ()
    ) -> None:
        self._outer = outer
        self._row = row
        self._end = row[DECL_END]
        self._node_end = node.end_byte
        self._tail = tail
        row[END] = body.start_byte + 1

    def open_rows(self, name: str | None) -> RowBuilder:
        """A builder for the rows inside, one scope deeper."""
        scope = self._outer.scope if name is None else (*self._outer.scope, name)
        return RowBuilder(self._outer.out, self._outer.source, scope, header=self._row)

    def end(self) -> None:
        """Close the container; anything but brackets at its end becomes chunks."""
        outer, row = self._outer, self._row
        for node in self._tail:
            if node.type in COMMENTS:
                outer.add_alone(node.start_byte, node.end_byte, "comment", None)
            elif node.type == ",":
                tail = outer.add_alone(node.start_byte, node.end_byte, row[KIND], row[NAME])
                tail[DECL_START:KIND] = row[DECL_START:KIND]
        outer.end_container(self._end)
        outer.add_trailing(self._node_end)
