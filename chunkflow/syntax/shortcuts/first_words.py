"""Declarations whose first bytes say it all: kind and name, with no look at what they hold.

Nine of ten statements of a module begin so; asking the tree for their names takes twice as long.
"""

import re

from tree_sitter import Node

from chunkflow.syntax.declarations import SIGNATURES

_NAME = rb"[ \t]++([A-Za-z_$][\w$]*+)"
_PLAIN = re.compile(
    rb"(?:export[ \t]++)?+(?:"
    rb"type" + _NAME + rb"\s*+[=<]|"
    rb"(?:const[ \t]++)?+enum" + _NAME + rb"\s*+\{|"
    rb"interface" + _NAME + rb"(?:\s*+[<{]|\s++extends\b)|"
    rb"(?:const|let|var)" + _NAME + rb"\s*+[=:;]|"
    rb"(?:async[ \t]++)?+function" + _NAME + rb"\s*+[(<]"
    rb")"
)
_KINDS = ("", "type", "enum", "interface", "variable", "function")
_VARIABLE = _KINDS.index("variable")

_TYPES = frozenset(
    "export_statement type_alias_declaration enum_declaration interface_declaration"
    " lexical_declaration variable_declaration function_declaration".split()
)


def read_first_words(
    node: Node, node_type: str, start: int, source: bytes
) -> tuple[str, str] | None:
    """Kind and name of a statement; None where the tree is to be asked.

    Args:
        node: the statement.
        node_type: its type.
        start: where it begins.
        source: the whole text.
    """
    found = _PLAIN.match(source, start) if node_type in _TYPES else None
    if found is None:
        return None
    form = found.lastindex or 0
    if form >= _VARIABLE:
        # Only these may be more than they begin with: other names, or overloads.
        inner = node.child_by_field_name("declaration") or node
        if form == _VARIABLE:
            if inner.named_child_count != 1:
                return None
        elif inner.type in SIGNATURES:
            return None
    return _KINDS[form], found[form].decode()


def name_unparsed(source: bytes, start: int) -> tuple[str, str | None]:
    """Kind and name of a statement that has no tree; `error` where its first words do not say."""
    found = _PLAIN.match(source, start)
    if found is None:
        return "error", None
    form = found.lastindex or 0
    return _KINDS[form], found[form].decode()
