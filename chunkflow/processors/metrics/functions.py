"""What a function's own node says: kind, name, parameters, and the part of it to point at."""

from functools import cache
from typing import NamedTuple

from tree_sitter import Language, Node

from chunkflow.processors.metrics.marks import FoundFunction

_PARAMETERS = ("required_parameter", "optional_parameter")


class FieldIds(NamedTuple):
    """The grammar's numbers for the fields that are read; looked up faster than names."""

    body: int
    consequence: int
    name: int
    parameters: int
    pattern: int
    value: int


@cache
def field_ids(language: Language) -> FieldIds:
    """The field numbers of a grammar that has all of these fields."""
    return FieldIds(*(language.field_id_for_name(name) or 0 for name in FieldIds._fields))


class Parameters(NamedTuple):
    """A parameter list."""

    number: int
    """Without TypeScript's `this`."""
    start: int
    """The opening parenthesis; of an arrow function's bare parameter, its first byte."""
    defaults: tuple[int, ...] = ()
    """Where parameters that have a default value start."""


def read_parameters(node: Node, source: bytes, fields: FieldIds) -> Parameters:
    """The parameters of any function node; a bare `x` of `x => …` is one."""
    listed = node.child_by_field_id(fields.parameters)
    if listed is None:
        return Parameters(1, node.start_byte)
    number = listed.named_child_count
    start = listed.start_byte
    if number:
        end = listed.end_byte
        # Hardly a list has a default, `this` or a comment: those that may are read one by one.
        if (
            source.find(b"=", start, end) >= 0
            or source.find(b"this", start, end) >= 0
            or source.find(b"/", start, end) >= 0
        ):
            return _read_each(listed, fields)
    return Parameters(number, start)


def _read_each(listed: Node, fields: FieldIds) -> Parameters:
    number = 0
    defaults = []
    for child in listed.named_children:
        if child.type not in _PARAMETERS:
            continue
        pattern = child.child_by_field_id(fields.pattern)
        number += pattern is None or pattern.type != "this"
        if child.child_by_field_id(fields.value) is not None:
            defaults.append(child.start_byte)
    return Parameters(number, listed.start_byte, tuple(defaults))


def read_function(
    node: Node, parameters: Parameters, source: bytes, fields: FieldIds
) -> FoundFunction:
    """A function declaration or expression."""
    start, end = node.start_byte, node.end_byte
    name = node.child_by_field_id(fields.name)
    text = None if name is None else text_of(source, name.start_byte, name.end_byte)
    head = start, parameters.start
    return FoundFunction(start, -end, True, start, end, "function", text, parameters.number, head)


def read_arrow(node: Node, parameters: Parameters) -> FoundFunction:
    """An arrow function, which has no name of its own."""
    start, end = node.start_byte, node.end_byte
    arrow = next((child for child in node.children if child.type == "=>"), node)
    head = arrow.start_byte, arrow.end_byte
    return FoundFunction(start, -end, True, start, end, "arrow", None, parameters.number, head)


def read_method(
    node: Node, parameters: Parameters, source: bytes, fields: FieldIds
) -> FoundFunction:
    """A method, constructor, getter or setter, of a class or an object."""
    start, end = node.start_byte, node.end_byte
    head = start, parameters.start
    name = node.child_by_field_id(fields.name)
    if name is None:
        return FoundFunction(start, -end, True, start, end, "method", None, 0, head)
    name_start, name_end = name.start_byte, name.end_byte
    text = key_text(source, name_start, name_end)
    words = {child.type for child in node.children} if name_start > start else set()
    kind = _method_kind(text, words)
    return FoundFunction(name_end, -end, True, start, end, kind, text, parameters.number, head)


def _method_kind(name: str, words: set[str]) -> str:
    if "get" in words:
        return "getter"
    if "set" in words:
        return "setter"
    return "constructor" if name == "constructor" and "static" not in words else "method"


def read_static_block(node: Node) -> FoundFunction:
    """The static block of a class."""
    start, end = node.start_byte, node.end_byte
    head = start, start + len("static")
    return FoundFunction(start, -end, True, start, end, "static_block", None, 0, head)


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
    bound_head = node.start_byte, name.end_byte
    return FoundFunction(start, -end, False, start, end, "field", text, 0, (start, end), bound_head)


def _is_accessor(source: bytes, name_start: int) -> bool:
    # In the text, as some grammars do not know the word and it may be no part of the tree.
    return source[max(0, name_start - 40) : name_start].rstrip(b" \t").endswith(b"accessor")


def text_of(source: bytes, start: int, end: int) -> str:
    """The text between two bytes; what is not UTF-8 becomes U+FFFD."""
    return source[start:end].decode("utf-8", "replace")


def key_text(source: bytes, start: int, end: int) -> str:
    """The name of a property: a string without its quotes, anything else as it stands."""
    text = text_of(source, start, end)
    return text[1:-1] if text[:1] in ("'", '"') and len(text) > 1 else text
