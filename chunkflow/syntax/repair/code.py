"""A source as the rules see it: the masked text and its pairs of brackets."""

import re
from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple

from chunkflow.syntax.pattern import Pattern
from chunkflow.syntax.repair.masking import mask_text

NAME = rb"[\w$\x80-\xff]"
"""A character class: what identifiers are made of."""

_CLOSING = {ord("("): ord(")"), ord("["): ord("]"), ord("{"): ord("}"), ord("<"): ord(">")}
_OPENING = {closing: opening for opening, closing in _CLOSING.items()}
_BRACKETS = Pattern(rb"[()\[\]{}]")
_ANGLES = Pattern(rb"=>|[<>()\[\]{};]")
_NOT_AN_END = frozenset(
    b"extends keyof readonly new is infer typeof as in of return unique asserts abstract satisfies"
    b" case default else export import instanceof delete throw await yield const let var".split()
)
_WORD_BEFORE = Pattern(rb"(" + NAME + rb"+)\Z")
_ARGUMENTS_BYTES = 1 << 16
"""No list of type arguments that a rule looks for is longer."""
_INDENT_BYTES = 400
_TOKENS_AT_LEAST = 100_000
"""With the size of the source, how many tokens all searches may look at: hostile text could have
each of them go far, and in vain."""


class Edit(NamedTuple):
    """Bytes of a source, and what stands there after the repair; as long as what stood there."""

    start: int
    text: bytes

    @property
    def end(self) -> int:
        """Where the edit ends, exclusive."""
        return self.start + len(self.text)


