"""Finds statement boundaries in text that the grammar cannot parse as a whole.

The scan reads strings, templates, regular expressions, comments and brackets, and knows nothing of
the grammar. It names only boundaries that it is sure of, so a piece may hold several statements.
Each piece is parsed alone, so an error stays inside its piece. Time is linear in the text's size.
"""

from collections.abc import Iterator
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

_TOKEN = Pattern(rb"""[()\[\]{}"'`/\n;]""")
_OPENERS = Pattern(rb"[(\[{]+")
_FLAT = rb"""[^()\[\]{}"'`/\n]*+(?:(?:"[^"\\\n]*+"|'[^'\\\n]*+')[^()\[\]{}"'`/\n]*+)*+"""
# Brackets on one line with none inside, which need not be read one by one.
_GROUPS = {
    ord("("): Pattern(rb"\(" + _FLAT + rb"\)"),
    ord("["): Pattern(rb"\[" + _FLAT + rb"\]"),
    ord("{"): Pattern(rb"\{" + _FLAT + rb"\}"),
}
_BLANK = Pattern(rb"[\s\xef\xbb\xbf]*")
_LAST_WORD = Pattern(rb"[\w$]+\Z")

_DECLARATION = Pattern(
    rb"(?:export|import)\b(?!\s*[.(])|(?:function|class|enum|var)\b|const\s+[\w${\[]|let\s+[\w${\[]"
    rb"|(?:interface|type|namespace|declare|abstract)\s+[\w$]|module\s+[\w$\"']|async\s+function\b|@\w"
)
_WORD = Pattern(rb"[A-Za-z_$\x80-\xff][\w$\x80-\xff]*|[\"'@#\d]")
# Words that go on with what a closing brace ended.
_CONTINUES = frozenset(
    b"else catch finally while from as satisfies instanceof in of with is".split()
)
# Words that want more on the next line.
_WANTS_MORE = frozenset(
    b"export default declare abstract async extends implements return typeof keyof new of in as is"
    b" public private protected static readonly override infer const enum type satisfies".split()
)
_MARKERS = (b"<<<<<<< ", b"=======\n", b"=======\r\n", b">>>>>>> ", b"||||||| ")
_BREAK = Pattern(
    rb"\n(?:export|import|function|class|enum|var|const|let|interface|type|namespace|declare"
    rb"|abstract|module|async|@|<<<<<<< |=======\r?\n|>>>>>>> |\|\|\|\|\|\|\| )"
)
_CLOSERS = {ord(")"): ord("("), ord("]"): ord("["), ord("}"): ord("{")}
_LOOK_BACK = 64
# A slash begins no longer expression; and where some on a line begin none, no other there does: the
# search for the end of each may be as long as the line.
_MOST_UNCLOSED = 8
_TEMPLATE = ord("`")
_SUBSTITUTION = ord("$")
_BRACE = ord("{")


class Boundary(NamedTuple):
    """A place where one statement surely ends and another begins."""

    after: int
    """Right behind the semicolon, the bracket or the line that ends the one."""
    start: int
    """Where the other begins; between the two are comments and white space at most."""


def find_first_boundaries(text: bytes, *, broken: bool = False) -> Iterator[Boundary]:
    """Find the boundaries in the beginning of a longer text, one at a time.

    Args:
        text: the beginning.
        broken: whether brackets cannot be trusted: then a declaration at the start of a line
            begins a statement.
    """
    return _BoundaryScan(text, goes_on=True, broken=broken).find()


def may_break(text: bytes, place: int) -> bool:
    """Whether the scan may name a boundary behind a place for its brackets not being trusted."""
    return _BREAK.search(text, max(place, 0)) is not None


def find_depth(text: bytes) -> int:
    """Find how deep the brackets of a text are nested."""
    scan = _BoundaryScan(text)
    for _ in scan.find():
        pass
    return scan.depth


def find_boundaries(source: bytes) -> list[Boundary]:
    """Find the statement boundaries outside all brackets that are sure; there may be more."""
    scan = _BoundaryScan(source)
    found = list(scan.find())
    if scan.unbalanced:
        # Brackets cannot be trusted: a declaration at the start of a line begins a statement.
        found = list(_BoundaryScan(source, broken=True).find())
    return found


