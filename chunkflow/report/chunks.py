"""Renders chunks for `chunkflow chunks`."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from chunkflow.model.chunk import Chunk
from chunkflow.report.escape import escape_text

CHUNK_FORMATS = ("text", "json", "jsonl")


def render_chunks(chunks: Iterable[Chunk], form: str) -> Iterator[str]:
    """Render chunks in one of `CHUNK_FORMATS`, as lines without line ends."""
    if form == "text":
        yield from map(_render_line, chunks)
        return
    records = (json.dumps(convert_chunk(chunk)) for chunk in chunks)
    yield from records if form == "jsonl" else _render_array(records)


def convert_chunk(chunk: Chunk) -> dict[str, Any]:
    """The fields of a chunk that JSON shows: place and kind, without the text."""
    return {
        "path": chunk.path,
        "language": chunk.language,
        "kind": chunk.kind,
        "name": chunk.name,
        "scope": list(chunk.scope or ()),
        "start_byte": chunk.start_byte,
        "end_byte": chunk.end_byte,
        "decl_start_byte": chunk.decl_start_byte,
        "decl_end_byte": chunk.decl_end_byte,
        "start_line": chunk.start_line,
        "end_line": chunk.end_line,
        "digest": chunk.digest.hex(),
    }


def _render_array(records: Iterable[str]) -> Iterator[str]:
    """Render a JSON array, an element a line, from one record at a time."""
    before = "["
    last = ""
    for record in records:
        if last:
            yield before + last + ","
            before = " "
        last = record
    yield before + last + "]"


def _render_line(chunk: Chunk) -> str:
    name = ".".join([*(chunk.scope or ()), *([chunk.name] if chunk.name else [])])
    place = f"{escape_text(chunk.path or '')}:{chunk.start_line}-{chunk.end_line}"
    size_bytes = chunk.end_byte - chunk.start_byte
    return f"{place} {chunk.kind} {escape_text(name) or '-'} ({size_bytes:,} bytes)"
