"""Chooses where to cut a declaration that is too large.

Cuts depend on the text at their own place and on nothing else: on a blank line, or on the first
line of a statement of several lines, half of which begin a part (by a checksum, as in rsync and
LBFS). So an edit changes the part that it is in, and no cut moves. These parts are mostly far
smaller than the limit; only one that is not is cut further, and there every statement stands alone,
which no edit of another statement can change.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple
from zlib import crc32

from tree_sitter import Node

from chunkflow.syntax.cutting.lists import (
    DEEPEST,
    MINOR,
    PUNCTUATION,
    Item,
    ItemList,
    Span,
    Spans,
    begins_line,
    carries_more,
    find_lists,
    find_lists_in,
    has_long_header,
)
from chunkflow.syntax.pattern import Pattern
from chunkflow.syntax.rows import SPACE_BYTES

_COMMENT = Pattern(rb"/\*.*?\*/|(?://|#!|<!--|-->)[^\r\n]*", re.DOTALL)
_STATEMENT_LISTS = frozenset({"statement_block", "switch_case", "switch_default"})
# Tokens to the compiler that the grammar splits.
_TOKENS = frozenset({"string", "regex", "template_string"})
# Of items of several lines one in so many begins a part.
_LONG_ITEMS_IN_A_PART = 2
# Of short items that are no statements, where what they are in is too large.
_ITEMS_IN_A_PART = 8
_FIRST_LINE_BYTES = 80
# What is smaller than this part of the limit is not looked into.
_SMALLEST_PART = 8


class Places(NamedTuple):
    """Where a declaration is cut."""

    cuts: dict[int, str]
    """The type of the node that begins there."""
    lists: list[ItemList]


class _Spare(NamedTuple):
    """A place where to cut if what is around it is too large."""

    level: tuple[int, int, int]
    """The lower, the sooner: what kind of place, how deep, which of those."""
    start: int
    node_type: str


def find_places(nodes: Sequence[Node], source: bytes, span: Span, most: int) -> Places:
    """Choose where to cut, so that only single tokens are larger than `most` bytes.

    Args:
        nodes: the nodes of the declaration.
        source: the file.
        span: where the declaration begins and ends, its comments included.
        most: the limit.
    """
    lists = find_lists(nodes, source, span)
    cuts = {item.start: item.node.type for item in _choose_items(lists, source, most)}
    large = [piece for piece in _split_span(span, cuts) if _is_large(piece, source, most)]
    if large:
        spare = (*_list_outer_places(nodes, source, span), *_list_item_places(lists, source))
        large = _cut_large(large, spare, cuts, source, most)
    if large:
        pieces = Spans(large, least_bytes=most // _SMALLEST_PART)
        more = find_lists_in(nodes, source, span, pieces)
        large = _cut_large(large, _list_item_places(more, source), cuts, source, most)
        lists += more
    if large:
        pieces = Spans(large, least_bytes=most // _SMALLEST_PART)
        _cut_large(large, _list_token_places(nodes, span, pieces), cuts, source, most)
    return Places(cuts, lists)


def _choose_items(lists: Sequence[ItemList], source: bytes, most: int) -> Iterator[Item]:
    """The items that begin a part, whatever the size of what is around them.

    What has such an item inside is cut off from its neighbours, too.
    """
    for inside in reversed(lists):  # the innermost first
        items = inside.items
        begin = [items[0]] if items and has_long_header(inside, source, most) else []
        after_open: Item | None = None
        is_open = previous_is_open = False
        for item in items[:1]:
            is_open = previous_is_open = item.is_open
        for item in items[1:]:
            if item.at_line and (item.after_blank or item.is_open or _is_chosen(item, source)):
                begin.append(item)
                after_open = None
            elif item.at_line and previous_is_open:
                begin.append(item)
                after_open = item
            previous_is_open = item.is_open
            is_open = is_open or previous_is_open
        if after_open is not None and carries_more(inside, source):
            # Else the text behind the list would leave its part once an item is added here.
            begin.remove(after_open)
        if inside.owner is not None and (begin or is_open):
            inside.owner.is_open = True
        yield from begin


def _is_chosen(item: Item, source: bytes) -> bool:
    """Whether an item of several lines begins a part."""
    return item.is_long and crc32(_read_first_line(item, source)) % _LONG_ITEMS_IN_A_PART == 0


def _read_first_line(item: Item, source: bytes) -> bytes:
    """The beginning of an item's first line, comments before it aside."""
    start = item.node.start_byte
    # Bounded: items nest, and the outer ones would be read again for each.
    near = source[start : min(item.end, start + _FIRST_LINE_BYTES)]
    return near.partition(b"\n")[0].rstrip()


