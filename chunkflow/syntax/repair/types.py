"""Rules for types: variance, import types, call signatures, names that are keywords elsewhere."""

import re
from collections.abc import Iterator

from chunkflow.syntax.pattern import Pattern
from chunkflow.syntax.repair.code import NAME, Code, Edit
from chunkflow.syntax.repair.rule import RepairRule

_PARAMETERS = Pattern(rb"(?:interface|class|type)\b\s*(?:" + NAME + rb"+\s*)?<")
_VARIANCE_WORD = Pattern(rb"(?:in|out)\s")
_VARIANCE = Pattern(
    rb"[<,]\s*(?:const\s+)?((?:in\s+)?out|in)\s+(?!(?:extends|[<>=,])(?!"
    + NAME
    + rb"))(?="
    + NAME
    + rb")"
)


def fix_variance(code: Code) -> Iterator[Edit]:
    """`in`, `out` and `in out` before a type parameter, of a declaration or class expression."""
    for found in _PARAMETERS.finditer(code.text):
        start = found.end() - 1
        end = code.find_angle_closing(start)
        if not code.starts_word(found.start()) or not _VARIANCE_WORD.search(code.text, start, end):
            continue
        for annotation in _VARIANCE.finditer(code.text, start, end):
            if code.find_enclosing(annotation.start(1)) == code.find_enclosing(start):
                yield code.blank(*annotation.span(1))


_IMPORT = Pattern(rb"import\s*\(\s*(?:\"_*\"|'_*'|`_*`)\s*(?=[,)])")


def fix_import_types(code: Code) -> Iterator[Edit]:
    """`import("x")` in a type, which the grammar takes for a call: an identifier in its place.

    In an expression nothing changes by it: what is called with a plain string holds no function.
    """
    for found in _IMPORT.finditer(code.text):
        end = code.find_closing(code.text.index(b"(", found.start()))
        if end > 0 and code.starts_word(found.start()):
            yield code.put_name(found.start(), end + 1)


_PHASE = Pattern(rb"import(?=\s*\.\s*(?:defer|source)\b)")


def fix_import_phases(code: Code) -> Iterator[Edit]:
    """`import.defer("x")` and `import.source("x")`."""
    for found in _PHASE.finditer(code.text):
        if code.starts_word(found.start()):
            yield code.rename(*found.span())


_SIGNATURE = Pattern(rb"\n[ \t]*<")
_PARAMETERS_OF = Pattern(rb"\s*\(")
_RETURNED = Pattern(rb"\s*:")
_CHOSEN = Pattern(rb"(?<!\?)\?\s*[\w$.]+\s*\Z")
_CHOSEN_BYTES = 200


def fix_call_signatures(code: Code) -> Iterator[Edit]:
    """A generic call signature on a line of its own, with no semicolon before it.

    The grammar lets no statement or member begin with `<`, so it puts no semicolon there either.
    """
    for found in _SIGNATURE.finditer(code.text):
        start = found.end() - 1
        opening = code.find_enclosing(start)
        if opening < 0 or code.text[opening] != ord("{") or not code.ends_operand(start):
            continue
        chosen = _CHOSEN.search(code.text, max(opening, start - _CHOSEN_BYTES), start)
        if chosen or _follows_a_name(code, start):
            continue
        if _is_signature(code, start):
            # In indentation where there is any: a line end is best kept.
            yield Edit(start - 1, b";")


def _is_signature(code: Code, start: int) -> bool:
    end = code.find_angle_closing(start)
    parameters = _PARAMETERS_OF.match(code.text, end + 1) if end > 0 else None
    closing = code.find_closing(parameters.end() - 1) if parameters is not None else -1
    return closing > 0 and _RETURNED.match(code.text, closing + 1) is not None


def _follows_a_name(code: Code, place: int) -> bool:
    """Whether the word before `place` is a member's name: no type can end there."""
    word = code.read_word_before(place)
    start = code.find_last(place) + 1 - len(word)
    before = code.find_last(start)
    return bool(word) and before >= 0 and (code.text[before] in b"{;," or code.ends_operand(start))


_KEYOF_READONLY = Pattern(rb"keyof\s+(readonly)(?=\s)")


def fix_keyof_readonly(code: Code) -> Iterator[Edit]:
    """`keyof readonly T[]`."""
    for found in _KEYOF_READONLY.finditer(code.text):
        if code.starts_word(found.start()):
            yield code.blank(*found.span(1))


_PREDEFINED = rb"(any|string|number|boolean|symbol|object|unknown|never)"
_PREDEFINED_USES = (
    Pattern(rb"\[\s*" + _PREDEFINED + rb"\s*(?:\?\s*)?:"),
    Pattern(rb",\s*" + _PREDEFINED + rb"\s*(?:\?\s*)?:"),
    Pattern(rb"\[\s*(new)\s*(?:\?\s*)?:"),
    Pattern(rb"typeof\s+(undefined)(?!" + NAME + rb")"),
    Pattern(rb"\(\s*" + _PREDEFINED + rb"\s*\)\s*=>"),
    Pattern(_PREDEFINED + rb"\s*\.\s*(?=" + NAME + rb")"),
)


