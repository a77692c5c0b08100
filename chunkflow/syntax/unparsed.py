"""Reads the comments and the first words of a statement that is too large to be parsed."""

from chunkflow.syntax.pattern import Pattern
from chunkflow.syntax.rows import RowBuilder
from chunkflow.syntax.tokens import find_comment_end

_BLANK = Pattern(rb"[\s\xef\xbb\xbf]*+")
_NAME = rb"[ \t]++([A-Za-z_$][\w$]*+)"
_FIRST_WORDS = Pattern(
    rb"(?:export[ \t]++)?+(?:"
    rb"type" + _NAME + rb"\s*+[=<]|"
    rb"(?:const[ \t]++)?+enum" + _NAME + rb"\s*+\{|"
    rb"interface" + _NAME + rb"(?:\s*+[<{]|\s++extends\b)|"
    rb"(?:const|let|var)" + _NAME + rb"\s*+[=:;]|"
    rb"(?:async[ \t]++)?+function" + _NAME + rb"\s*+[(<]"
    rb")"
)
_FIRST_WORD_KINDS = ("", "type", "enum", "interface", "variable", "function")
"""The kind of each group of the pattern, which is a name."""


def add_comments(source: bytes, rows: RowBuilder) -> int:
    """Add the comments at the top of a text to `rows`; returns where the code begins."""
    place = 0
    while True:
        blank = _BLANK.match(source, place)
        place = blank.end() if blank else place
        end = find_comment_end(source, place)
        if end < 0:
            return place
        rows.add_comment(place, end)
        place = end


def describe_unparsed(source: bytes, start: int) -> tuple[str, str | None]:
    """Kind and name of a statement that has no tree; `error` where its first words do not say."""
    found = _FIRST_WORDS.match(source, start)
    if found is None:
        return "error", None
    form = found.lastindex or 0
    return _FIRST_WORD_KINDS[form], found[form].decode()
