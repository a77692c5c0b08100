"""What an edit may do to the chunks of a file: one law an edit, with the edits that try it."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

from compare.edit_sites import (
    Insertion,
    Sites,
    any_number,
    comment_insertions,
    function_insertions,
    line_insertions,
    read,
)

from chunkflow import Chunk, chunk_source

LANGUAGE = "typescript"

_LEAVES = frozenset({"function", "method", "variable", "interface", "type", "enum"})
_NAME = re.compile(r"[A-Za-z_]\w*")
# Names that are words of the language too: where they stand in a text they may be either.
_WORDS = re.compile(
    r"abstract|as|async|await|break|case|catch|class|const|continue|declare|default|"
    r"delete|do|else|enum|export|extends|finally|for|from|function|get|if|"
    r"implements|import|in|instanceof|is|let|new|of|override|private|protected|"
    r"public|readonly|return|set|static|super|switch|this|throw|try|type|typeof|var|"
    r"void|while|with|yield|constructor"
)


class Edit(NamedTuple):
    """One file before and after."""

    path: Path
    offset: int
    """Where the edit begins, in bytes."""
    before: bytes
    after: bytes

    @property
    def place(self) -> str:
        """File and line, for people."""
        line = self.before.count(b"\n", 0, self.offset) + 1
        return f"{self.path}:{line}"


class Effect(NamedTuple):
    """What became of the chunks."""

    old: Sequence[Chunk]
    new: Sequence[Chunk]

    @property
    def added(self) -> list[Chunk]:
        """Chunks whose text was not there before: what has to be processed again."""
        return _beyond(self.new, self.old)

    @property
    def removed(self) -> list[Chunk]:
        """Chunks whose text is there no more."""
        return _beyond(self.old, self.new)

    @property
    def counts(self) -> tuple[int, int]:
        """How many chunks were added, and how many removed."""
        return len(self.added), len(self.removed)


class Law(NamedTuple):
    """A kind of edit, and what it may change."""

    name: str
    promise: str
    edits: Callable[[Sequence[Sites], Random], Iterator[Edit]]
    """Edits in random order, as many as there are places for."""
    keeps: Callable[[Effect], bool]
    keeps_in_parts: Callable[[Effect], bool] | None = None
    """The same where large declarations are cut; None if there is no such promise."""


def cut(source: bytes, *, max_bytes: int | None) -> list[Chunk]:
    """The chunks of a TypeScript file."""
    return chunk_source(source, LANGUAGE, max_bytes=max_bytes)


@functools.cache
def chunks_of(path: Path, *, max_bytes: int | None = None) -> list[Chunk]:
    """The chunks of a file as it lies on disk, made once."""
    return cut(read(path), max_bytes=max_bytes)


def effect_of(edit: Edit, *, max_bytes: int | None) -> Effect:
    """What chunkflow makes of an edit."""
    unchanged = read(edit.path) == edit.before
    old = chunks_of(edit.path, max_bytes=max_bytes) if unchanged else None
    return Effect(
        cut(edit.before, max_bytes=max_bytes) if old is None else old,
        cut(edit.after, max_bytes=max_bytes),
    )


def is_lifted(edit: Edit, *, max_bytes: int) -> bool:
    """Whether a declaration fitted a limit before the edit, and does not after it.

    It is cut only then: one chunk becomes several, wherever they begin.
    """
    before, after = cut(edit.before, max_bytes=None), cut(edit.after, max_bytes=None)
    effect = Effect(before, after)
    fitted = any(len(chunk.source) <= max_bytes for chunk in effect.removed)
    return fitted and any(len(chunk.source) > max_bytes for chunk in effect.added)


def _beyond(chunks: Sequence[Chunk], others: Sequence[Chunk]) -> list[Chunk]:
    known = Counter(chunk.digest for chunk in others)
    beyond = []
    for chunk in chunks:
        known[chunk.digest] -= 1
        if known[chunk.digest] < 0:
            beyond.append(chunk)
    return beyond


def _shuffled(places: Iterable[tuple[Path, int]], random: Random) -> list[tuple[Path, int]]:
    found = list(places)
    random.shuffle(found)
    return found


def _line_inserted(files: Sequence[Sites], random: Random) -> Iterator[Edit]:
    return map(_edit, line_insertions(files, random))


def _function_inserted(files: Sequence[Sites], random: Random) -> Iterator[Edit]:
    return map(_edit, function_insertions(files, random))


def _comment_changed(files: Sequence[Sites], random: Random) -> Iterator[Edit]:
    for insertion in comment_insertions(files, random):
        other = insertion._replace(text=insertion.text + "!")
        source = read(insertion.path)
        yield Edit(
            insertion.path, insertion.offset, insertion.applied(source), other.applied(source)
        )


def _edit(insertion: Insertion) -> Edit:
    source = read(insertion.path)
    return Edit(insertion.path, insertion.offset, source, insertion.applied(source))


def _declarations(
    files: Sequence[Sites], random: Random, wanted: Callable[[Sequence[Chunk], int], bool]
) -> Iterator[tuple[Path, Sequence[Chunk], int]]:
    """Chunks that are wanted, as their file's chunks and their index, in random order."""
    places = (
        (file.path, index)
        for file in files
        if file.error_count == 0
        for index in range(len(chunks_of(file.path)))
        if wanted(chunks_of(file.path), index)
    )
    for path, index in _shuffled(places, random):
        yield path, chunks_of(path), index


