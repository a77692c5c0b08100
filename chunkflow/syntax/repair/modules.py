"""Rules for imports, exports and ambient modules."""

from collections.abc import Iterator

from chunkflow.syntax.pattern import Pattern
from chunkflow.syntax.repair.code import NAME, Code, Edit
from chunkflow.syntax.repair.rule import RepairRule

_STAR = Pattern(rb"export\s+(type)\s*\*")


def fix_export_type_star(code: Code) -> Iterator[Edit]:
    """`export type * from "x"` and `export type * as ns from "x"`."""
    for found in _STAR.finditer(code.text):
        if code.starts_word(found.start()):
            yield code.blank(*found.span(1))


_DEFAULT_ABSTRACT = Pattern(
    rb"export\s+default\s+(abstract)\s+class\s*(?=[{<]|(?:extends|implements)\b)"
)


def fix_default_abstract_class(code: Code) -> Iterator[Edit]:
    """`export default abstract class` without a name."""
    for found in _DEFAULT_ABSTRACT.finditer(code.text):
        yield code.blank(*found.span(1))


_DEFAULT_FUNCTION = Pattern(rb"export\s+(default[ \t]+((?:async[ \t]+)?function))\s*(?:(<)|\()")


def fix_default_function_signature(code: Code) -> Iterator[Edit]:
    """`export default function (): T;`, which has no body: `default` goes, and a name comes.

    The name stands where the last letter of `function` stood.
    """
    for found in _DEFAULT_FUNCTION.finditer(code.text):
        parameters = found.end() - 1
        if found[3]:
            parameters = code.text.find(b"(", code.find_angle_closing(parameters))
        closing = code.find_closing(parameters)
        if code.starts_word(found.start()) and closing > 0 and not _has_body(code, closing + 1):
            start, end = found.span(1)
            yield code.replace(start, end, found[2].ljust(end - 1 - start) + b"_")


_TYPE_TOKEN = Pattern(rb"[({\[<]|[;})\]]|\n|=>|[:|&?.,=]|" + NAME + rb"+|[\"'`]_*[\"'`]")


def _has_body(code: Code, place: int) -> bool:
    """Whether a function whose parameters end before `place` has a body."""
    text = code.text
    while code.spend(1) and (found := _TYPE_TOKEN.search(text, place)):
        start, place = found.span()
        byte = text[start]
        if byte == ord("{") and code.ends_operand(start):
            return True
        if byte in b"({[":
            place = code.find_closing(start) + 1
        elif byte == ord("<"):
            place = code.find_angle_closing(start) + 1
        elif byte in b";})]" or (byte == ord("\n") and _ends_line(code, start)):
            return False
        if not place:
            return False
    return False


_LINE_BYTES = 200


def _ends_line(code: Code, place: int) -> bool:
    after = code.text[place : place + _LINE_BYTES].lstrip()[:1]
    return code.ends_operand(place) and after not in (b"|", b"&", b"{", b"=", b"?", b":")


_PHASE = Pattern(rb"import\s+(?:(defer)\s+\*|(source)\s+(?!from\s*[\"'])" + NAME + rb"+\s+from\b)")


def fix_import_phase(code: Code) -> Iterator[Edit]:
    """`import defer * as ns from "x"` and `import source name from "x"`."""
    for found in _PHASE.finditer(code.text):
        if code.starts_word(found.start()):
            yield code.blank(*found.span(found.lastindex or 0))


_EXPORTED_REQUIRE = Pattern(
    rb"export\s+import\s+(?:(type)\s+)?" + NAME + rb"+\s*=\s*(require\s*\(\s*[\"'`]_*[\"'`]\s*\))"
)


def fix_exported_require(code: Code) -> Iterator[Edit]:
    """`export import a = require("x")`: an alias of a name in its place."""
    for found in _EXPORTED_REQUIRE.finditer(code.text):
        if code.starts_word(found.start()):
            yield code.put_name(*found.span(2))


_TYPE_ALIAS = Pattern(rb"import\s+(type)\s+" + NAME + rb"+\s*=(?!=)")


