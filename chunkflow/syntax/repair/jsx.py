"""Masks the text of JSX, some of which the grammar does not know and takes for code.

It knows no `&` that begins no entity, and not every entity. Behind one, it reads comments, strings
and brackets in what is text. A scan finds the elements and masks their text, the strings of their
attributes, and tags that the grammar lacks. Something is an element only if all of it is: tags,
attributes and matching closing tags. Type parameters, comparisons and unfinished elements are not,
and stay as they are.
"""

from typing import NamedTuple

from chunkflow.syntax.pattern import Pattern
from chunkflow.syntax.repair.code import Edit
from chunkflow.syntax.tokens import (
    COMMENT_STARTS,
    MAX_REGEX_BYTES,
    REGEX,
    STRINGS,
    TEMPLATE_TEXT,
    WORDS_BEFORE_REGEX,
    find_comment_end,
)

_WORD = rb"[\w$\x80-\xff]"
_MASK = bytes(byte if byte in b" \t\r\n\v\f" else ord("_") for byte in range(256))
_NAME_MASK = bytes.maketrans(b"-: ", b"___")

_TOKEN = Pattern(rb"[()\[\]{}\"'`/<]")
_CHILD = Pattern(rb"[<>{}]")
_BLANK = Pattern(rb"(?:\s|//[^\n]*|/\*(?s:.*?)\*/)*")
_TAG_NAME = Pattern(rb"(?![\d-])(?:[\w$\x80-\xff-]|\s*[.:]\s*)*")
_ATTRIBUTE = Pattern(rb"(?![\d-])[\w$\x80-\xff-]+(?:\s*:\s*[\w$\x80-\xff-]+)?")
_ATTRIBUTE_STRING = Pattern(rb"\"[^\"]*\"|'[^']*'")
_TYPE_TOKEN = Pattern(rb"=>|[<>()\[\]{};]|\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`")
_TYPE_PARAMETERS = Pattern(
    rb"<\s*(?:const\s+)?(?!\d)" + _WORD + rb"+\s*(?:[,=]|extends(?!" + _WORD + rb")(?!\s*[=>/]))"
)
_LAST_WORD = Pattern(_WORD + rb"+\Z")
_BEFORE_VALUE = WORDS_BEFORE_REGEX | {b"default", b"extends", b"as", b"satisfies"}
_CONDITIONS = frozenset({b"if", b"while", b"for", b"with"})

_ARGUMENTS_BYTES = 1 << 16
_MAX_UNCLOSED = 100
"""After so many slashes that begin nothing, none is tried; the search for each is long."""
_PASSES = 2
_BYTES_AT_LEAST = 50_000
"""The scan may pass over so many times the size of the source and so many bytes besides. In hostile
text each `<` could begin an element that goes far and is not one."""

_CLOSERS = {ord(")"): b"(", ord("]"): b"["}
_CODE = b"([{$"
_TAG, _CHILDREN, _EXPRESSION = b"<", b">", b"="


class _Open(NamedTuple):
    """A bracket, template or element that is open."""

    kind: bytes
    """A bracket, `$` of a template, or a part of an element."""
    text: bytes = b""
    """The name of an element; the word before a parenthesis."""


class _Root(NamedTuple):
    """An element that stands in code."""

    start: int
    depth: int
    """How many things were open around it."""
    edits: int
    """The number of edits before it."""


class _NoElementError(Exception):
    """What looked like an element is not one."""


def mask_jsx(source: bytes) -> list[Edit]:
    """Find the edits, in order, that replace JSX text by letters; white space stays."""
    return _ElementScan(source).find_edits() if b"</" in source or b"/>" in source else []