def _split_span(span: Span, cuts: Iterable[int]) -> Iterator[Span]:
    start, end = span
    inside = sorted(cut for cut in cuts if start < cut < end)
    return pairwise([start, *inside, end])


def _is_large(piece: Span, source: bytes, most: int) -> bool:
    start, end = piece
    if end - start <= most:
        return False
    text = source[start:end].strip(SPACE_BYTES)
    is_comment = text.startswith(b"/*") and text.find(b"*/") == len(text) - 2
    return len(text) > most and not is_comment


def _cut_large(
    large: Sequence[Span], spare: Iterable[_Spare], cuts: dict[int, str], source: bytes, most: int
) -> list[Span]:
    """Cut what is too large, level by level; returns what is too large still."""
    pieces = list(large)
    for _, group in groupby(sorted(spare, key=itemgetter(0, 1)), key=itemgetter(0)):
        level = {place.start: place.node_type for place in group}
        starts = list(level)
        still = []
        for piece in pieces:
            first, last = bisect_right(starts, piece[0]), bisect_left(starts, piece[1])
            if first == last:
                still.append(piece)
                continue
            cuts.update((start, level[start]) for start in starts[first:last])
            new = _split_span(piece, starts[first:last])
            still += [part for part in new if _is_large(part, source, most)]
        pieces = still
        if not pieces:
            break
    return pieces


def _list_item_places(lists: Iterable[ItemList], source: bytes) -> Iterator[_Spare]:
    """Every item: where a line begins, then in headers, then anywhere; outer lists first."""
    for inside in lists:
        kind = int(inside.kind in MINOR)
        for item in inside.items:
            if item is inside.items[0]:  # better left with what is before it
                rank, at_line = 2, begins_line(item, source)
            else:
                rank, at_line = int(not _stands_alone(item, source)), item.at_line
            level = (kind if at_line else 2, inside.depth, rank)
            yield _Spare(level, item.start, item.node.type)


def _stands_alone(item: Item, source: bytes) -> bool:
    """Whether an item is no short one that better stays with its neighbours."""
    if item.at_line and (item.is_long or item.inside.kind in _STATEMENT_LISTS):
        return True
    return crc32(_read_first_line(item, source)) % _ITEMS_IN_A_PART == 0


def _list_outer_places(nodes: Sequence[Node], source: bytes, span: Span) -> Iterator[_Spare]:
    """Before anything else: the comments around a declaration, and the declaration."""
    start, end = span
    if nodes:
        yield from (_Spare((-1, 0, 0), node.start_byte, node.type) for node in nodes)
        start, end = nodes[0].start_byte, nodes[-1].end_byte
    # A tree need not have them: it may begin behind them.
    for first, last in ((span[0], start), (end, span[1])) if nodes else (span,):
        for comment in _COMMENT.finditer(source, first, last):
            checksum = crc32(comment.group()[:_FIRST_LINE_BYTES])
            rank = int(checksum % _ITEMS_IN_A_PART != 0)
            yield _Spare((-1, 0, rank), comment.start(), "comment")


def _list_token_places(nodes: Sequence[Node], span: Span, pieces: Spans) -> Iterator[_Spare]:
    """Every token, the shallowest first; keywords go with what follows where that fits."""
    pending = [(node, 1) for node in nodes]
    while pending:
        node, depth = pending.pop()
        if node.type not in _TOKENS:
            yield from _list_tokens(node, depth)
        elif node.type != "template_string":
            continue
        for child in node.children:
            if child.start_byte >= span[1]:
                break
            start, end = child.start_byte, child.end_byte
            if end - start > pieces.least_bytes and pieces.meet(start, end):
                pending.append((child, min(depth + 1, DEEPEST)))


def _list_tokens(node: Node, depth: int) -> Iterator[_Spare]:
    begin, node_start = -1, node.start_byte
    for child in node.children:
        start = child.start_byte
        if child.type == "${":
            continue  # a part of the token before it
        if start == node_start:
            begin = -1 if child.is_named else start  # a place of the node that this one is in
        elif child.is_named:
            yield _Spare((0, depth, 0), start if begin < 0 else begin, child.type)
            yield _Spare((1, depth, 0), start, child.type)
            begin = -1
        else:
            yield _Spare((2, depth, 0), start, child.type)
            if begin < 0 and child.type not in PUNCTUATION:
                begin = start