def fix_import_type_alias(code: Code) -> Iterator[Edit]:
    """`import type A = B.C` and `export import type A = require("x")`."""
    for found in _TYPE_ALIAS.finditer(code.text):
        if code.starts_word(found.start()):
            yield code.blank(*found.span(1))


_LIST = Pattern(rb"port\b(?:\s+type\b)?(?:\s+" + NAME + rb"+\s*,)?\s*\{([^{}();=]*)\}")
_ITEM = Pattern(rb"[^,]+")
_WORD = Pattern(rb"[^\s,]+")
_HARD_NAMES = frozenset(b"type as using satisfies abstract accessor".split())


def fix_specifiers(code: Code) -> Iterator[Edit]:
    """`type`, `as` and their like as a name in an import's or export's list."""
    for found in _LIST.finditer(code.text):
        start = found.start() - 2
        if code.text[start : start + 2] not in (b"im", b"ex") or not code.starts_word(start):
            continue
        for item in _ITEM.finditer(code.text, *found.span(1)):
            words = [(m.start(), m[0]) for m in _WORD.finditer(code.text, *item.span())]
            for place, word in _names(words):
                if word in _HARD_NAMES:
                    yield code.rename(place, place + len(word))


def _names(words: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """The words of a specifier that are names, as the compiler reads them."""
    count = len(words)
    if count in (2, 4) and words[0][1] == b"type":
        words = words[1:]
    if len(words) == 3 and words[1][1] == b"as":
        return [words[0], words[2]]
    return words[:1]


_TYPE_FROM = Pattern(rb"import\s+type\s+(from)\s+from\b")


def fix_type_named_from(code: Code) -> Iterator[Edit]:
    """`import type from from "x"`."""
    for found in _TYPE_FROM.finditer(code.text):
        yield code.rename(*found.span(1))


_ATTRIBUTES = Pattern(rb"(?:with|assert)\s*\{[^{}]*(\})(\s*;)?")
_FROM = Pattern(rb"\bfrom\s*(?:\"_*\"|'_*')\s*\Z")
_ORIGIN_BYTES = 1000
"""No module's name, with `from` before it, is longer."""


def fix_export_attributes(code: Code) -> Iterator[Edit]:
    """`export … from "x" with { … }`: a semicolon where the statement ends, if it has none."""
    text = code.text
    for found in _ATTRIBUTES.finditer(text):
        first = max(0, found.start() - _ORIGIN_BYTES)
        origin = _FROM.search(text[first : found.start()])
        word = text.rfind(b"port", 0, first + origin.start()) if origin is not None else -1
        if word > 1 and text.startswith(b"ex", word - 2):
            yield code.blank(found.start(), found.start(1))
            yield Edit(found.start(1), b" " if found[2] else b";")


_GLOBAL = Pattern(rb"global(?=\s*\{)")


def fix_nested_global(code: Code) -> Iterator[Edit]:
    """`global { … }` in an ambient module: a labelled block in its place."""
    for found in _GLOBAL.finditer(code.text):
        start = found.start()
        before = code.find_last(start)
        if before < 0 or code.text[before] in b"{};" or b"\n" in code.text[before:start]:
            yield code.replace(start, start + len(b"global"), b"_____:")


COMMON = (
    RepairRule("export_type_star", (b"export type",), fix_export_type_star),
    RepairRule("default_function_signature", (b"default",), fix_default_function_signature),
    RepairRule("nested_global", (b"global",), fix_nested_global),
)
RARE = (
    RepairRule("default_abstract_class", (b"abstract",), fix_default_abstract_class),
    RepairRule("import_phase", (b"import defer", b"import source"), fix_import_phase),
    RepairRule("exported_require", (b"require",), fix_exported_require),
    RepairRule("import_type_alias", (b"import type",), fix_import_type_alias),
    RepairRule("specifiers", tuple(sorted(_HARD_NAMES)), fix_specifiers),
    RepairRule("type_named_from", (b"from from",), fix_type_named_from),
    RepairRule("export_attributes", (b"with", b"assert"), fix_export_attributes),
)
