"""The plainest forms of types, interfaces and constants, as regular expressions.

They know strings, comments and brackets, and so where a declaration ends; not what stands in it.
"""

import re
from functools import cache

# Possessive quantifiers throughout: nothing here is ever to be tried a second way.
_STRING = rb'"[^"\\\n]*+"' + rb"|'[^'\\\n]*+'|`[^`\\]*+`"
_COMMENT = rb"//[^\n]*+|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*+/"
_SPACE = rb"(?:\s++|" + _COMMENT + rb")"


def _nest(opening: bytes, inside: bytes, closing: bytes, levels: int) -> bytes:
    """A pattern for brackets around what is inside, and around more of the kind."""
    pattern = opening + rb"(?:" + inside + rb")*+" + closing
    if levels > 1:
        inside += rb"|" + _nest(opening, inside, closing, levels - 1)
        pattern = opening + rb"(?:" + inside + rb")*+" + closing
    return pattern


_INSIDE = rb"[^(){}\[\]\"'`/]++|" + _STRING + rb"|" + _COMMENT
_BRACKETS = _nest(rb"[({\[]", _INSIDE, rb"[)}\]]", 5)
_FEW_BRACKETS = _nest(rb"[({\[]", _INSIDE, rb"[)}\]]", 2)
_WORDS = rb"[^<>(){}\[\]\"'`/;=]++"
_ANGLES = _nest(rb"<", _WORDS + rb"|=>?+|" + _STRING + rb"|" + _FEW_BRACKETS, rb">", 3)
_NAME = rb"[ \t]++([A-Za-z_$][\w$]*+)"

_INTERFACE = rb"interface" + _NAME + rb"(?:" + _WORDS + rb"|" + _ANGLES + rb")*+" + _BRACKETS

# A type goes on over the end of a line behind an operator, and in front of one.
_BREAK = rb"(?<=[=|&?:,<])" + _SPACE + rb"++|(?<==>)" + _SPACE + rb"++"
_BREAK += rb"|" + _SPACE + rb"++(?=[|&?:>=])"
_TYPE = rb"[^\r\n(){}\[\]\"'`/;]++|" + _STRING + rb"|" + _BRACKETS + rb"|" + _BREAK
# It ends with a line that does not end in such a word, nor in a space, where the next begins with
# a word.
_PREFIXES = b"keyof typeof readonly unique infer new abstract asserts extends is".split()
_END = (
    rb"(?:;|(?<![ \t])"
    + b"".join(rb"(?<!" + word + rb")" for word in _PREFIXES)
    + rb"(?=\Z|\r?\n"
    + _SPACE
    + rb"*+(?:\Z|(?!(?:extends|is|in|instanceof|as|satisfies)\b)[A-Za-z_$@])))"
)
_ALIAS = rb"type" + _NAME + rb"(?=\s*+[=<])(?:" + _TYPE + rb")*+" + _END

# Data: a literal, or a call with one, as in `const a = f({`. A slash may begin a regular expression
# and an arrow a function; then brackets tell nothing.
_TEXT = rb'"(?:[^"\\\n]|\\.)*+"' + rb"|'(?:[^'\\\n]|\\.)*+'|`[^`\\$]*+`"
_ITEM = rb"[^(){}\[\]\"'`/=]++|=(?!>)|" + _TEXT + rb"|" + _COMMENT
_LITERAL = _nest(rb"[({\[]", _ITEM, rb"[)}\]]", 6)
_CAST = rb"(?:[ \t]++(?:as|satisfies)[ \t][\w$.<>,|&\[\]'\" \t]*+)?+"
_PURE = rb"(?:/\*[^*\n]*+\*/[ \t]*+)?+"
_ASSIGNED = rb"(?::[^=\n(){]++)?+[ \t]*+=[ \t]*+" + _PURE + rb"(?:new[ \t]++)?+[\w$.<>]*+"
_CONSTANT = rb"const" + _NAME + _ASSIGNED + _LITERAL + _CAST + _END

# Most lines are told apart by their first letter, which is quicker than to try the words. Constants
# of one line are not worth the while.
HEAD = re.compile(
    rb"\n(?=[edtic])(?=(?:export[ \t]++)?+(?:"
    rb"(?:declare[ \t]++)?+(?:type|interface)[ \t]++[A-Za-z_$]"
    rb"|(const)[ \t]++[\w$]++" + _ASSIGNED + rb"\(?[\[{]\r?\n))"
)
"""What comes right before such a declaration; has a group for a constant."""

_FORM = rb"(?:export[ \t]++)?+(?:(?:declare[ \t]++)?+(?:"
_FORM += _ALIAS + rb"|" + _INTERFACE + rb")|" + _CONSTANT + rb")"
KINDS = ("", "type", "interface", "variable")
"""The kind of each group of the pattern, which is a name."""


@cache
def compile_forms() -> "re.Pattern[bytes]":
    """The pattern of a declaration; to compile it takes as long as to parse some 30 KB."""
    return re.compile(_FORM)


def may_run(text: bytes) -> bool:
    """Whether there may be a function or a class in a statement, as its text has it."""
    # What is found soonest comes first: there are statements by the thousand.
    close = text.find(b")")
    return (
        (close >= 0 and text.find(b"{", close) >= 0)
        or (b">" in text and b"=>" in text)
        or b"class" in text
    )
