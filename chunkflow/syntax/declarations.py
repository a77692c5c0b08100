"""The kind and the name of a declaration, as the grammar's nodes give them."""

import re
from typing import NamedTuple, TypeAlias

from tree_sitter import Node

STATEMENT_KINDS = {
    "import_statement": "import",
    "import_alias": "import",
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "function_expression": "function",
    "generator_function": "function",
    "function_signature": "function",
    "class_declaration": "class",
    "abstract_class_declaration": "class",
    "class": "class",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
    "internal_module": "namespace",
    "module": "namespace",
    "lexical_declaration": "variable",
    "variable_declaration": "variable",
    "expression_statement": "expression",
}
"""Node type → chunk kind; any other statement is a `statement`."""

STATEMENTS = frozenset(STATEMENT_KINDS) | frozenset(
    "export_statement ambient_declaration statement_block if_statement switch_statement"
    " for_statement for_in_statement while_statement do_statement try_statement with_statement"
    " break_statement continue_statement debugger_statement return_statement throw_statement"
    " labeled_statement".split()
)
"""Every node type of a statement; any other among statements is an error."""

BRACKETS = frozenset("{}()[];") | {""}
"""Node types that gaps are made of."""

MEMBER_KINDS = {
    "method_definition": "method",
    "method_signature": "method",
    "abstract_method_signature": "method",
    "public_field_definition": "property",
    "index_signature": "index_signature",
    "class_static_block": "static_block",
}
"""Node type → chunk kind of what stands in a class body."""

COMMENTS = frozenset({"comment", "html_comment"})

SIGNATURES = frozenset({"function_signature", "method_signature", "abstract_method_signature"})
"""Functions without a body: overloads, where another of the same name follows."""

# What most declarations end in.
_LAST_LINES = (b"\n}", b"\n})", b"\n});")
_TITLE_QUOTES = "\"'`"
_SLASH = ord("/")
_GLOBAL = re.compile(rb"global\s*\{")
_FUNCTION = b"function"
_DEFAULT = re.compile(rb"export\s+default\b")
_INDEX = re.compile(r"\[\s*[\w$]+\s*:")
_SPACES = re.compile(r"\s+")
# A plain callee, and a first argument that is a plain string or surely is no string. Where the
# arguments do begin behind that callee, it says what the tree would.
_CALL = re.compile(
    rb"""([\w$.]{1,200}+)\(\s*+(?:"([^"\\\n]*+)"\s*+[,)]|'([^'\\\n]*+)'\s*+[,)]|[^\s"'`/])"""
)


Declaration: TypeAlias = tuple[str, str | None, Node, str]
"""A statement without `export`, `default` and `declare` around it: kind, name, the node that
declares (the statement itself where nothing is wrapped), and that node's type."""


def read_text(node: Node, source: bytes) -> str:
    """The node's own text, bytes that are not UTF-8 as U+FFFD."""
    return source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def unquote(text: str) -> str:
    """A string literal's inside; other text as it is."""
    return text[1:-1] if len(text) > 1 and text[0] in _TITLE_QUOTES else text


def describe(node: Node, node_type: str, source: bytes) -> Declaration:
    """Describe what a statement declares, beneath `export`, `default` and `declare`."""
    if node_type == "expression_statement":
        return _describe_expression(node, source)
    if node_type == "export_statement":
        return _describe_export(node, source)
    if node_type == "ambient_declaration":
        return _describe_ambient(node, source)
    if node_type == "labeled_statement" and _GLOBAL.match(source, node.start_byte):
        return "namespace", "global", node, node_type  # as a repair shows it to the grammar
    kind = STATEMENT_KINDS.get(node_type, "statement")
    naming = _NAMES.get(kind)
    return (kind, None if naming is None else naming(node, source), node, node_type)


def _describe_export(node: Node, source: bytes) -> Declaration:
    inner = node.child_by_field_name("declaration")
    if inner is not None:
        found = describe(inner, inner.type, source)
        if found[1] is None and _DEFAULT.match(source, node.start_byte):
            return (found[0], "default", found[2], found[3])
        return found
    value = node.child_by_field_name("value")
    if value is not None:
        kind = STATEMENT_KINDS.get(value.type)
        if kind in ("function", "class"):
            return (kind, _read_name(value, source) or "default", value, value.type)
        return ("export", "default", node, "export_statement")
    origin = node.child_by_field_name("source")
    name = unquote(read_text(origin, source)) if origin is not None else None
    return ("export", name, node, "export_statement")


def _describe_ambient(node: Node, source: bytes) -> Declaration:
    for child in node.children:
        if child.type in STATEMENT_KINDS:
            return describe(child, child.type, source)
        if child.type == "global":
            return ("namespace", "global", node, "ambient_declaration")
    return ("statement", None, node, "ambient_declaration")


