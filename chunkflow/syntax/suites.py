"""Test suites: calls such as `describe("…", () => { … })`, whose statements are chunks."""

from collections.abc import Sequence
from typing import NamedTuple

from tree_sitter import Node

from chunkflow.syntax.declarations import find_first_string, read_text

DEFAULT_SUITES = ("describe", "suite", "context", "test.describe")
"""Functions whose call is a suite, with `.only`, `.skip` and `.each(…)` after them too."""

_MODIFIERS = frozenset({"only", "skip"})
_FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function"})


class Suite(NamedTuple):
    """A call statement that is a suite."""

    title: str | None
    body: Node
    """The statement block of the suite's function."""
    arguments: Node


class SuiteNames:
    """Recognises suites by the functions that open them."""

    def __init__(self, names: Sequence[str] = DEFAULT_SUITES) -> None:
        self._names = frozenset(names)
        self._starts = tuple(name.split(".")[0].encode() for name in names)

    def find(self, statement: Node, call: Node, source: bytes) -> Suite | None:
        """The suite that an expression statement opens, or None; `call` is its expression."""
        # Nearly every statement is ruled out by its first bytes alone.
        if not source.startswith(self._starts, statement.start_byte):
            return None
        callee = call.child_by_field_name("function")
        arguments = call.child_by_field_name("arguments")
        if callee is None or arguments is None or arguments.type != "arguments":
            return None
        if _strip_modifiers(callee, source) not in self._names:
            return None
        body = _find_body(arguments)
        return None if body is None else Suite(find_first_string(call, source), body, arguments)


def _strip_modifiers(callee: Node, source: bytes) -> str:
    """The name of a callee without modifiers: `describe` for `describe.only.each([1])`."""
    while True:
        member: Node | None = callee
        called = callee.type == "call_expression"
        if called:
            member = callee.child_by_field_name("function")
        if member is None or member.type != "member_expression":
            return "" if called else read_text(callee, source)
        name = member.child_by_field_name("property")
        inner = member.child_by_field_name("object")
        if name is None or inner is None:
            return ""
        modifier = read_text(name, source)
        if called != (modifier == "each") or not (called or modifier in _MODIFIERS):
            return "" if called else "".join(read_text(callee, source).split())
        callee = inner


def _find_body(arguments: Node) -> Node | None:
    for child in reversed(arguments.named_children):
        if child.type == "comment":
            continue
        body = child.child_by_field_name("body") if child.type in _FUNCTIONS else None
        return body if body is not None and body.type == "statement_block" else None
    return None
