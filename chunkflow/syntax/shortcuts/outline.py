"""Types, interfaces and data at the top level, told by a regular expression in place of the parser.

A fifth of a module's bytes may be such declarations. Where their first line begins a line of the
file, what is written in them is so regular that brackets, strings and comments say where they end.
Only the plainest forms count, and none that a function may be in; and whether they do stand at the
top level is for the parser to say, which is shown the text without them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from operator import attrgetter
from typing import NamedTuple

from tree_sitter import Node

from chunkflow.syntax.rows import RowBuilder
from chunkflow.syntax.shortcuts.forms import HEAD, KINDS, compile_forms, may_run

_START = attrgetter("start_byte")
# Text that begins like a declaration and is none may have to be read to its end to be seen through.
_MOST_FAILURES = 16
_MOST_FAILED_CONSTANTS = 3
_EXPORT_BYTES = len("export")
# For each token the parser looks through the ranges that it is given.
_MOST = 32


class PlainDeclaration(NamedTuple):
    """A declaration that need not be parsed."""

    start: int
    end: int
    kind: str
    name: str


def find_plain(source: bytes, place: int, max_bytes: int | None) -> list[PlainDeclaration]:
    """What is plain from `place` on, in order, without declarations that are to be cut further."""
    found: list[PlainDeclaration] = []
    failures = failed_constants = quotes = 0
    for head in HEAD.finditer(source, place):
        start = head.end()
        is_constant = head.lastindex is not None
        if start < place or (is_constant and failed_constants > _MOST_FAILED_CONSTANTS):
            continue
        quotes += source.count(b"`", place, start)
        place = start
        if quotes % 2:
            continue  # the text of a template, most likely
        plain = compile_forms().match(source, start)
        if plain is None:
            failures += 1
            failed_constants += is_constant
            if failures > _MOST_FAILURES:
                break
            continue
        if is_constant and may_run(plain[0]):
            continue
        place = plain.end()
        if max_bytes is None or place - _find_first_comment(source, start) <= max_bytes:
            form = plain.lastindex or 0
            found.append(PlainDeclaration(start, place, KINDS[form], plain[form].decode()))
    if len(found) > _MOST:
        found = sorted(nlargest(_MOST, found, key=_measure))
    return found


def _find_first_comment(source: bytes, start: int) -> int:
    """Where the comments of a declaration may begin."""
    return max(source.rfind(b"\n\n", 0, start), source.rfind(b"\n\r\n", 0, start))


def _measure(one: PlainDeclaration) -> int:
    return one.end - one.start


def stand_between(nodes: Sequence[Node], told: Iterable[PlainDeclaration]) -> bool:
    """Whether each declaration stands between two nodes of the tree over the rest."""
    for one in told:
        before = bisect_left(nodes, one.start, key=_START)
        if before and not _ends_before(nodes[before - 1], one.start):
            return False
    return True


def _ends_before(node: Node, place: int) -> bool:
    """Whether a statement ends before a place, at which a declaration begins."""
    start, end = node.start_byte, node.end_byte
    # `export` on a line of its own is not a variable, though it may look like one.
    return end <= place and (end - start != _EXPORT_BYTES or node.type != "expression_statement")


def interleave(
    nodes: Sequence[Node], told: Sequence[PlainDeclaration], rows: RowBuilder
) -> Iterable[Node]:
    """The nodes; each declaration is added to `rows` when those before it are."""
    return _interleave(nodes, told, rows) if told else nodes


def _interleave(
    nodes: Sequence[Node], told: Sequence[PlainDeclaration], rows: RowBuilder
) -> Iterator[Node]:
    done = 0
    for one in told:
        place = bisect_left(nodes, one.start, done, key=_START)
        yield from nodes[done:place]
        rows.add(*one)
        done = place
    yield from nodes[done:]
