"""Rules for words that the grammar reserves, where they are names."""

import re
from collections.abc import Iterator

from chunkflow.syntax.pattern import Pattern
from chunkflow.syntax.repair.code import NAME, Code, Edit
from chunkflow.syntax.repair.rule import RepairRule

_OPERATOR = Pattern(rb"(?:as|satisfies)(?!" + NAME + rb")(\s*(?:=(?!>)|[.,;)\]}]|\??:|\?\.))?")
_DECLARING = frozenset(
    b"let const var return typeof await void delete throw case new extends instanceof else"
    b" yield".split()
)


def fix_operator_words(code: Code) -> Iterator[Edit]:
    """`as` and `satisfies` as names: no value can end before them, or no type come after."""
    for found in _OPERATOR.finditer(code.text):
        start = found.start()
        if code.starts_word(start) and (found[1] or _begins_value(code, start)):
            end = start + (2 if code.text[start] == ord("a") else len(b"satisfies"))
            yield code.rename(start, end)


def _begins_value(code: Code, place: int) -> bool:
    before = code.find_last(place)
    if before >= 0 and code.text[before] in b"([{,=:?":
        return True
    word = code.read_word_before(place)
    start = before + 1 - len(word)
    if word == b"const" and code.read_word_before(start) == b"as":
        return False  # `a as const as B`
    return word in _DECLARING and not code.is_property(start)


_USING_KEYWORD = Pattern(
    rb"[ \t]+(?!(?:in|of|instanceof|as|satisfies|extends|is)(?!" + NAME + rb"))" + NAME
)


def fix_using_as_a_name(code: Code) -> Iterator[Edit]:
    """`using` as a name: no name comes after it."""
    for found in re.compile(rb"using(?!" + NAME + rb")").finditer(code.text):
        start, end = found.span()
        if code.starts_word(start) and not _USING_KEYWORD.match(code.text, end):
            yield code.rename(start, end)


RARE = (
    RepairRule("operator_words", (b"as", b"satisfies"), fix_operator_words),
    RepairRule("using_as_a_name", (b"using",), fix_using_as_a_name),
)
