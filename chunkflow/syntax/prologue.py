"""The imports at the top of a file, told by a regular expression in place of the parser.

A fifth of a module's bytes may be imports and re-exports, of a form so plain that parsing them is a
waste: with them left out a file is chunked faster than it is parsed. Only the plainest forms count;
at the first thing that is anything else, the parser takes over.
"""

import re

from chunkflow.syntax.rows import Rows

# Possessive quantifiers throughout: nothing here is ever to be tried a second way.
_COMMENT = rb"(?://[^\n]*+|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*+/)"
_NAMES = rb"\{[\w$\s,]*+\}"
_BINDING = rb"(?:" + _NAMES + rb"|[\w$]++|\*\s+as\s++[\w$]++)"
_IMPORTED = (
    rb"import(?:\s++(?:type\s++(?!from\b))?+"
    + _BINDING
    + rb"(?:\s*+,\s*+"
    + _BINDING
    + rb")?+\s++from)?+"
)
_EXPORTED = rb"export\s++(?:(?:type\s++)?+" + _NAMES + rb"|\*(?:\s++as\s++[\w$]++)?+)\s*+from"
# The line must end here, and the next must not go on with attributes.
_END = rb"(?:;|(?=[ \t]*+(?://|\Z|\r?\n(?:\s|" + _COMMENT + rb")*+(?!with\b|assert\b|;))))"
_ITEM = re.compile(
    rb"[\s\xef\xbb\xbf]*+(?:((?:"
    + _IMPORTED
    + rb"|("
    + _EXPORTED
    + rb"))\s*([\"'])([^'\"\\\n]*+)\3"
    + _END
    + rb")|("
    + _COMMENT
    + rb"))"
)


def take_prologue(source: bytes, rows: Rows) -> int:
    """Add the imports and comments at the top of a file; returns where the parser is to go on."""
    match, item = _ITEM.match, rows.item
    place = 0
    while (found := match(source, place)) is not None:
        start, place = found.span(1)
        if start < 0:
            start, place = found.span(5)
            rows.comment(start, place)
        else:
            kind = "import" if found.start(2) < 0 else "export"
            item(start, place, kind, found[4].decode("utf-8", "replace"))
    return place
