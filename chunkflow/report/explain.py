"""Explanations of what the cache holds: a line a chunk, or an object a file for programs."""

from collections.abc import Iterable, Iterator
from typing import Any

from chunkflow.model.explanation import REASONS, ChunkExplanation, FileExplanation
from chunkflow.report.escape import escaped


def render_explanations(files: Iterable[FileExplanation]) -> Iterator[str]:
    """A line a chunk and processor, without line ends."""
    for file in files:
        if file.error is not None:
            yield f"failed: {escaped(file.error)}"
        for chunk in file.chunks:
            yield _line(file.path, chunk)


def explanation_as_dict(file: FileExplanation) -> dict[str, Any]:
    """A file's explanation as the JSON formats show it."""
    chunks = [{**chunk._asdict(), "scope": list(chunk.scope)} for chunk in file.chunks]
    return {"path": file.path, "chunks": chunks, "error": file.error}


def _line(path: str, chunk: ChunkExplanation) -> str:
    name = escaped(".".join([*chunk.scope, *([chunk.name] if chunk.name else [])]))
    place = f"{escaped(path)}:{chunk.start_line}-{chunk.end_line}"
    what = f"{chunk.kind} {name}".rstrip()
    return f"{place}: {escaped(chunk.processor)}: {what}: {_told(chunk)}"


def _told(chunk: ChunkExplanation) -> str:
    if chunk.tier is not None:
        return f"found in {chunk.tier.upper()}"
    return f"runs: {', '.join(REASONS[reason] for reason in chunk.reasons)}"
