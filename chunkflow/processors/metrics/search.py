"""Finds every mark by one query over the syntax trees; importing it loads tree-sitter."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from tree_sitter import Language, Node, Query, QueryCursor

from chunkflow.processors.metrics.functions import (
    FieldIds,
    count_parameters,
    get_field_ids,
    read_arrow,
    read_field,
    read_function,
    read_method,
    read_static_block,
)
from chunkflow.processors.metrics.logic import Expression, find_run_starts
from chunkflow.processors.metrics.marks import FoundFunction, Marks, OutsideName

# A pattern of one node each wherever that is enough: one of several nodes stays open while the
# part in between is walked, and patterns that stay open inside each other take quadratic time
# (32,000 nested `a ? b :` took 30 s). They also take longest to compile, which every worker does:
# one for assignments of functions would take as long as all the rest.
_QUERY = """
[(function_declaration) (function_expression) (generator_function)
 (generator_function_declaration)] @functions
(arrow_function) @arrows
(method_definition) @methods
(class_static_block) @static_blocks
(public_field_definition) @fields

(if_statement) @ifs
(else_clause) @elses
(ternary_expression) @ternaries
[(for_statement) (for_in_statement) (while_statement) (do_statement)] @loops
(switch_statement) @switches
(catch_clause) @catches
(try_statement) @tries
[(switch_case) (object_assignment_pattern) (assignment_pattern)
 "??" "?." "&&=" "||=" "??="] @branches
[(break_statement label: (_)) (continue_statement label: (_))] @jumps

(binary_expression) @operations
"&&" @ands
"||" @ors

(variable_declarator name: (identifier) @names
  value: [(arrow_function) (function_expression) (generator_function)])
(assignment_expression) @assignments
(pair key: (_) @keys value: [(arrow_function) (function_expression) (generator_function)])