def _describe_expression(node: Node, source: bytes) -> Declaration:
    inner = _get_first_named(node)
    if inner is None:
        return ("expression", None, node, "expression_statement")
    inner_type = inner.type
    if inner_type == "internal_module":
        return ("namespace", _read_name(inner, source), inner, inner_type)
    name = None
    if inner_type == "call_expression":
        name = _name_call(inner, source)
    elif inner_type == "assignment_expression":
        name = _read_short(inner.child_by_field_name("left"), source)
    return ("expression", name, inner, inner_type)


def _get_first_named(node: Node) -> Node | None:
    return node.named_child(0) if node.named_child_count else None


def find_first_string(call: Node, source: bytes) -> str | None:
    """The text of a call's first argument if that is a string or template literal."""
    arguments = call.child_by_field_name("arguments")
    first = _get_first_named(arguments) if arguments is not None else None
    if first is not None and first.type in ("string", "template_string"):
        return unquote(read_text(first, source))
    return None


def _name_call(call: Node, source: bytes) -> str | None:
    arguments = call.child_by_field_name("arguments")
    found = _CALL.match(source, call.start_byte)
    if found is not None and arguments is not None and arguments.start_byte == found.end(1):
        return found[found.lastindex or 0].decode("utf-8", "replace")
    title = find_first_string(call, source)
    return title if title is not None else _read_short(call.child_by_field_name("function"), source)


def _read_short(node: Node | None, source: bytes) -> str | None:
    if node is None or node.end_byte - node.start_byte > 200:
        return None
    return _SPACES.sub(" ", read_text(node, source))


def _read_name(node: Node, source: bytes) -> str | None:
    name = node.child_by_field_name("name")
    if name is None:
        return None
    start, end = name.start_byte, name.end_byte
    if end - start < len(_FUNCTION) and source.endswith(_FUNCTION, node.start_byte, end):
        return None  # a repair gives a nameless function the end of `function` for a name
    return unquote(source[start:end].decode("utf-8", "replace"))


def _name_import(node: Node, source: bytes) -> str | None:
    origin = node.child_by_field_name("source")
    if origin is not None:
        return source[origin.start_byte + 1 : origin.end_byte - 1].decode("utf-8", "replace")
    for child in node.named_children:
        if child.type == "import_require_clause":
            return _name_import(child, source)
    first = _get_first_named(node)
    return read_text(first, source) if first is not None else None


def _name_variables(node: Node, source: bytes) -> str | None:
    names = []
    for child in node.named_children:
        if child.type == "variable_declarator":
            name = child.child_by_field_name("name")
            if name is not None:
                names.append(_SPACES.sub(" ", read_text(name, source)))
    return ", ".join(names) or None


_NAMES = {
    "import": _name_import,
    "function": _read_name,
    "class": _read_name,
    "interface": _read_name,
    "type": _read_name,
    "enum": _read_name,
    "namespace": _read_name,
    "variable": _name_variables,
}


class Member(NamedTuple):
    """A member of a class."""

    kind: str
    name: str | None
    signature: str
    """The same for an overload and its implementation."""
    has_body: bool


def describe_member(node: Node, node_type: str, source: bytes) -> Member:
    """Describe a child of a class body; `get`, `set` and `accessor` make it an accessor.

    Names are `#secret`, `[computed]`, and `"quoted"` without its quotes.
    """
    kind = MEMBER_KINDS[node_type]
    named = node.child_by_field_name("name")
    if named is None:
        return Member(kind, None, "", has_body=True)
    name = unquote(read_text(named, source))
    words = source[node.start_byte : named.start_byte].split()
    if kind == "property" and name.startswith("[") and _INDEX.match(name):
        return Member("index_signature", None, "", has_body=True)  # `static [key: string]: T`
    if kind == "property":
        return Member("accessor" if b"accessor" in words else kind, name, "", has_body=True)
    if b"get" in words or b"set" in words:
        return Member("accessor", name, "", has_body=True)
    static = b"static" in words
    if name == "constructor" and not static:
        kind = "constructor"
    signature = f"{kind} {static} {name}"
    return Member(kind, name, signature, has_body=node_type not in SIGNATURES)


def ends_in_comment(source: bytes, start: int, end: int) -> bool:
    """Whether the grammar may have included a comment at the end of a declaration.

    A comment between a statement and the end of its line comes before the semicolon that the
    grammar puts there, and so inside the statement; the compiler has it outside.
    """
    if source.endswith(_LAST_LINES, start, end):
        return False
    if source[end - 1] == _SLASH:
        return True
    line = source.rfind(b"\n", start, end)
    return source.find(b"//", start if line < 0 else line, end) >= 0


def find_code_end(node: Node) -> int:
    """Where a declaration ends, without comments that the grammar included."""
    start = node.start_byte
    while True:
        inner = next(
            (c for c in reversed(node.children) if c.type not in COMMENTS and c.end_byte > start),
            None,
        )
        if inner is None:
            return node.end_byte
        node = inner
