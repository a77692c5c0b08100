"""The imports at the top of a file, told by a regular expression in place of the parser.

A fifth of a module's bytes may be imports and re-exports, of a form so plain that parsing them is a
waste: with them left out a file is chunked faster than it is parsed. Only the plainest forms count;
at the first thing that is anything else, the parser takes over.
"""

import re

from chunkflow.syntax.rows import RowBuilder
from chunkflow.syntax.tokens import find_comment_end

# Possessive quantifiers throughout: nothing here is ever to be tried a second way.
_COMMENT = rb"(?://[^\n]*+|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*+/)"
_NAMES = rb"\{(?:[\w$\s,]++|" + _COMMENT + rb")*+\}"
_BINDING = rb"(?:" + _NAMES + rb"|[\w$]++|\*\s+as\s++[\w$]++)"
_BINDINGS = _BINDING + rb"(?:\s*+,\s*+" + _BINDING + rb")?+"
_FROM = rb"""\s*+(?:"([^"\\\n]*+)"|'([^'\\\n]*+)')"""
_STAR = rb"\*(?:\s++as\s++[\w$]++)?+"
# The line must end here, and the next must not go on with attributes.
_END = (
    rb"(?:;|(?=[ \t]*+(?://[^\n]*+)?+(?:\Z|\r?\n(?:\s++|"
    + _COMMENT
    + rb")*+(?!with\b|assert\b|from\b|;))))"
)
_TYPE = rb"(?:type\s++)?+"
_IMPORT_ITEM = rb"import(?:\s++(?:type\s++(?!from\b))?+" + _BINDINGS + rb"\s++from)?+" + _FROM
_EXPORT_ITEM = rb"export\s++" + _TYPE + rb"(?:" + _NAMES + rb"|" + _STAR + rb")\s*+from" + _FROM
_LOCAL_EXPORT_ITEM = rb"export\s++" + _TYPE + _NAMES
_ITEM = re.compile(
    rb"[\s\xef\xbb\xbf]*+(?:"
    + rb"|".join(
        (
            rb"(" + _IMPORT_ITEM + _END + rb")",
            rb"(" + _EXPORT_ITEM + _END + rb")",
            rb"(" + _LOCAL_EXPORT_ITEM + _END + rb")",
            rb"(/[/*])",
        )
    )
    + rb")"
)
_BLANK = re.compile(rb"[\s\xef\xbb\xbf]*+")
# The groups that are a whole item; that of its name is the next, or the one after.
_IMPORT, _LOCAL_EXPORT, _COMMENT_START = 1, 7, 8


def take_imports(source: bytes, rows: RowBuilder) -> int:
    """Add the imports and comments at the top of a file; returns where the parser is to go on."""
    match, item = _ITEM.match, rows.add
    place = 0
    while (found := match(source, place)) is not None:
        form = found.lastindex or 0
        start, end = found.span(form)
        if form == _COMMENT_START:
            end = find_comment_end(source, start)
            if end < 0:
                break
            rows.add_comment(start, end)
        elif form == _LOCAL_EXPORT:
            item(start, end, "export", None)
        else:
            name = found[form + 1] or found[form + 2] or b""
            kind = "import" if form == _IMPORT else "export"
            item(start, end, kind, name.decode("utf-8", "replace"))
        place = end
    return place


def take_comments(source: bytes, rows: RowBuilder) -> int:
    """Add the comments at the top of a text; returns where the code begins."""
    place = 0
    while True:
        blank = _BLANK.match(source, place)
        place = blank.end() if blank else place
        end = find_comment_end(source, place)
        if end < 0:
            return place
        rows.add_comment(place, end)
        place = end
