"""Rules for statements and expressions."""

from collections.abc import Iterator

from chunkflow.syntax.pattern import Pattern
from chunkflow.syntax.repair.code import NAME, Code, Edit
from chunkflow.syntax.repair.rule import RepairRule

_LOOP = Pattern(
    rb"for\s*(?:await\s*)?\(\s*((?:await\s+)?using)(?=\s+(?!(?:of|in)\s)" + NAME + rb")"
)


def fix_using_loops(code: Code) -> Iterator[Edit]:
    """`for (using x of y)` and `for (await using x of y)`."""
    for found in _LOOP.finditer(code.text):
        if code.starts_word(found.start()):
            yield code.replace(*found.span(1), b"const")


_ARGUMENTS = Pattern(rb">(?=[ \t]*`|\?\.\()")


def fix_template_arguments(code: Code) -> Iterator[Edit]:
    """Type arguments of a tagged template, or before `?.(`: they go."""
    text = code.text
    for found in _ARGUMENTS.finditer(text):
        end = found.start()
        start = code.find_angle_opening(end) if text[end - 1] != ord("=") else -1
        if start > 0 and code.find_last(start) == start - 1 and code.ends_operand(start):
            yield code.blank(start, end + 1)


_FRACTION = Pattern(rb"\?\.(?=\d)")


def fix_fractions_after_conditions(code: Code) -> Iterator[Edit]:
    """`a?.5:1`, a condition and a number."""
    for found in _FRACTION.finditer(code.text):
        yield Edit(found.start(), b"?1")


_COMPARED_TYPEOF = Pattern(rb"[\"'`](<)typeof\b")


def fix_compared_texts(code: Code) -> Iterator[Edit]:
    """`"u"<typeof a`, which the grammar takes for type arguments of a text."""
    for found in _COMPARED_TYPEOF.finditer(code.text):
        yield Edit(found.start(1), b">")


_DECORATOR = Pattern(rb"@(?:(new)[ \t]+)?" + NAME + rb"+((?:(?:!?|\?)\.[#" + NAME[1:] + rb"+)*!?)")
_ODD_LINK = Pattern(rb"!|\?(?=\.)|#")


def fix_decorators(code: Code) -> Iterator[Edit]:
    """`@a!.b`, `@a?.b`, `@a.#b` and `@new A()`: decorators that are more than a dotted name."""
    for found in _DECORATOR.finditer(code.text):
        if found[1]:
            yield Edit(found.end(1), b"_")
        for link in _ODD_LINK.finditer(code.text, *found.span(2)):
            yield Edit(link.start(), b"_")


_IN_PARENTHESES = Pattern(rb"@(?=\()")


def fix_decorator_expressions(code: Code) -> Iterator[Edit]:
    """`@(a[0])`: any expression without a function in it."""
    for found in _IN_PARENTHESES.finditer(code.text):
        start, end = found.end(), code.find_closing(found.end())
        inside = code.text[start + 1 : max(start, end)]
        if inside.strip() and not _FUNCTION.search(inside):
            yield code.put_name(start + 1, end)


_FUNCTION = Pattern(rb"=>|function|class|\{")

_DECORATED = Pattern(rb"@[\w$.]+\(?\Z")
_DECORATOR_BYTES = 200
_DECLARED_CLASS = Pattern(rb"declare(?=\s+(?:abstract\s+)?class\b)")


def fix_decorated_declarations(code: Code) -> Iterator[Edit]:
    """`@a declare class B`."""
    for found in _DECLARED_CLASS.finditer(code.text):
        place = code.find_last(found.start())
        if place >= 0 and code.text[place] == ord(")"):
            place = code.find_opening(place)
        decorator = code.text[max(0, place - _DECORATOR_BYTES) : max(0, place + 1)]
        if _DECORATED.search(decorator):
            yield code.blank(*found.span())


_NUL = Pattern(rb"\0")


def fix_nul_bytes(code: Code) -> Iterator[Edit]:
    """A NUL byte in a text, which ends the text for the grammar."""
    for found in _NUL.finditer(code.source):
        if code.text[found.start()] != 0:
            yield Edit(found.start(), b"_")


COMMON = (
    RepairRule("template_arguments", (b"`", b"?.("), fix_template_arguments),
    RepairRule("using_loops", (b"using",), fix_using_loops),
)
RARE = (
    RepairRule("fractions_after_conditions", (b"?.",), fix_fractions_after_conditions),
    RepairRule("compared_texts", (b"<typeof",), fix_compared_texts),
    RepairRule("decorators", (b"@",), fix_decorators),
    RepairRule("decorator_expressions", (b"@(",), fix_decorator_expressions),
    RepairRule("decorated_declarations", (b"declare",), fix_decorated_declarations),
    RepairRule("nul_bytes", (b"",), fix_nul_bytes),
)
