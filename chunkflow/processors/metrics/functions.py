"""Reads a function's own node: kind, name, parameters, and the part that findings point at."""

from functools import cache
from typing import NamedTuple

from tree_sitter import Language, Node

from chunkflow.processors.metrics.marks import FoundFunction

_PARAMETERS = ("required_parameter", "optional_parameter")


class FieldIds(NamedTuple):
    """The grammar's numbers of the fields that are read; lookup is faster than by name."""

    body: int
    consequence: int
    left: int
    name: int
    parameters: int
    pattern: int
    right: int
    value: int


@cache
def get_field_ids(language: Language) -> FieldIds:
    """The field numbers of a grammar that has all of these fields."""
    return FieldIds(*(language.field_id_for_name(name) or 0 for name in FieldIds._fields))


def count_parameters(node: Node, source: bytes, fields: FieldIds, branches: list[int]) -> int:
    """Count the parameters of a function, without TypeScript's `this`.

    A bare `x` of `x => …` is one. Those with a default value are added to `branches`.
    """
    listed = node.child_by_field_id(fields.parameters)
    if listed is None:
        return 1
    number = listed.named_child_count
    if number:
        text = source[listed.start_byte : listed.end_byte]
        # Few lists have a default, `this` or a comment; only those are read one by one.
        if b"this" in text or b"/" in text or (b"=" in text and _may_have_defaults(listed, text)):
            return _count_each(listed, fields, branches)
    return number


def _may_have_defaults(listed: Node, text: bytes) -> bool:
    # A function's type has an arrow. With errors, not every child need be a parameter.
    return text.count(b"=") > text.count(b"=>") or listed.has_error


def _count_each(listed: Node, fields: FieldIds, branches: list[int]) -> int:
    number = 0
    for child in listed.named_children:
        if child.type not in _PARAMETERS:
            continue
        pattern = child.child_by_field_id(fields.pattern)
        number += pattern is None or pattern.type != "this"
        if child.child_by_field_id(fields.value) is not None:
            branches.append(child.start_byte)
    return number


def read_function(node: Node, parameters: int, source: bytes, fields: FieldIds) -> FoundFunction:
    """A function declaration or expression."""
    start, end = node.start_byte, node.end_byte
    name = node.child_by_field_id(fields.name)
    text = None if name is None else decode_text(source, name.start_byte, name.end_byte)
    return FoundFunction(start, -end, True, start, end, "function", text, parameters, node)


def read_arrow(node: Node, parameters: int) -> FoundFunction:
    """An arrow function, which has no name of its own."""
    start, end = node.start_byte, node.end_byte
    return FoundFunction(start, -end, True, start, end, "arrow", None, parameters, node)


def read_method(node: Node, parameters: int, source: bytes, fields: FieldIds) -> FoundFunction:
    """A method, constructor, getter or setter, of a class or an object."""
    start, end = node.start_byte, node.end_byte
    name = node.child_by_field_id(fields.name)
    if name is None:
        return FoundFunction(start, -end, True, start, end, "method", None, 0, node)
    name_start, name_end = name.start_byte, name.end_byte
    text = decode_key(source, name_start, name_end)
    words = {child.type for child in node.children} if name_start > start else set()
    kind = _classify_method(text, words)
    return FoundFunction(name_end, -end, True, start, end, kind, text, parameters, node)


def _classify_method(name: str, words: set[str]) -> str:
    if "get" in words:
        return "getter"
    if "set" in words:
        return "setter"
    return "constructor" if name == "constructor" and "static" not in words else "method"


def read_static_block(node: Node) -> FoundFunction:
    """The static block of a class."""
    start, end = node.start_byte, node.end_byte
    return FoundFunction(start, -end, True, start, end, "static_block", None, 0, node)


def read_field(node: Node, source: bytes, fields: FieldIds) -> FoundFunction | None:
    """A class field's initialiser; None without one, and for an `accessor`.

    ESLint counts an accessor's to what is around it.
    """
    value = node.child_by_field_id(fields.value)
    name = node.child_by_field_id(fields.name)
    if value is None or name is None or _is_accessor(source, name.start_byte):
        return None
    start, end = value.start_byte, value.end_byte
    text = decode_key(source, name.start_byte, name.end_byte)
    return FoundFunction(start, -end, False, start, end, "field", text, 0, node)


def _is_accessor(source: bytes, name_start: int) -> bool:
    # In the text, as some grammars do not know the word and it may be no part of the tree.
    return source[max(0, name_start - 40) : name_start].rstrip(b" \t").endswith(b"accessor")


def find_head(function: FoundFunction, fields: FieldIds) -> tuple[int, int]:
    """Find what a finding points at, as in ESLint: up to the parameters, or the arrow."""
    node, start = function.node, function.start
    if function.kind == "field":
        return start, function.end
    if function.kind == "static_block":
        return start, start + len("static")
    if function.kind == "arrow":
        arrow = next((child for child in node.children if child.type == "=>"), node)
        return arrow.start_byte, arrow.end_byte
    listed = node.child_by_field_id(fields.parameters)
    return start, start if listed is None else listed.start_byte


def find_bound_head(field: FoundFunction, fields: FieldIds) -> tuple[int, int]:
    """Find what a finding points at if a field's whole initialiser is a function: its name."""
    name = field.node.child_by_field_id(fields.name)
    return field.node.start_byte, field.start if name is None else name.end_byte


def decode_text(source: bytes, start: int, end: int) -> str:
    """Decode the text between two bytes; what is not UTF-8 becomes U+FFFD."""
    return source[start:end].decode("utf-8", "replace")


def decode_key(source: bytes, start: int, end: int) -> str:
    """Decode the name of a property: a string without its quotes, anything else as it is."""
    text = decode_text(source, start, end)
    return text[1:-1] if text[:1] in ("'", '"') and len(text) > 1 else text
