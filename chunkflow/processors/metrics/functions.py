"""What a function's own node says: kind, name, parameters, and the part of it to point at."""

from functools import cache
from typing import NamedTuple

from tree_sitter import Language, Node

from chunkflow.processors.metrics.marks import FoundFunction

_PARAMETERS = ("required_parameter", "optional_parameter")

# A NamedTuple's own `__new__` takes twice as long, and one is made for every function.
_new = tuple.__new__


class FieldIds(NamedTuple):
    """The grammar's numbers for the fields that are read; looked up faster than names."""

    body: int
    consequence: int
    left: int
    name: int
    parameters: int
    pattern: int
    right: int
    value: int


@cache
def field_ids(language: Language) -> FieldIds:
    """The field numbers of a grammar that has all of these fields."""
    return FieldIds(*(language.field_id_for_name(name) or 0 for name in FieldIds._fields))


def count_parameters(node: Node, source: bytes, fields: FieldIds, branches: list[int]) -> int:
    """How many parameters a function has, without TypeScript's `this`.

    A bare `x` of `x => …` is one. Those with a default value are added to `branches`.
    """
    listed = node.child_by_field_id(fields.parameters)
    if listed is None:
        return 1
    number = listed.named_child_count
    if number:
        text = source[listed.start_byte : listed.end_byte]
        # Hardly a list has a default, `this` or a comment: those that may are read one by one.
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
    text = None if name is None else text_of(source, name.start_byte, name.end_byte)
    return _new(FoundFunction, (start, -end, True, start, end, "function", text, parameters, node))


def read_arrow(node: Node, parameters: int) -> FoundFunction:
    """An arrow function, which has no name of its own."""
    start, end = node.start_byte, node.end_byte
    return _new(FoundFunction, (start, -end, True, start, end, "arrow", None, parameters, node))


def read_method(node: Node, parameters: int, source: bytes, fields: FieldIds) -> FoundFunction:
    """A method, constructor, getter or setter, of a class or an object."""
    start, end = node.start_byte, node.end_byte
    name = node.child_by_field_id(fields.name)
    if name is None:
        return FoundFunction(start, -end, True, start, end, "method", None, 0, node)
    name_start, name_end = name.start_byte, name.end_byte
    text = key_text(source, name_start, name_end)
    words = {child.type for child in node.children} if name_start > start else set()
    kind = _method_kind(text, words)
    return FoundFunction(name_end, -end, True, start, end, kind, text, parameters, node)


def _method_kind(name: str, words: set[str]) -> str:
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
    text = key_text(source, name.start_byte, name.end_byte)
    return FoundFunction(start, -end, False, start, end, "field", text, 0, node)


def _is_accessor(source: bytes, name_start: int) -> bool:
    # In the text, as some grammars do not know the word and it may be no part of the tree.
    return source[max(0, name_start - 40) : name_start].rstrip(b" \t").endswith(b"accessor")


def head_of(function: FoundFunction, fields: FieldIds) -> tuple[int, int]:
    """What to point at, as ESLint does: up to the parameters, or the arrow of an arrow function."""
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


def bound_head_of(field: FoundFunction, fields: FieldIds) -> tuple[int, int]:
    """What to point at where all of a field's initialiser is one function: up to its name."""
    name = field.node.child_by_field_id(fields.name)
    return field.node.start_byte, field.start if name is None else name.end_byte


def text_of(source: bytes, start: int, end: int) -> str:
    """The text between two bytes; what is not UTF-8 becomes U+FFFD."""
    return source[start:end].decode("utf-8", "replace")


def key_text(source: bytes, start: int, end: int) -> str:
    """The name of a property: a string without its quotes, anything else as it stands."""
    text = text_of(source, start, end)
    return text[1:-1] if text[:1] in ("'", '"') and len(text) > 1 else text