[(comment) (html_comment)] @comments
(decorator) @decorators
"""

_ELSE_IF = re.compile(rb"else(?:\s|//[^\n]*\n|/\*.*?\*/)*+(if)(?![\w$\x80-\xff])", re.DOTALL)

_NAMELESS = ("arrow_function", "function_expression", "generator_function")
_TARGETS = ("identifier", "member_expression")

# The query counts levels in 16 bits: deeper, it finds half and takes quadratic time.
_MAX_DEPTH = 60_000


@cache
def get_query(language: Language) -> Query:
    """The query over trees of a language; compiling it takes as long as parsing 50 KB."""
    return Query(language, _QUERY)


def search(
    roots: Sequence[Node], ranges: Sequence[tuple[int, int]], language: Language, source: bytes
) -> Marks:
    """Find the marks of all nodes that overlap the byte ranges.

    `roots` are trees of `language`, in order, with the offsets of `source`. Nodes more than 60,000
    levels deep are not found.
    """
    cursor = QueryCursor(get_query(language))
    cursor.set_max_start_depth(_MAX_DEPTH)
    collector = _Collector(source, get_field_ids(language))
    for root, start, end in _pair_roots(roots, ranges):
        cursor.set_byte_range(start, end)
        collector.add(cursor.captures(root))
    return collector.complete()


def _pair_roots(
    roots: Sequence[Node], ranges: Sequence[tuple[int, int]]
) -> Iterator[tuple[Node, int, int]]:
    """Pair each root with each range that overlaps it; both are in order."""
    first = 0
    for root in roots:
        root_start, root_end = root.start_byte, root.end_byte
        while first < len(ranges) and ranges[first][1] <= root_start:
            first += 1
        place = first
        while place < len(ranges) and ranges[place][0] < root_end:
            yield root, *ranges[place]
            place += 1


class _Collector:
    """Turns captures into marks, with a method for each capture."""

    def __init__(self, source: bytes, fields: FieldIds) -> None:
        self._marks = Marks()
        self._source = source
        self._fields = fields
        self._operations: list[Node] = []
        self._operators: Expression = []
        self._ifs: list[int] = []
        self._else_ifs: set[int] = set()

    def add(self, captures: dict[str, list[Node]]) -> None:
        """Add what the query found in one range."""
        for name, nodes in captures.items():
            getattr(self, name)(nodes)

    def complete(self) -> Marks:
        """All marks, once every range is searched."""
        marks = self._marks
        ifs = self._ifs
        marks.branches += ifs
        if self._else_ifs:
            ifs = [place for place in ifs if place not in self._else_ifs]
        marks.nesting_branches += ifs
        marks.statements += ifs
        if len(self._operators) < 2:
            marks.flat_branches += [start for start, _ in self._operators]
        else:
            operations = [(node.start_byte, -node.end_byte) for node in self._operations]
            marks.flat_branches += find_run_starts(operations, self._operators, self._source)
        return marks

    def functions(self, nodes: list[Node]) -> None:
        source, fields, branches = self._source, self._fields, self._marks.branches
        self._callables(
            [
                read_function(
                    node, count_parameters(node, source, fields, branches), source, fields
                )
                for node in nodes
            ]
        )

    def arrows(self, nodes: list[Node]) -> None:
        source, fields, branches = self._source, self._fields, self._marks.branches
        self._callables(
            [read_arrow(node, count_parameters(node, source, fields, branches)) for node in nodes]
        )

    def methods(self, nodes: list[Node]) -> None:
        source, fields, branches = self._source, self._fields, self._marks.branches
        self._callables(
            [
                read_method(node, count_parameters(node, source, fields, branches), source, fields)
                for node in nodes
            ]
        )

    def static_blocks(self, nodes: list[Node]) -> None:
        self._callables([read_static_block(node) for node in nodes])

    def fields(self, nodes: list[Node]) -> None:
        found = (read_field(node, self._source, self._fields) for node in nodes)
        self._marks.functions += [function for function in found if function is not None]

    def names(self, nodes: list[Node]) -> None:
        self._marks.names += [OutsideName(n.start_byte, n.end_byte, False) for n in nodes]

    def assignments(self, nodes: list[Node]) -> None:
        fields = self._fields
        for node in nodes:
            value = node.child_by_field_id(fields.right)
            if value is not None and value.type in _NAMELESS:
                target = node.child_by_field_id(fields.left)
                if target is not None and target.type in _TARGETS:
                    name = OutsideName(target.start_byte, target.end_byte, False)
                    self._marks.names.append(name)

    def keys(self, nodes: list[Node]) -> None:
        self._marks.names += [OutsideName(n.start_byte, n.end_byte, True) for n in nodes]

    def comments(self, nodes: list[Node]) -> None:
        self._marks.comments += [(node.start_byte, node.end_byte) for node in nodes]

    def decorators(self, nodes: list[Node]) -> None:
        self._marks.decorators += [(node.start_byte, node.end_byte) for node in nodes]

    def branches(self, nodes: list[Node]) -> None:
        self._marks.branches += [node.start_byte for node in nodes]

    def jumps(self, nodes: list[Node]) -> None:
        self._marks.flat_branches += [node.start_byte for node in nodes]

    def operations(self, nodes: list[Node]) -> None:
        self._operations += nodes

    def ands(self, nodes: list[Node]) -> None:
        self._logical([(node.start_byte, False) for node in nodes])

    def ors(self, nodes: list[Node]) -> None:
        self._logical([(node.start_byte, True) for node in nodes])

    def _logical(self, operators: Expression) -> None:
        self._operators += operators
        self._marks.branches += [start for start, _ in operators]

    def ifs(self, nodes: list[Node]) -> None:
        self._ifs += [node.start_byte for node in nodes]
        self._blocks(nodes, self._fields.consequence)

    def elses(self, nodes: list[Node]) -> None:
        for node in nodes:
            start, end = node.start_byte, node.end_byte
            match = _ELSE_IF.match(self._source, start, end)
            if match is not None:
                self._else_ifs.add(match.start(1))
                self._marks.flat_branches.append(match.start(1))
            else:
                self._marks.flat_branches.append(start)
                self._levels([start], [end])
                self._marks.block_starts.append(start)
                self._marks.block_ends.append(end)

    def loops(self, nodes: list[Node]) -> None:
        self._marks.branches += [node.start_byte for node in nodes]
        self.switches(nodes)

    def switches(self, nodes: list[Node]) -> None:
        places = [node.start_byte for node in nodes]
        self._marks.nesting_branches += places
        self._marks.statements += places
        self._blocks(nodes, self._fields.body)

    def ternaries(self, nodes: list[Node]) -> None:
        field = self._fields.consequence
        branches = [(n.child_by_field_id(field), n.end_byte) for n in nodes]
        starts = [inner.start_byte for inner, _ in branches if inner is not None]
        self._levels(starts, [end for inner, end in branches if inner is not None])
        # Each at its question mark: the ternary's own start may be that of a function in it.
        places = [start - 1 for start in starts]
        self._marks.branches += places
        self._marks.nesting_branches += places

    def catches(self, nodes: list[Node]) -> None:
        places = [node.start_byte for node in nodes]
        self._marks.branches += places
        self._marks.nesting_branches += places
        self._levels([place + 1 for place in places], [node.end_byte for node in nodes])

    def tries(self, nodes: list[Node]) -> None:
        self._marks.statements += [node.start_byte for node in nodes]
        self._marks.block_starts += [node.start_byte + 1 for node in nodes]
        self._marks.block_ends += [node.end_byte for node in nodes]

    def _callables(self, functions: list[FoundFunction]) -> None:
        self._marks.functions += functions
        self._levels([f[0] for f in functions], [-f[1] for f in functions])

    def _blocks(self, nodes: list[Node], field: int) -> None:
        bodies = [node.child_by_field_id(field) for node in nodes]
        starts = [body.start_byte for body in bodies if body is not None]
        ends = [body.end_byte for body in bodies if body is not None]
        self._levels(starts, ends)
        self._marks.block_starts += starts
        self._marks.block_ends += ends

    def _levels(self, starts: list[int], ends: list[int]) -> None:
        self._marks.level_starts += starts
        self._marks.level_ends += ends
