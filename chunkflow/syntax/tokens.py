"""Tokens of JavaScript that may hold anything: strings, templates, regular expressions, comments.

Shared by every scan that reads text which the parser cannot. Possessive quantifiers throughout:
no token is ever tried a second way.
"""

import re

from chunkflow.syntax.pattern import Pattern

STRINGS = {
    ord('"'): Pattern(rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+(")?+', re.DOTALL),
    ord("'"): Pattern(rb"'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+(')?+", re.DOTALL),
}
"""Quote → a string on one line; the pattern's group takes part only where the string is closed."""

TEMPLATE_TEXT = Pattern(rb"[^`\\$]*+(?:(?:\\.|\$(?!\{))[^`\\$]*+)*+", re.DOTALL)
"""The text of a template up to its end or its next substitution."""

REGEX = Pattern(rb"/(?![*/])(?:[^\\/\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+/[a-z]*")
MAX_REGEX_BYTES = 1 << 16
"""No longer regular expression is looked for."""

COMMENT_STARTS = (b"//", b"/*")

WORDS_BEFORE_REGEX = frozenset(
    b"return typeof case in of delete void throw new instanceof do else yield await".split()
)
"""Words after which a slash begins a regular expression."""


def find_comment_end(source: bytes, start: int) -> int:
    """Where the comment that begins at `start` ends; -1 where none begins, or it never ends."""
    if source.startswith(b"//", start):
        end = source.find(b"\n", start)
        return len(source) if end < 0 else end
    if source.startswith(b"/*", start):
        end = source.find(b"*/", start + 2)
        return -1 if end < 0 else end + 2
    return -1
