"""Masks comments and the inside of strings, templates and regular expressions.

Rules search the masked text alone, so none can match inside any of these.
"""

from typing import NamedTuple

from chunkflow.syntax.pattern import Pattern
from chunkflow.syntax.tokens import (
    COMMENT_STARTS,
    MAX_REGEX_BYTES,
    REGEX,
    STRINGS,
    TEMPLATE_TEXT,
    WORDS_BEFORE_REGEX,
    find_comment_end,
)

_COMMENT_TABLE = bytes(byte if byte in b"\r\n" else ord(" ") for byte in range(256))
_TEXT_TABLE = bytes(ord("_") for _ in range(256))

_NEXT = Pattern(rb"[\"'`/]")
_NEXT_IN_TEMPLATE = Pattern(rb"[\"'`/{}]")
_BEFORE_SLASH = Pattern(rb"([\w$\x80-\xff]*)\s*\Z")
_LOOK_BACK_BYTES = 80
_MAX_UNCLOSED = 100
"""After so many slashes that begin nothing, none is tried; the search for each is long."""


class MaskedText(NamedTuple):
    """A source in which only code is left."""

    text: bytes
    """As long as the source. Comments are spaces, and what strings, templates and regular
    expressions hold is underscores; line ends stay in comments alone."""
    escapes: list[tuple[int, int]]
    """The spans of template text that has a backslash in it."""


def mask_text(source: bytes) -> MaskedText:
    """Mask a source, whatever its bytes; what looks unclosed stays as it is."""
    return _Masker(source).run()


class _Masker:
    """Masks a source in one pass. `mask_jsx` has masked JSX text before."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._pieces: list[bytes] = []
        self._done = 0
        self._escapes: list[tuple[int, int]] = []
        self._unclosed = 0
        self._depths: list[int] = []
        """For each template that is open, the braces open in its substitution."""

    def run(self) -> MaskedText:
        source, place = self._source, 0
        steps = {
            b'"': self._mask_string,
            b"'": self._mask_string,
            b"`": self._begin_template,
            b"/": self._mask_slash,
        }
        while True:
            pattern = _NEXT_IN_TEMPLATE if self._depths else _NEXT
            found = pattern.search(source, place)
            if found is None:
                break
            step = steps.get(found[0], self._pass_brace)
            place = step(found.start())
        self._pieces.append(source[self._done :])
        return MaskedText(b"".join(self._pieces), self._escapes)

    def _mask(self, start: int, end: int, table: bytes) -> None:
        self._pieces.append(self._source[self._done : start])
        self._pieces.append(self._source[start:end].translate(table))
        self._done = end

    def _mask_string(self, start: int) -> int:
        found = STRINGS[self._source[start]].match(self._source, start)
        if found is None or found.lastindex is None:
            return start + 1
        self._mask(start + 1, found.end() - 1, _TEXT_TABLE)
        return found.end()

    def _begin_template(self, start: int) -> int:
        return self._mask_template_text(start + 1)

    def _mask_template_text(self, start: int) -> int:
        found = TEMPLATE_TEXT.match(self._source, start)
        end = start if found is None else found.end()
        if self._source.find(b"\\", start, end) >= 0:
            self._escapes.append((start, end))
        self._mask(start, end, _TEXT_TABLE)
        if self._source.startswith(b"${", end):
            self._depths.append(0)
            return end + 2
        return end + 1

    def _pass_brace(self, place: int) -> int:
        if self._source[place : place + 1] == b"{":
            self._depths[-1] += 1
        elif self._depths[-1]:
            self._depths[-1] -= 1
        else:
            self._depths.pop()
            return self._mask_template_text(place + 1)
        return place + 1

    def _mask_slash(self, start: int) -> int:
        source = self._source
        if not source.startswith(COMMENT_STARTS, start):
            return self._mask_regex(start)
        end = find_comment_end(source, start)
        end = len(source) if end < 0 else end
        self._mask(start, end, _COMMENT_TABLE)
        return end

    def _mask_regex(self, start: int) -> int:
        if not self._begins_regex(start):
            return start + 1
        if self._unclosed > _MAX_UNCLOSED:
            return start + 1
        found = REGEX.match(self._source, start, start + MAX_REGEX_BYTES)
        if found is None:
            self._unclosed += 1
            return start + 1
        self._mask(start, found.end(), _TEXT_TABLE)
        return found.end()

    def _begins_regex(self, start: int) -> bool:
        """Whether a slash opens a regular expression; after an operand it divides."""
        before = self._source[max(0, start - _LOOK_BACK_BYTES) : start]
        found = _BEFORE_SLASH.search(before)
        word = b"" if found is None else found[1]
        if word:
            return word in WORDS_BEFORE_REGEX
        # After `<` it closes a JSX element.
        return not before.rstrip().endswith((b")", b"]", b"}", b"<", b'"', b"'", b"`"))
