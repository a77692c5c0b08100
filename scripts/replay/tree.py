"""What the files of a history hold, chunk by chunk, step by step: for run.py."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from chunkflow import chunk_source
from chunkflow.syntax.suffixes import language_of


class Key(NamedTuple):
    """All of a chunk that a result depends on, and its size."""

    language: str
    kind: str
    digest: bytes
    size_bytes: int


class Amount(NamedTuple):
    """How much was, or would be, processed."""

    chunks: int = 0
    bytes: int = 0

    def plus(self, other: "Amount") -> "Amount":
        """Both together."""
        return Amount(self.chunks + other.chunks, self.bytes + other.bytes)


class Step(NamedTuple):
    """What one state of the files is, seen from the states before it."""

    chunks: int
    everything: Amount
    """What is processed without a cache."""
    whole_files: Amount
    """What is processed where a result is kept for each content of a file."""
    within_files: list[Key]
    """What is processed where a new content reuses what the file's last one had, and no more."""
    unseen: Amount
    """Chunks that were in no state before, each once: the least that a cache of chunks leaves."""
    unchanged: int
    """Chunks that the state just before had too, in whatever file."""
    unchanged_in_changed: int
    """Those of them that stand in files with a new content."""
    before: frozenset[Key]
    """The chunks of the state just before."""

    def needless(self, processed: Iterable[Key]) -> int:
        """How many of the processed chunks had not changed."""
        return sum(key in self.before for key in processed)


def amount(keys: Iterable[Key]) -> Amount:
    """What processing these chunks takes."""
    sizes = [key.size_bytes for key in keys]
    return Amount(len(sizes), sum(sizes))


class Tree:
    """The source files of a folder, as they were last seen, and all chunks seen so far."""

    def __init__(self, *, max_bytes: int | None = None) -> None:
        self._max_bytes = max_bytes
        self._files: dict[str, tuple[Key, ...]] = {}
        self._contents: dict[tuple[str, bytes], tuple[Key, ...]] = {}
        self._seen: set[Key] = set()

    def chunks(self, path: str) -> int:
        """How many chunks a file has."""
        return len(self._files[path])

    def advance(self, folder: Path, paths: Sequence[str]) -> Step:
        """Look at the files, which are all there are now."""
        before = frozenset(chain.from_iterable(self._files.values()))
        files: dict[str, tuple[Key, ...]] = {}
        within_files: list[Key] = []
        changed: list[tuple[Key, ...]] = []
        new_contents: dict[tuple[str, bytes], tuple[Key, ...]] = {}
        for path in paths:
            source = (folder / path).read_bytes()
            content = (language_of(path) or "", blake2b(source, digest_size=16).digest())
            files[path] = self._contents.get(content) or self._chunked(content[0], source)
            if content not in self._contents:
                new_contents[content] = files[path]
                changed.append(files[path])
                within_files += _added(files[path], self._files.get(path, ()))
        new = set(chain.from_iterable(new_contents.values())) - self._seen
        self._files = files
        self._contents |= new_contents
        self._seen |= new
        everything = list(chain.from_iterable(files.values()))
        return Step(
            len(everything),
            amount(everything),
            amount(chain.from_iterable(new_contents.values())),
            within_files,
            amount(new),
            sum(key in before for key in everything),
            sum(key in before for key in chain.from_iterable(changed)),
            before,
        )

    def _chunked(self, language: str, source: bytes) -> tuple[Key, ...]:
        found = chunk_source(source, language, max_bytes=self._max_bytes)
        return tuple(Key(language, c.kind, c.digest, len(c.source)) for c in found)


def _added(now: Iterable[Key], before: Iterable[Key]) -> list[Key]:
    known = set(before)
    return [key for key in dict.fromkeys(now) if key not in known]
