"""Explanations: what the cache holds for a file's chunks, and why it holds nothing."""

from typing import NamedTuple

NEW, FAILED, REPEATED, TEXT, CONTEXT = "new", "failed", "repeated", "text", "context"

REASONS = {
    NEW: "nothing similar is in the cache",
    FAILED: "it failed last time",
    REPEATED: "the same text appears above, and runs once",
    TEXT: "its text has changed",
    CONTEXT: "its context has changed",
    "settings": "the processor's settings have changed",
    "source": "the processor's source has changed",
    "packages": "a package that the processor uses has changed",
    "python": "the version of Python has changed",
    "rules": "chunkflow's own rules for results have changed",
    "cutting": "chunkflow's own rules for cutting files have changed",
    "version": "the processor's version has changed",
    "declared_context": "the context that the processor declares has changed",
    "max_chunk_bytes": "the size at which declarations are cut has changed",
    "suites": "the names of test suites have changed",
    "grammar": "the parser's version has changed",
    "format": "the cache's format has changed",
}
"""Reason → its text. All but the first three are parts of the key that differ from the nearest
record."""


class ChunkExplanation(NamedTuple):
    """What the cache holds for one chunk and one processor."""

    processor: str
    kind: str
    name: str | None
    scope: tuple[str, ...]
    start_line: int
    end_line: int
    chunk: str
    """Its digest, in hexadecimal."""
    tier: str | None
    """The tier of its result, `l1`, `l2` or `l3`; None if there is none, so that it runs."""
    reasons: tuple[str, ...] = ()
    """Why there is none, of `REASONS`."""


class FileExplanation(NamedTuple):
    """What the cache holds for one file."""

    path: str
    chunks: tuple[ChunkExplanation, ...] = ()
    """By processor, then in the order of the file."""
    error: str | None = None
    """Why the file cannot be explained."""
