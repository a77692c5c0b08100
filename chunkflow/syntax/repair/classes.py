"""Rules for members of classes, interfaces and object types."""

import re
from collections.abc import Iterator

from chunkflow.syntax.pattern import Pattern
from chunkflow.syntax.repair.code import NAME, Code, Edit
from chunkflow.syntax.repair.rule import RepairRule

_MODIFIER = (
    rb"(?:public|private|protected|static|override|readonly|declare|abstract|accessor|async)"
)
_RUN = Pattern(_MODIFIER + rb"[ \t]+" + _MODIFIER + rb"(?:[ \t]+" + _MODIFIER + rb")*(?=[ \t]+)")
_BEFORE_NAME = Pattern(rb"[ \t]+(?:[\[#\"'*]|" + NAME + rb")")
_DECLARING = Pattern(
    rb"[ \t]+(?:class|interface|enum|namespace|module|type|function|const|let|var|global)\s+["
    + NAME[1:]
)
_KNOWN_RUN = Pattern(
    rb"(?:(?:declare )?(?:public |private |protected )?|"
    rb"(?:public |private |protected )declare )"
    rb"(?:(?:static )?(?:override )?(?:readonly )?(?:async )?"
    rb"|(?:abstract |readonly ){0,2}|accessor )"
)
_ACCESS = frozenset({b"public", b"private", b"protected"})
_MAY_FOLLOW = {
    b"public": frozenset({b"static", b"abstract", b"async"}),
    b"private": frozenset({b"static", b"abstract", b"async"}),
    b"protected": frozenset({b"static", b"abstract", b"async"}),
    b"declare": frozenset({b"static"}) | _ACCESS,
    b"static": frozenset({b"async"}),
    b"override": frozenset({b"async"}),
}


def fix_modifiers(code: Code) -> Iterator[Edit]:
    """Modifiers in an order or a company that the grammar lacks: those after the first go.

    What declares a field, a method or its asynchrony stays, and the first one, since there the
    member begins.
    """
    for found in _RUN.finditer(code.text):
        start, end = found.span()
        words = _list_words(code, start, end)
        run = b"".join(word + b" " for _, word in words)
        if not code.starts_word(start) or _KNOWN_RUN.fullmatch(run):
            continue
        if _DECLARING.match(code.text, end) or not _BEFORE_NAME.match(code.text, end):
            continue
        kept = _MAY_FOLLOW.get(words[0][1], frozenset())
        for place, word in words[1:]:
            if word not in kept:
                yield code.blank(place, place + len(word))


def _list_words(code: Code, start: int, end: int) -> list[tuple[int, bytes]]:
    found = re.compile(NAME + rb"+").finditer(code.text, start, end)
    return [(m.start(), m[0]) for m in found]


_MEMBER_KEYWORD = Pattern(
    rb"(?:abstract|accessor)(?!" + NAME + rb")(?![ \t]+(?:[\[#\"'*@]|" + NAME + rb"))"
)
_WORD_AFTER = Pattern(
    rb"(?:abstract|accessor)(?=[ \t]+(?:in|instanceof|as|satisfies|of|extends|is)(?!"
    + NAME
    + rb"))"
)


def fix_modifier_names(code: Code) -> Iterator[Edit]:
    """`abstract` and `accessor` as the name of a member or a variable."""
    for pattern in (_MEMBER_KEYWORD, _WORD_AFTER):
        for found in pattern.finditer(code.text):
            if code.starts_word(found.start()):
                yield code.rename(*found.span())


_STATIC_INDEX = Pattern(
    rb"static\s+(?:readonly\s+)?\[\s*" + NAME + rb"+(\s*:[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]"
)


def fix_static_index_signatures(code: Code) -> Iterator[Edit]:
    """`static [key: string]: T`: a field of a computed name in its place."""
    for found in _STATIC_INDEX.finditer(code.text):
        if code.starts_word(found.start()):
            yield code.blank(*found.span(1))


_GENERATOR = Pattern(rb"\*[ \t]*(?:[#\"']?" + NAME + rb"+[\"']?|\[)")
_BODY = Pattern(rb"[ \t]*[{:]")
_PARAMETERS = Pattern(rb"\s*\(")


def fix_generators_after_fields(code: Code) -> Iterator[Edit]:
    """A generator method after a field that has no semicolon: one is put between."""
    text = code.text
    for found in _GENERATOR.finditer(text):
        start, end = found.span()
        if not code.starts_line(start):
            continue
        if text[end - 1] == ord("["):
            end = code.find_closing(end - 1) + 1
        if text[end : end + 1] == b"<":
            end = code.find_angle_closing(end) + 1
        parameters = _PARAMETERS.match(text, end)
        closing = code.find_closing(parameters.end() - 1) if parameters and end else -1
        if closing > 0 and _BODY.match(text, closing + 1) and _is_after_field(code, start):
            yield Edit(start - 1, b";")


def _is_after_field(code: Code, place: int) -> bool:
    if not code.ends_operand(place):
        return False
    last = code.find_last(place)
    if code.text[last] != ord("}"):
        return True
    opening = code.find_opening(last)
    return opening > 0 and code.text[code.find_last(opening)] in b">:"


_OPERATOR_NAME = Pattern(rb"\n[ \t]*(i)n(?:stanceof)?(?:[\d_$]|(?=\s*\??:)|(?=\s*\?\())")


def fix_operator_names(code: Code) -> Iterator[Edit]:
    """A name that begins a line with `in` or `instanceof`: the grammar sees the operator."""
    for found in _OPERATOR_NAME.finditer(code.text):
        yield Edit(found.start(1), b"_")


RARE = (
    RepairRule(
        "modifiers",
        tuple(b"static override readonly declare abstract accessor".split()),
        fix_modifiers,
    ),
    RepairRule("modifier_names", (b"abstract", b"accessor"), fix_modifier_names),
    RepairRule("static_index_signatures", (b"static",), fix_static_index_signatures),
    RepairRule("generators_after_fields", (b"*",), fix_generators_after_fields),
    RepairRule("operator_names", (b"in",), fix_operator_names),
)