class Code:
    """A source with its comments and texts masked."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.text, self.escapes = mask_text(source)
        self._tokens_left = len(source) + _TOKENS_AT_LEAST

    def replace(self, start: int, end: int, text: bytes) -> Edit:
        """An edit of `start..end`; line ends stay, and what `text` does not fill is spaces."""
        old = self.source[start:end]
        new = text.ljust(len(old))[: len(old)]
        kept = zip(old, new, strict=True)
        return Edit(start, bytes(a if a in b"\r\n" else b for a, b in kept))

    def blank(self, start: int, end: int) -> Edit:
        """An edit that leaves spaces and line ends."""
        return self.replace(start, end, b"")

    def put_name(self, start: int, end: int) -> Edit:
        """An edit that leaves one identifier, and line ends where there are any."""
        old = self.source[start:end]
        indent = len(old) - len(old.lstrip())
        line = old[indent:].split(b"\n", 1)[0].rstrip()
        return self.replace(start, end, old[:indent] + b"_" * len(line))

    def rename(self, start: int, end: int) -> Edit:
        """An edit that makes a word another one that means nothing to the grammar."""
        return Edit(start, self.source[start : end - 1] + b"_")

    def spend(self, tokens: int) -> bool:
        """Whether a search may look at so many more tokens."""
        self._tokens_left -= tokens
        return self._tokens_left >= 0

    def starts_word(self, start: int) -> bool:
        """Whether no identifier and no property access goes on at `start`."""
        before = self.text[start - 1 : start] if start else b""
        if before == b".":
            return self.text.endswith(b"...", 0, start)
        return re.fullmatch(NAME + rb"|#", before) is None

    def find_last(self, place: int) -> int:
        """Where the last character of code before `place` stands; -1 if there is none."""
        size_bytes = 64  # masked comments make for long white space
        while True:
            first = max(0, place - size_bytes)
            length = len(self.text[first:place].rstrip())
            if length or not first:
                return first + length - 1
            size_bytes *= 16

    def read_word_before(self, place: int) -> bytes:
        """The word that ends just before `place`, or that white space and `place` come after."""
        end = self.find_last(place) + 1
        found = _WORD_BEFORE.search(self.text[max(0, end - 64) : end])
        return b"" if found is None else found[1]

    def ends_operand(self, place: int) -> bool:
        """Whether a value, a type or a name ends before `place`."""
        end = self.find_last(place)
        if end >= 0 and self.text[end] == ord("!"):
            end = self.find_last(end)
        if end < 0:
            return False
        byte = self.text[end]
        if byte == ord(">"):
            return not self.text.endswith(b"=>", 0, end + 1)
        if byte in b")]}\"'`":
            return True
        word = self.read_word_before(end + 1)
        if word in _NOT_AN_END:
            return self.is_property(end + 1 - len(word))
        return bool(word)

    def starts_line(self, start: int) -> bool:
        """Whether nothing but white space stands before `start` on its line."""
        before = self.text[max(0, start - _INDENT_BYTES) : start].rstrip(b" \t")
        return before.endswith(b"\n")

    def is_property(self, start: int) -> bool:
        """Whether the word that begins at `start` comes after a dot."""
        return start > 0 and self.text[start - 1] == ord(".")

    def find_closing(self, start: int) -> int:
        """Where the bracket that opens at `start` closes; -1 if it does not."""
        return self._pairs.get(start, -1)

    def find_opening(self, end: int) -> int:
        """Where the bracket that closes at `end` opens; -1 if it does not."""
        return self._openings.get(end, -1)

    def find_enclosing(self, place: int) -> int:
        """Where the innermost bracket around `place` opens; -1 if there is none."""
        index = bisect_right(self._events, place - 1) - 1
        return self._innermost[index] if index >= 0 else -1

    @cached_property
    def _pairs(self) -> dict[int, int]:
        return self._brackets[0]

    @cached_property
    def _openings(self) -> dict[int, int]:
        return {closing: opening for opening, closing in self._pairs.items()}

    @cached_property
    def _events(self) -> list[int]:
        return self._brackets[1]

    @cached_property
    def _innermost(self) -> list[int]:
        return self._brackets[2]

    @cached_property
    def _brackets(self) -> tuple[dict[int, int], list[int], list[int]]:
        pairs: dict[int, int] = {}
        events: list[int] = []
        innermost: list[int] = []
        stack: list[int] = []
        text = self.text
        for found in _BRACKETS.finditer(text):
            place = found.start()
            byte = text[place]
            if byte in _CLOSING:
                stack.append(place)
            elif stack and text[stack[-1]] == _OPENING[byte]:
                pairs[stack.pop()] = place
            events.append(place)
            innermost.append(stack[-1] if stack else -1)
        return pairs, events, innermost

    def find_angle_closing(self, start: int) -> int:
        """Where the type arguments or parameters that open at `start` close; -1 if they do not."""
        stack: list[int] = []
        text = self.text
        for found in _ANGLES.finditer(text, start, start + _ARGUMENTS_BYTES):
            place = found.start()
            if not self.spend(1):
                return -1
            byte = text[place]
            if byte in _CLOSING:
                stack.append(_CLOSING[byte])
            elif byte in _OPENING:
                if stack.pop() != byte:
                    return -1
                if not stack:
                    return place
            elif byte == ord(";") and stack[-1] != ord("}"):
                return -1
        return -1

    def find_angle_opening(self, end: int) -> int:
        """Where the type arguments whose `>` stands at `end` open; -1 if there are none."""
        for size_bytes in (256, _ARGUMENTS_BYTES):
            first = max(0, end + 1 - size_bytes)
            if not self.spend(size_bytes // 64):
                return -1
            places = [found.start() for found in _ANGLES.finditer(self.text, first, end + 1)]
            opening = self._find_angle_opening(places) if self.spend(len(places)) else -1
            if opening >= 0:
                return opening
        return -1

    def _find_angle_opening(self, places: list[int]) -> int:
        stack: list[int] = []
        text = self.text
        for place in reversed(places):
            byte = text[place]
            if byte in _OPENING:
                stack.append(_OPENING[byte])
            elif byte in _CLOSING:
                if stack.pop() != byte:
                    return -1
                if not stack:
                    return place
            elif byte == ord(";") and stack[-1] != ord("{"):
                return -1
        return -1