def split_pieces(source: bytes) -> list[tuple[int, int]]:
    """Split a text at statement boundaries; the pieces, as offsets, cover all of it in order."""
    starts = [0, *(boundary.start for boundary in find_boundaries(source))]
    return list(zip(starts, [*starts[1:], len(source)], strict=True))


class _BoundaryScan:
    def __init__(self, source: bytes, *, broken: bool = False, goes_on: bool = False) -> None:
        self._source = source
        self._broken = broken
        # Where brackets cannot be trusted, nor can what seems to be a comment without an end.
        self._goes_on = goes_on and not broken
        # One byte a bracket that is open, and how many of them are braces.
        self._stack = bytearray()
        self._braces = 0
        self.depth = 0
        self._start = 0
        # Whether the piece has had a body: what a decorator stands before has come then.
        self._has_body = False
        # The comments last passed, if nothing but white space was between them.
        self._comments = (-1, -1)
        self._regex_end = -1
        self._unclosed = 0
        self._no_regex_before = 0
        # The token that was last asked about, and from where: asked once, however many comments
        # are before it.
        self._asked = -1
        self._asked_from = 0
        # Offsets from which on no comment and no template ends any more: looked for only once.
        self._comments_end = len(source)
        self._templates_end = False
        self.unbalanced = False

    def find(self) -> Iterator[Boundary]:
        source = self._source
        place = 0
        self._start = self._skip_blank(0)
        while (found := _TOKEN.search(source, place)) is not None:
            at = found.start()
            byte = source[at]
            if byte in (10, 59):  # a line's end, or a semicolon
                place = at + 1
                boundary = self._find_boundary(at, byte)
                if boundary is not None:
                    self._start, self._has_body = boundary, False
                    yield Boundary(at + 1, boundary)
                    place = max(place, boundary)
            else:
                place = self._pass_token(at, byte)
        self.unbalanced = self.unbalanced or bool(self._stack)

    def _pass_token(self, at: int, byte: int) -> int:
        """Pass over a token; returns where the next may begin."""
        if byte in STRINGS:
            string = STRINGS[byte].match(self._source, at)
            return string.end() if string else at + 1
        if byte == _TEMPLATE:
            return self._pass_template(at + 1)
        if byte == ord("/"):
            return self._pass_slash(at)
        if byte in _CLOSERS:
            return self._pass_closer(at, byte)
        return self._pass_openers(at, byte)

    def _pass_openers(self, at: int, byte: int) -> int:
        """Pass over all brackets that open one right after the other."""
        if not self._stack:
            self._has_body = self._has_body or byte == _BRACE
        else:
            group = _GROUPS[byte].match(self._source, at)
            if group is not None:
                return group.end()
        run = _OPENERS.match(self._source, at)
        opened = self._source[at : run.end()] if run else b""
        self._stack += opened
        self._braces += opened.count(b"{")
        self.depth = max(self.depth, len(self._stack))
        return at + len(opened)

    def _pass_closer(self, at: int, byte: int) -> int:
        stack = self._stack
        if stack and stack[-1] == _SUBSTITUTION and byte == ord("}"):
            stack.pop()
            return self._pass_template(at + 1)
        if stack and stack[-1] == _CLOSERS[byte]:
            self._braces -= stack.pop() == _BRACE
            return at + 1
        self.unbalanced = True
        if byte == ord("}") and self._braces:
            del stack[stack.rindex(_BRACE) :]
            self._braces -= 1
        return at + 1

    def _pass_template(self, at: int) -> int:
        """Pass over a template's text up to its end or the next substitution."""
        if self._templates_end:
            return at
        text = TEMPLATE_TEXT.match(self._source, at)
        end = text.end() if text else at
        if end >= len(self._source):
            self._templates_end = self.unbalanced = True
            return end if self._goes_on else at
        if self._source[end] == _TEMPLATE:
            return end + 1
        self._stack.append(_SUBSTITUTION)
        return end + 2

    def _pass_slash(self, at: int) -> int:
        source = self._source
        if source.startswith(COMMENT_STARTS, at):
            return self._note_comment(at, self._pass_comment(at))
        if at < self._no_regex_before or not self._regex_may_begin(at):
            return at + 1
        regex = REGEX.match(source, at, at + MAX_REGEX_BYTES)
        if regex is None:
            self._pass_unclosed(at)
            return at + 1
        self._regex_end = regex.end()
        return self._regex_end

    def _pass_unclosed(self, at: int) -> None:
        self._unclosed += 1
        if self._unclosed == _MOST_UNCLOSED:
            self._unclosed = 0
            end = self._source.find(b"\n", at)
            self._no_regex_before = len(self._source) if end < 0 else end

    def _note_comment(self, start: int, end: int) -> int:
        first, last = self._comments
        joined = first >= 0 and self._find_text_end(start) <= last
        self._comments = (first if joined else start, end)
        return end

    def _find_text_end(self, at: int) -> int:
        """Where the last text before `at` ends, white space left out."""
        start = max(0, at - _LOOK_BACK)
        return start + len(self._source[start:at].rstrip())

    def _pass_comment(self, at: int) -> int:
        end = self._find_comment_end(at)
        if end < 0:
            self.unbalanced = True
            return len(self._source) if self._goes_on else at + 2
        return end

    def _regex_may_begin(self, at: int) -> bool:
        before = self._source[max(0, at - _LOOK_BACK) : at].rstrip()
        if not before or before[-1:] in b"(,=:[!&|?{;+-*%~^<>\n":
            return True
        word = _LAST_WORD.search(before)
        return word is not None and word.group() in WORDS_BEFORE_REGEX

    def _find_boundary(self, at: int, byte: int) -> int | None:
        """Where the next statement begins, if one surely does after `at`."""
        source = self._source
        if byte == 10 and source.startswith(_MARKERS, at + 1):
            self.unbalanced = True
            if self._broken:
                self._clear()
                return at + 1
        if self._stack:
            if byte == 10 and self._broken and _DECLARATION.match(source, at + 1):
                self._clear()
                return at + 1
            return None
        if byte == 10 and self._broken and self._starts_at_marker():
            return at + 1
        return self._find_start(at, byte)

    def _find_start(self, at: int, byte: int) -> int | None:
        if self._asked_from <= at < self._asked:
            return None
        next_at = self._skip_blank(at + 1)
        self._asked, self._asked_from = next_at, at
        if next_at >= len(self._source) or not self._separates(at, byte, next_at):
            return None
        return next_at

    def _clear(self) -> None:
        self._stack.clear()
        self._braces = 0

    def _skip_blank(self, place: int) -> int:
        source = self._source
        while True:
            blank = _BLANK.match(source, place)
            place = blank.end() if blank else place
            end = self._find_comment_end(place)
            if end < 0:
                # A comment whose end is yet to come may be followed by anything.
                unfinished = self._goes_on and source.startswith(b"/*", place)
                return len(source) if unfinished else place
            place = end

    def _find_comment_end(self, place: int) -> int:
        """Where the comment that begins there ends; -1 where none does, or it never ends."""
        source = self._source
        if place >= self._comments_end and source.startswith(b"/*", place):
            return -1
        end = find_comment_end(source, place)
        if end < 0 and source.startswith(b"/*", place):
            self._comments_end = place
        return end

    def _starts_at_marker(self) -> bool:
        return self._source.startswith(_MARKERS, self._start)

    def _separates(self, at: int, byte: int, next_at: int) -> bool:
        source = self._source
        if byte == 59:
            return True
        comments_start, comments_end = self._comments
        if comments_start >= 0 and self._find_text_end(at) <= comments_end:
            at = comments_start
        before = source[max(self._start, at - _LOOK_BACK) : at].rstrip()
        if not before or self._awaits_class():
            return False
        last = before[-1:]
        word = _WORD.match(source, next_at)
        if last == b"}":
            return word is not None and word.group() not in _CONTINUES
        if _DECLARATION.match(source, next_at) is None:
            return False
        after_regex = self._find_text_end(at) == self._regex_end
        if after_regex or last in b";)]\"'`" or (last == b">" and not before.endswith(b"=>")):
            return True
        last_word = _LAST_WORD.search(before)
        return last_word is not None and last_word.group() not in _WANTS_MORE

    def _awaits_class(self) -> bool:
        return self._source.startswith(b"@", self._start) and not self._has_body