def _declaration_deleted(files: Sequence[Sites], random: Random) -> Iterator[Edit]:
    for path, chunks, index in _declarations(files, random, _stands_alone):
        start, end = chunks[index].start_byte, chunks[index].end_byte
        source = read(path)
        yield Edit(path, start, source, source[:start] + source[end:])


def _function_renamed(files: Sequence[Sites], random: Random) -> Iterator[Edit]:
    for path, chunks, index in _declarations(files, random, _is_named):
        chunk, source = chunks[index], read(path)
        name = f"renamed{any_number(random)}".encode()
        text = re.sub(rb"(?<![\w$])%b(?![\w$])" % (chunk.name or "").encode(), name, chunk.source)
        after = source[: chunk.start_byte] + text + source[chunk.end_byte :]
        yield Edit(path, chunk.start_byte, source, after)


def _declarations_swapped(files: Sequence[Sites], random: Random) -> Iterator[Edit]:
    for path, chunks, index in _declarations(files, random, _is_pair):
        source, first, second = read(path), chunks[index], chunks[index + 1]
        between = source[first.end_byte : second.start_byte]
        swapped = second.source + between + first.source
        after = source[: first.start_byte] + swapped + source[second.end_byte :]
        yield Edit(path, first.start_byte, source, after)


def _lines_ended_otherwise(files: Sequence[Sites], random: Random) -> Iterator[Edit]:
    whole = ((file.path, 0) for file in files if file.error_count == 0)
    for path, offset in _shuffled(whole, random):
        source = read(path)
        unix = source.replace(b"\r\n", b"\n")
        yield Edit(path, offset, unix, unix.replace(b"\n", b"\r\n"))


def _is_leaf(chunks: Sequence[Chunk], index: int) -> bool:
    chunk = chunks[index]
    return chunk.kind in _LEAVES and chunk.decl_end_byte <= chunk.end_byte


def _stands_alone(chunks: Sequence[Chunk], index: int) -> bool:
    """Whether a declaration can go without a comment or a signature finding another neighbour."""
    around = chunks[max(index - 1, 0) : index + 2]
    if any(chunk.kind == "comment" for chunk in around):
        return False
    return _is_leaf(chunks, index) and _differ_in_name(around)


def _differ_in_name(chunks: Sequence[Chunk]) -> bool:
    names = [chunk.name for chunk in chunks if chunk.name is not None]
    return len(names) == len(set(names))


def _is_named(chunks: Sequence[Chunk], index: int) -> bool:
    chunk = chunks[index]
    if chunk.kind not in ("function", "method") or chunk.name is None:
        return False
    return _NAME.fullmatch(chunk.name) is not None and _WORDS.fullmatch(chunk.name) is None


def _is_pair(chunks: Sequence[Chunk], index: int) -> bool:
    """Whether two top-level declarations stand on lines of their own, no floating comment near."""
    around = chunks[max(index - 1, 0) : index + 3]
    if index + 1 >= len(chunks) or any(chunk.kind == "comment" for chunk in around):
        return False
    if any(chunk.scope for chunk in around) or not _differ_in_name(around):
        return False
    apart = all(before.end_line < after.start_line for before, after in pairwise(around))
    return apart and _is_leaf(chunks, index) and _is_leaf(chunks, index + 1)


def _one_changed(effect: Effect) -> bool:
    return effect.counts == (1, 1)


def _one_added(effect: Effect) -> bool:
    return effect.counts == (1, 0)


def _one_changed_or_added(effect: Effect) -> bool:
    return effect.counts in ((1, 1), (1, 0))


def _one_removed(effect: Effect) -> bool:
    return effect.counts == (0, 1)


def _none_changed(effect: Effect) -> bool:
    return effect.counts == (0, 0)


def _same_places(effect: Effect) -> bool:
    return _places(effect.old) == _places(effect.new)


def _places(chunks: Sequence[Chunk]) -> list[tuple[object, ...]]:
    return [
        (chunk.kind, chunk.name, chunk.scope, chunk.start_line, chunk.end_line) for chunk in chunks
    ]


LAWS = (
    Law("line inserted", "one digest changes", _line_inserted, _one_changed, _one_changed_or_added),
    Law("function inserted", "one digest is added", _function_inserted, _one_added, _one_added),
    Law(
        "comment changed",
        "one digest changes",
        _comment_changed,
        _one_changed,
        _one_changed_or_added,
    ),
    Law("declaration deleted", "one digest is removed", _declaration_deleted, _one_removed),
    Law("function renamed", "one digest changes", _function_renamed, _one_changed),
    Law("declarations swapped", "no digest changes", _declarations_swapped, _none_changed),
    Law("LF made CRLF", "kinds, names, scopes, lines stay", _lines_ended_otherwise, _same_places),
)
"""Every law, in the order of the table."""
