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

from chunkflow.syntax.forms import HEAD, KINDS, get_pattern, may_run
from chunkflow.syntax.rows import Rows

_start = attrgetter("start_byte")
# Text that begins like a declaration and is none may have to be read to its end to be seen through.
_MOST_FAILURES = 16
_MOST_FAILED_CONSTANTS = 3
_EXPORT_BYTES = len("export")
# For each token the parser looks through the ranges that it is given.
_MOST = 32


class Outlined(NamedTuple):
    """A declaration that need not be parsed."""

    start: int
    end: int
    kind: str
    name: str


def outline(source: bytes, place: int, max_bytes: int | None) -> list[Outlined]:
    """What is plain from `place` on, in order, without declarations that are to be cut further."""
    found: list[Outlined] = []
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
        plain = get_pattern().match(source, start)
        if plain is None:
            failures += 1
            failed_constants += is_constant
            if failures > _MOST_FAILURES:
                break
            continue
        if is_constant and may_run(plain[0]):
            continue
        place = plain.end()
        if max_bytes is None or place - _first_comment(source, start) <= max_bytes:
            form = plain.lastindex or 0
            found.append(Outlined(start, place, KINDS[form], plain[form].decode()))
    if len(found) > _MOST:
        found = sorted(nlargest(_MOST, found, key=_size))
    return found


def _first_comment(source: bytes, start: int) -> int:
    """Where the comments of a declaration may begin."""
    return max(source.rfind(b"\n\n", 0, start), source.rfind(b"\n\r\n", 0, start))


def _size(one: Outlined) -> int:
    return one.end - one.start


def apart(nodes: Sequence[Node], told: Iterable[Outlined]) -> bool:
    """Whether each declaration stands between two nodes of the tree over the rest."""
    for one in told:
        before = bisect_left(nodes, one.start, key=_start)
        if before and not _is_over(nodes[before - 1], one.start):
            return False
    return True


def _is_over(node: Node, place: int) -> bool:
    """Whether a statement ends before a place, at which a declaration begins."""
    start, end = node.start_byte, node.end_byte
    # `export` on a line of its own is not a variable, though it may look like one.
    return end <= place and (end - start != _EXPORT_BYTES or node.type != "expression_statement")


def interleaved(nodes: Sequence[Node], told: Sequence[Outlined], rows: Rows) -> Iterable[Node]:
    """The nodes; each declaration is added to `rows` when those before it are."""
    return _interleaved(nodes, told, rows) if told else nodes


def _interleaved(nodes: Sequence[Node], told: Sequence[Outlined], rows: Rows) -> Iterator[Node]:
    done = 0
    for one in told:
        place = bisect_left(nodes, one.start, done, key=_start)
        yield from nodes[done:place]
        rows.item(*one)
        done = place
    yield from nodes[done:]
