"""Renders explanations: a line for each chunk, or a JSON object for each file."""

from collections.abc import Iterable, Iterator
from typing import Any

from chunkflow.model.explanation import REASONS, ChunkExplanation, FileExplanation
from chunkflow.report.escape import escape_text


def render_explanations(files: Iterable[FileExplanation]) -> Iterator[str]:
    """Render a line for each chunk and processor, without line ends."""
    for file in files:
        if file.error is not None:
            yield f"failed: {escape_text(file.error)}"
        for chunk in file.chunks:
            yield _render_line(file.path, chunk)


def convert_explanation(file: FileExplanation) -> dict[str, Any]:
    """A file's explanation as JSON shows it."""
    chunks = [{**chunk._asdict(), "scope": list(chunk.scope)} for chunk in file.chunks]
    return {"path": file.path, "chunks": chunks, "error": file.error}


def _render_line(path: str, chunk: ChunkExplanation) -> str:
    name = escape_text(".".join([*chunk.scope, *([chunk.name] if chunk.name else [])]))
    place = f"{escape_text(path)}:{chunk.start_line}-{chunk.end_line}"
    what = f"{chunk.kind} {name}".rstrip()
    return f"{place}: {escape_text(chunk.processor)}: {what}: {_describe_result(chunk)}"


def _describe_result(chunk: ChunkExplanation) -> str:
    if chunk.tier is not None:
        return f"found in {chunk.tier.upper()}"
    return f"runs: {', '.join(REASONS[reason] for reason in chunk.reasons)}"
