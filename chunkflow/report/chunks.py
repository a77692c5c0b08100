"""Chunks, as `chunkflow chunks` prints them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from chunkflow.model.chunk import Chunk
from chunkflow.report.escape import escaped

CHUNK_FORMATS = ("text", "json", "jsonl")


def render_chunks(chunks: Iterable[Chunk], form: str) -> Iterator[str]:
    """The chunks in one of `CHUNK_FORMATS`, lines without line ends."""
    if form == "text":
        yield from map(_line, chunks)
        return
    records = (json.dumps(chunk_as_dict(chunk)) for chunk in chunks)
    yield from records if form == "jsonl" else _array(records)


def chunk_as_dict(chunk: Chunk) -> dict[str, Any]:
    """A chunk's record: where it is and what it is, without its text."""
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


def _array(records: Iterable[str]) -> Iterator[str]:
    """A JSON array, an element a line, of records that come one at a time."""
    before = "["
    last = ""
    for record in records:
        if last:
            yield before + last + ","
            before = " "
        last = record
    yield before + last + "]"


def _line(chunk: Chunk) -> str:
    name = ".".join([*(chunk.scope or ()), *([chunk.name] if chunk.name else [])])
    place = f"{escaped(chunk.path or '')}:{chunk.start_line}-{chunk.end_line}"
    size_bytes = chunk.end_byte - chunk.start_byte
    return f"{place} {chunk.kind} {escaped(name) or '-'} ({size_bytes:,} bytes)"
