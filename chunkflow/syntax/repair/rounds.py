"""Repairs a text in rounds: applies every rule, parses again, and keeps what has fewer errors."""

from collections.abc import Callable, Iterable, Sequence

from tree_sitter import Node

from chunkflow.syntax.repair.code import Code, Edit
from chunkflow.syntax.repair.jsx import mask_jsx
from chunkflow.syntax.repair.rule import RepairRule
from chunkflow.syntax.repair.rules import COMMON, RARE

_ROUNDS = (COMMON, (*COMMON, *RARE), (*COMMON, *RARE))

_ERROR_BYTES = 16


def repair_text(
    source: bytes,
    root: Node | None,
    parse: Callable[[bytes], Node | None],
    *,
    jsx: bool = False,
) -> tuple[bytes, Node | None]:
    """Replace constructs that the grammar lacks by others with the same boundaries.

    Args:
        source: the text of a file.
        root: its tree, which has errors; None if parsing took too long.
        parse: returns the root of a text's tree, or None if parsing takes too long.
        jsx: whether the text may contain JSX.

    Returns:
        A text as long as `source`, with the same line ends but for those that now are `;`, and its
        tree; `source` and `root` themselves where there is nothing to repair, or no rule makes the
        errors fewer or smaller.
    """
    if jsx:
        # It would look like code to the rules, and to whoever cuts what errors are left.
        text = _apply_edits(source, mask_jsx(source))
        if text != source:
            source, root = text, parse(text)
    if root is None or not root.has_error:
        return source, root
    return _apply_rounds(source, root, parse)


def _apply_rounds(
    source: bytes, root: Node, parse: Callable[[bytes], Node | None]
) -> tuple[bytes, Node]:
    best = (source, root)
    damage = _measure_damage(root)
    text = source
    for rules in _ROUNDS:
        tried, text = text, _apply_rules(best[0], rules)
        if text in (tried, best[0]):
            continue
        tree = parse(text)
        if tree is None:
            break
        damage_left = _measure_damage(tree)
        if damage_left < damage:
            best, damage = (text, tree), damage_left
        if not best[1].has_error:
            break
    return best


def _apply_rules(source: bytes, rules: Sequence[RepairRule]) -> bytes:
    code = Code(source)
    return _apply_edits(
        source, (edit for rule in rules if rule.concerns(code.text) for edit in rule.find(code))
    )


def _apply_edits(source: bytes, edits: Iterable[Edit]) -> bytes:
    """The source after the edits; of those that overlap, the first one is made."""
    pieces = []
    place = 0
    for edit in sorted(edits):
        if edit.start >= place:
            pieces += [source[place : edit.start], edit.text]
            place = edit.end
    pieces.append(source[place:])
    return b"".join(pieces)


def _measure_damage(root: Node) -> int:
    """How many bytes of a tree are errors, each error counting as a few more."""
    damage = 0
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            damage += _ERROR_BYTES + node.end_byte - node.start_byte
        elif node.has_error:
            stack.extend(node.children)
    return damage