class _ElementScan:
    """Scans a source once, and goes back where what looked like an element is not one."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._edits: list[Edit] = []
        self._open: list[_Open] = []
        self._roots: list[_Root] = []
        self._failed: set[int] = set()
        self._unclosed = 0
        self._bytes_left = _PASSES * len(source) + _BYTES_AT_LEAST
        # Ends of a regular expression or an element, of a condition, and of the last comments.
        self._value_end = self._condition_end = -1
        self._comments = (-1, -1)

    def find_edits(self) -> list[Edit]:
        """Find the edits that mask complete elements."""
        place = 0
        while self._bytes_left > 0 and (place < len(self._source) or self._roots):
            start = place
            try:
                place = self._pass_token(place)
            except _NoElementError:
                place = self._go_back()
            self._bytes_left -= max(1, place - start)
        return self._edits[: self._roots[0].edits] if self._roots else self._edits

    def _pass_token(self, place: int) -> int:
        """Pass over a token; returns where the next may begin."""
        if place >= len(self._source):
            raise _NoElementError
        kind = self._open[-1].kind if self._open else b""
        if kind == _TAG:
            return self._pass_tag(place)
        if kind == _CHILDREN:
            return self._pass_children(place)
        return self._pass_code(place)

    def _go_back(self) -> int:
        """Take the last `<` that looked like an element's for an operator."""
        root = self._roots.pop()
        self._failed.add(root.start)
        del self._open[root.depth :]
        del self._edits[root.edits :]
        self._value_end = self._condition_end = -1
        self._comments = (-1, -1)
        return root.start + 1

    # Code.

    def _pass_code(self, place: int) -> int:
        found = _TOKEN.search(self._source, place)
        return len(self._source) if found is None else _STEPS[found[0]](self, found.start())

    def _pass_string(self, at: int) -> int:
        string = STRINGS[self._source[at]].match(self._source, at)
        return at + 1 if string is None or string.lastindex is None else string.end()

    def _begin_template(self, at: int) -> int:
        return self._pass_template(at + 1)

    def _pass_bracket(self, at: int) -> int:
        byte = self._source[at]
        if byte in b")]}":
            return self._pass_closer(at, byte)
        word = self._read_word_before(at) if byte == ord("(") else b""
        self._open.append(_Open(bytes([byte]), word))
        return at + 1

    def _pass_closer(self, at: int, byte: int) -> int:
        last = self._open[-1] if self._open else _Open(b"")
        if byte == ord("}"):
            if last.kind in (b"{", _EXPRESSION):
                self._open.pop()
                return at + 1
            if last.kind == b"$":
                self._open.pop()
                return self._pass_template(at + 1)
        elif last.kind == _CLOSERS[byte]:
            self._open.pop()
            if last.text in _CONDITIONS:
                self._condition_end = at + 1
            return at + 1
        if self._roots:
            raise _NoElementError
        if byte == ord("}"):
            # Brackets that are missing before it are missing for good.
            depth = max((i for i, one in enumerate(self._open) if one.kind == b"{"), default=-1)
            if depth >= 0:
                del self._open[depth:]
        return at + 1

    def _pass_template(self, place: int) -> int:
        text = TEMPLATE_TEXT.match(self._source, place)
        end = text.end() if text else place
        if self._source.startswith(b"${", end):
            self._open.append(_Open(b"$"))
            return end + 2
        return end + 1

    def _pass_slash(self, at: int) -> int:
        source = self._source
        if source.startswith(COMMENT_STARTS, at):
            end = find_comment_end(source, at)
            end = len(source) if end < 0 else end
            first, last = self._comments
            is_next = first >= 0 and not source[last:at].strip()
            self._comments = (first if is_next else at, end)
            return end
        if self._unclosed > _MAX_UNCLOSED or self._ends_value(at, slash=True):
            return at + 1
        regex = REGEX.match(source, at, at + MAX_REGEX_BYTES)
        if regex is None:
            self._unclosed += 1
            return at + 1
        self._value_end = regex.end()
        return regex.end()

    def _pass_angle(self, at: int) -> int:
        source = self._source
        if source.startswith(b"</", at) and source[at + 2 : at + 3] not in (b"/", b"*"):
            return at + 2
        if at in self._failed or self._ends_value(at) or _TYPE_PARAMETERS.match(source, at):
            return at + 1
        self._roots.append(_Root(at, len(self._open), len(self._edits)))
        return self._begin_element(at)

    def _ends_value(self, place: int, *, slash: bool = False) -> bool:
        """Whether a value or a name ends before `place`, so that an operator comes there."""
        end = self._find_last(place)
        if end < 0 or end + 1 in (self._value_end, self._condition_end):
            return end + 1 == self._value_end > 0
        source = self._source
        byte = source[end]
        if byte in b"+->":
            before = source[end - 1 : end]
            return before != b"=" if byte == ord(">") else before == source[end : end + 1]
        if byte == ord("}"):
            # Most likely a block, unless the line goes on with a division.
            return slash and b"\n" not in source[end:place]
        if byte == ord("!"):
            return source[self._find_last(end)] != byte and self._ends_value(end)
        word = self._read_word_before(place)
        return byte in b")]\"'`" or (bool(word) and word not in _BEFORE_VALUE)

    def _find_last(self, place: int) -> int:
        """Where the last character of code before `place` stands; -1 if there is none."""
        first, last = self._comments
        if first >= 0 and place >= last and not self._source[last:place].strip():
            place = first
        size_bytes = 64
        while True:
            start = max(0, place - size_bytes)
            length = len(self._source[start:place].rstrip())
            if length or not start:
                return start + length - 1
            size_bytes *= 16

    def _read_word_before(self, place: int) -> bytes:
        """The word that ends before `place`; a property's with its dot."""
        end = self._find_last(place) + 1
        found = _LAST_WORD.search(self._source[max(0, end - 64) : end])
        if found is None:
            return b""
        before = self._source[: end - len(found[0])][-3:]
        return b"." + found[0] if before.endswith(b".") and before != b"..." else found[0]

    # Elements.

    def _begin_element(self, at: int) -> int:
        """Begin an element; its tag goes on behind its name and type arguments."""
        name, end = self._read_name(at + 1)
        end = self._skip_blank(end)
        if self._source.startswith(b"<", end):
            end = self._pass_type_arguments(end)
        self._open.append(_Open(_TAG, name))
        return end

    def _read_name(self, place: int) -> tuple[bytes, int]:
        """The name of an element, none of a fragment, and where it ends."""
        found = _TAG_NAME.match(self._source, self._skip_blank(place))
        if found is None:
            raise _NoElementError
        if b"-" in found[0] or b":" in found[0]:
            # The grammar lets no type arguments and no dot come behind these.
            self._edits.append(Edit(found.start(), found[0].translate(_NAME_MASK)))
        return b"".join(found[0].split()), found.end()

    def _skip_blank(self, place: int) -> int:
        found = _BLANK.match(self._source, place)
        return place if found is None else found.end()

    def _pass_type_arguments(self, place: int) -> int:
        depth = 0
        for found in _TYPE_TOKEN.finditer(self._source, place, place + _ARGUMENTS_BYTES):
            self._bytes_left -= 1
            token = found[0]
            depth += (token in b"<([{") - (token in b">)]}")
            if not depth:
                return found.end()
        raise _NoElementError

    def _pass_tag(self, place: int) -> int:
        source = self._source
        place = self._skip_blank(place)
        byte = source[place : place + 1]
        name = self._open[-1].text
        if byte == b">":
            self._open[-1] = _Open(_CHILDREN, name)
            return place + 1
        if byte == b"/":
            end = self._skip_blank(place + 1)
            if source.startswith(b">", end) and name:
                self._join(place, end, b"/>")
                return self._end_element(end + 1)
        elif byte == b"{":
            self._open.append(_Open(_EXPRESSION))
            return place + 1
        elif (attribute := _ATTRIBUTE.match(source, place)) and name:
            if attribute[0] == b"extends":
                self._mask(place, attribute.end())
            return self._pass_attribute(attribute.end())
        raise _NoElementError

    def _pass_attribute(self, end: int) -> int:
        """The value of an attribute whose name ends there, if it has one."""
        source = self._source
        place = self._skip_blank(end)
        if not source.startswith(b"=", place):
            return end
        place = self._skip_blank(place + 1)
        string = _ATTRIBUTE_STRING.match(source, place)
        if string is not None:
            self._mask(place + 1, string.end() - 1)
            return string.end()
        if source.startswith(b"{", place):
            self._open.append(_Open(_EXPRESSION))
            return place + 1
        if source.startswith(b"<", place):
            return self._begin_element(place)
        raise _NoElementError

    def _pass_children(self, place: int) -> int:
        source = self._source
        found = _CHILD.search(source, place)
        if found is None:
            raise _NoElementError
        at = found.start()
        self._mask(place, at)
        if found[0] == b"{":
            self._open.append(_Open(_EXPRESSION))
            return at + 1
        if found[0] != b"<":
            raise _NoElementError
        slash = self._skip_blank(at + 1)
        if not source.startswith(b"/", slash):
            return self._begin_element(at)
        self._join(at, slash, b"</")
        name, end = self._read_name(slash + 1)
        end = self._skip_blank(end)
        if name != self._open[-1].text or not source.startswith(b">", end):
            raise _NoElementError
        return self._end_element(end + 1)

    def _mask(self, start: int, end: int) -> None:
        self._edits.append(Edit(start, self._source[start:end].translate(_MASK)))

    def _join(self, start: int, end: int, token: bytes) -> None:
        """Put the two halves of a token, at `start` and `end`, together: the grammar wants that.

        Between them is white space, and before the second no line's end can be given up.
        """
        between = self._source[start + 1 : end]
        if between and between[-1:] in b" \t":
            blank = bytes(byte if byte in b"\r\n" else ord(" ") for byte in between)
            self._edits.append(Edit(start, b" " + blank[:-1] + token))

    def _end_element(self, end: int) -> int:
        self._open.pop()
        if self._roots and self._roots[-1].depth == len(self._open):
            self._roots.pop()
            self._value_end = end
        return end


_STEPS = {
    b'"': _ElementScan._pass_string,
    b"'": _ElementScan._pass_string,
    b"`": _ElementScan._begin_template,
    b"/": _ElementScan._pass_slash,
    b"<": _ElementScan._pass_angle,
    **dict.fromkeys((b"(", b"[", b"{", b")", b"]", b"}"), _ElementScan._pass_bracket),
}
