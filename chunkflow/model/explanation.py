"""What the cache holds of a file's chunks, and why of some it holds nothing."""

from typing import NamedTuple

NEW, FAILED, REPEATED, TEXT, CONTEXT = "new", "failed", "repeated", "text", "context"

REASONS = {
    NEW: "nothing like it is known",
    FAILED: "it failed last time",
    REPEATED: "the same text stands above, and is run once",
    TEXT: "its text has changed",
    CONTEXT: "what stands around it has changed",
    "settings": "the processor's settings have changed",
    "source": "the processor's source has changed",
    "packages": "a package that the processor uses has changed",
    "python": "the version of Python has changed",
    "rules": "chunkflow's own rules for results have changed",
    "cutting": "chunkflow's own rules for cutting files have changed",
    "version": "the processor's version has changed",
    "declared_context": "what the processor sees besides the chunk has changed",
    "max_chunk_bytes": "the size at which declarations are cut has changed",
    "suites": "the names of test suites have changed",
    "grammar": "the parser's version has changed",
    "format": "the cache's format has changed",
}
"""Why a result is not found, and how that is told. All but the first three are parts of the key
that are not as in the nearest record."""


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
    """Where its result is: `l1`, `l2` or `l3`; None where there is none, so that it is run."""
    reasons: tuple[str, ...] = ()
    """Of `REASONS`, why there is none."""


class FileExplanation(NamedTuple):
    """What the cache holds for one file."""

    path: str
    chunks: tuple[ChunkExplanation, ...] = ()
    """By processor, then in the order of the file."""
    error: str | None = None
    """Why the file cannot be explained."""