def fix_predefined_names(code: Code) -> Iterator[Edit]:
    """`any`, `string` and their like as a name: of a tuple's element, a parameter, a namespace.

    So too `new` as the name of a tuple's element, and `typeof undefined`, which asks for a name.
    """
    for pattern in _PREDEFINED_USES:
        for found in pattern.finditer(code.text):
            if code.starts_word(found.start(1)):
                yield code.rename(*found.span(1))


_TYPE = Pattern(
    rb"type(?=\s+(?:extends|is|as|in|instanceof|of|satisfies)(?!" + NAME + rb")(?!\s*(?:=|<)))"
)


_TYPE_SPACE = Pattern(rb"\(\s*(type)(?=\s*\.)")


def fix_type_as_a_name(code: Code) -> Iterator[Edit]:
    """A type parameter or variable named `type` before a word that could be an alias' name."""
    for found in _TYPE.finditer(code.text):
        start, end = found.span()
        if code.starts_word(start) and not _in_specifiers(code, start):
            yield code.rename(start, end)
    for found in _TYPE_SPACE.finditer(code.text):
        yield code.rename(*found.span(1))


def _in_specifiers(code: Code, place: int) -> bool:
    opening = code.find_enclosing(place)
    return opening >= 0 and code.read_word_before(opening) in (b"import", b"export", b"type")


_ESCAPE = Pattern(rb"\\.", re.DOTALL)


def fix_template_escapes(code: Code) -> Iterator[Edit]:
    """An escape in a template literal type; the text becomes plain."""
    for start, end in code.escapes:
        if _is_type_template(code, start):
            plain = _ESCAPE.sub(lambda found: b"_" * len(found[0]), code.source[start:end])
            yield code.replace(start, end, plain)


def _is_type_template(code: Code, start: int) -> bool:
    opening = code.text.rfind(b"`", 0, start)
    before = code.find_last(opening)
    return before >= 0 and (
        code.text[before : before + 1] in b"=:|&?<,[{"
        or code.text.endswith(b"=>", 0, before + 1)
        or code.read_word_before(opening) in (b"extends", b"keyof", b"as", b"in")
    )


_MAPPED = Pattern(rb"\[\s*(?:" + NAME + rb")+(\s+in\s[^\[\]{}();]*)\]\s*;?\s*\}")


def fix_mapped_without_type(code: Code) -> Iterator[Edit]:
    """`{ [K in T] }`, a mapped type without the type: a computed name in its place."""
    for found in _MAPPED.finditer(code.text):
        yield Edit(found.start(1), b"_" * (found.end(1) - found.start(1)))


_PATTERN_END = Pattern(rb"[}\]]\s*(?:\?\s*)?:")


def fix_parameter_patterns(code: Code) -> Iterator[Edit]:
    """`({ a: b }: T) => U` and `([a]?: T) => U`, a parameter of a type that is a pattern.

    The grammar takes the pattern for a type in parentheses: a name comes in its place.
    """
    text = code.text
    for found in _PATTERN_END.finditer(text):
        end = found.start()
        start = code.find_opening(end)
        around = code.find_enclosing(start) if start > 0 else -1
        if around < 0 or text[around] != ord("(") or text[code.find_last(start)] not in b"(,":
            continue
        # A default value could hold a function, and stands in no type.
        closing = code.find_closing(around)
        after = text[closing + 1 : closing + _ARROW_BYTES].lstrip()
        if after.startswith(b"=>") and b"=" not in text[start:end]:
            yield code.put_name(start, end + 1)


_ARROW_BYTES = 80

COMMON = (
    RepairRule("variance", (b"in ", b"out ", b"in\n", b"out\n", b"in\t", b"out\t"), fix_variance),
    RepairRule("import_types", (b"import(", b"import ("), fix_import_types),
    RepairRule("call_signatures", (b"<",), fix_call_signatures),
    RepairRule("type_as_a_name", (b"type ", b"type\n", b"type."), fix_type_as_a_name),
    RepairRule("keyof_readonly", (b"keyof readonly", b"keyof\n"), fix_keyof_readonly),
)
RARE = (
    RepairRule("import_phases", (b"import.",), fix_import_phases),
    RepairRule(
        "predefined_names",
        tuple(b"any string number boolean symbol object unknown never new undefined".split()),
        fix_predefined_names,
    ),
    RepairRule("template_escapes", (b"`",), fix_template_escapes),
    RepairRule("parameter_patterns", (b"=>",), fix_parameter_patterns),
    RepairRule("mapped_without_type", (b" in ",), fix_mapped_without_type),
)
