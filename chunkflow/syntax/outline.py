"""Types and interfaces at the top level, told by a regular expression in place of the parser.

A fifth of a module's bytes may be such declarations. Where their first line begins a line of the
file, what is written in them is so regular that brackets, strings and comments say where they end.
Only the plainest forms count; and whether they do stand at the top level is for the parser to say,
which is shown the text without them.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from heapq import nlargest
from operator import attrgetter
from typing import NamedTuple

from tree_sitter import Node

from chunkflow.syntax.rows import Rows

# Possessive quantifiers throughout: nothing here is ever to be tried a second way.
_STRING = rb'"[^"\\\n]*+"' + rb"|'[^'\\\n]*+'|`[^`\\]*+`"
_COMMENT = rb"//[^\n]*+|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*+/"
_SPACE = rb"(?:\s++|" + _COMMENT + rb")"


def _nested(opening: bytes, inside: bytes, closing: bytes, levels: int) -> bytes:
    """A pattern for brackets around what is inside, and around more of the kind."""
    pattern = opening + rb"(?:" + inside + rb")*+" + closing
    if levels > 1:
        inside += rb"|" + _nested(opening, inside, closing, levels - 1)
        pattern = opening + rb"(?:" + inside + rb")*+" + closing
    return pattern


_INSIDE = rb"[^(){}\[\]\"'`/]++|" + _STRING + rb"|" + _COMMENT
_BRACKETS = _nested(rb"[({\[]", _INSIDE, rb"[)}\]]", 5)
_FEW_BRACKETS = _nested(rb"[({\[]", _INSIDE, rb"[)}\]]", 2)
_WORDS = rb"[^<>(){}\[\]\"'`/;=]++"
_ANGLES = _nested(rb"<", _WORDS + rb"|=>?+|" + _STRING + rb"|" + _FEW_BRACKETS, rb">", 3)
_NAME = rb"[ \t]++([A-Za-z_$][\w$]*+)"

_INTERFACE = rb"interface" + _NAME + rb"(?:" + _WORDS + rb"|" + _ANGLES + rb")*+" + _BRACKETS

# A type goes on over the end of a line behind an operator, and in front of one.
_BREAK = rb"(?<=[=|&?:,<])" + _SPACE + rb"++|(?<==>)" + _SPACE + rb"++"
_BREAK += rb"|" + _SPACE + rb"++(?=[|&?:>=])"
_TYPE = rb"[^\r\n(){}\[\]\"'`/;]++|" + _STRING + rb"|" + _BRACKETS + rb"|" + _BREAK
# It ends with a line that does not end in such a word, nor in a space, where the next begins with
# a word.
_PREFIXES = b"keyof typeof readonly unique infer new abstract asserts extends is".split()
_END = (
    rb"(?:;|(?<![ \t])"
    + b"".join(rb"(?<!" + word + rb")" for word in _PREFIXES)
    + rb"(?=\Z|\r?\n"
    + _SPACE
    + rb"*+(?:\Z|(?!(?:extends|is|in|instanceof|as|satisfies)\b)[A-Za-z_$@])))"
)
_ALIAS = rb"type" + _NAME + rb"(?=\s*+[=<])(?:" + _TYPE + rb")*+" + _END

# Most lines are told apart by their first letter, which is quicker than to try the words.
_HEAD = re.compile(
    rb"\n(?=[edti])(?=(?:export[ \t]++)?+(?:declare[ \t]++)?+(?:type|interface)[ \t]++[A-Za-z_$])"
)
_PLAIN = rb"(?:export[ \t]++)?+(?:declare[ \t]++)?+(?:" + _ALIAS + rb"|" + _INTERFACE + rb")"
_KINDS = ("", "type", "interface")
_start = attrgetter("start_byte")
# Text that begins like a declaration and is none may have to be read to its end to be seen through.
_MOST_FAILURES = 16
# For each token the parser looks through the ranges that it is given.
_MOST = 32


@cache
def get_pattern() -> "re.Pattern[bytes]":
    """The pattern of a declaration; to compile it takes as long as to parse some 30 KB."""
    return re.compile(_PLAIN)


class Outlined(NamedTuple):
    """A declaration that need not be parsed."""

    start: int
    end: int
    kind: str
    name: str


def outline(source: bytes, place: int, max_bytes: int | None) -> list[Outlined]:
    """Plain types and interfaces from `place` on, in order, without those to be cut further."""
    found: list[Outlined] = []
    failures = quotes = 0
    for head in _HEAD.finditer(source, place):
        start = head.end()
        if start < place:
            continue
        quotes += source.count(b"`", place, start)
        place = start
        if quotes % 2:
            continue  # the text of a template, most likely
        plain = get_pattern().match(source, start)
        if plain is None:
            failures += 1
            if failures > _MOST_FAILURES:
                break
            continue
        place = plain.end()
        if max_bytes is None or place - _first_comment(source, start) <= max_bytes:
            form = plain.lastindex or 0
            found.append(Outlined(start, place, _KINDS[form], plain[form].decode()))
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
        if before and nodes[before - 1].end_byte > one.start:
            return False
    return True


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
