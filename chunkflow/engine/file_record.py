"""A file record: what one processor said of one file's content, packed as one value.

It holds everything that a report needs without the source, and, for each chunk, the local key by
which a later version of the file finds its result again. Findings and values are JSON, each in a
part of its own, so that a run which reports neither decodes neither.
"""

import json
import struct
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from chunkflow.model.chunk import KINDS, Chunk
from chunkflow.model.finding import Finding, Outcome, Plain
from chunkflow.model.framing import join, split

_HEAD = struct.Struct("<BIII")
_CONTEXT_BYTES = 8
_KIND_CODES = {kind: bytes([code]) for code, kind in enumerate(sorted(KINDS), start=1)}


class FileRecord(NamedTuple):
    """A record as it is stored, its findings and values still packed."""

    complete: bool
    """Whether every chunk has its result; else it only serves a later run of the file."""
    chunks: int
    findings: int
    size_bytes: int
    """Of the file."""
    local_keys: bytes
    """One key a chunk, all of one length."""
    findings_json: bytes
    values_json: bytes


class PlacedFindings(NamedTuple):
    """The findings about one chunk; theirs count from the chunk's start, which this gives."""

    index: int
    digest: str
    start_line: int
    start_column: int
    findings: list[Finding]


class PlacedValue(NamedTuple):
    """The value for one chunk."""

    index: int
    digest: str
    kind: str
    name: str | None
    start_line: int
    end_line: int
    value: Plain


def local_key(chunk: Chunk, context: Sequence[str]) -> bytes:
    """What a result depends on besides the file's language and the processor itself."""
    key = chunk.digest + _KIND_CODES[chunk.kind]
    if context:
        seen = repr([getattr(chunk, name) for name in context])
        key += blake2b(seen.encode("utf-8", "surrogatepass"), digest_size=_CONTEXT_BYTES).digest()
    return key


def pack(
    chunks: Sequence[Chunk], outcomes: Sequence[Outcome], source: bytes, keys: Sequence[bytes]
) -> bytes:
    """The record of a file; `outcomes` and `keys` run along with `chunks`.

    Raises:
        ValueError: a value is not a plain one; `TypeError` likewise.
    """
    findings = []
    values = []
    for index, (chunk, outcome) in enumerate(zip(chunks, outcomes, strict=True)):
        if outcome.findings:
            column = _column(source, chunk.start_byte)
            findings.append((index, chunk.digest.hex(), chunk.start_line, column, outcome.findings))
        if outcome.value is not None:
            place = (index, chunk.digest.hex(), chunk.kind, chunk.name, chunk.start_line)
            values.append((*place, chunk.end_line, outcome.value))
    failed = any(outcome.error is not None for outcome in outcomes)
    head = _HEAD.pack(not failed, len(chunks), sum(len(f[-1]) for f in findings), len(source))
    if failed:
        # No chunk has a key of zeros: what failed is not found again, so it is run next time.
        keys = [
            bytes(len(key)) if outcome.error is not None else key
            for key, outcome in zip(keys, outcomes, strict=True)
        ]
    return join([head, b"".join(keys), _json(findings), _json(values)])


def unpack(payload: bytes) -> FileRecord | None:
    """The record that `pack` made, or None where the bytes are not one."""
    try:
        head, keys, findings, values = split(payload)
        complete, chunks, count, size_bytes = _HEAD.unpack(head)
    except (ValueError, struct.error):
        return None
    return FileRecord(bool(complete), chunks, count, size_bytes, keys, findings, values)


def placed_findings(record: FileRecord) -> list[PlacedFindings]:
    """The findings, in the order of the chunks."""
    if not record.findings:
        return []
    return [
        PlacedFindings(index, digest, line, column, [Finding(*f) for f in found])
        for index, digest, line, column, found in json.loads(record.findings_json)
    ]


def placed_values(record: FileRecord) -> list[PlacedValue]:
    """The values, in the order of the chunks."""
    return [PlacedValue(*row) for row in json.loads(record.values_json)]


def reusable(record: FileRecord) -> dict[bytes, Outcome]:
    """Outcomes by local key, for a later version of the file."""
    findings = {p.index: tuple(p.findings) for p in placed_findings(record)}
    values: Mapping[int, Plain] = {p.index: p.value for p in placed_values(record)}
    keys = record.local_keys
    length = len(keys) // record.chunks if record.chunks else 0
    found = {
        keys[i * length : (i + 1) * length]: Outcome(findings.get(i, ()), values.get(i))
        for i in range(record.chunks)
    }
    found.pop(bytes(length), None)
    return found


def _column(source: bytes, start: int) -> int:
    """The 1-based column, in code points, of a byte."""
    line_start = source.rfind(b"\n", 0, start) + 1
    before = source[line_start:start].decode("utf-8", "replace")
    return len(before.removeprefix("\ufeff") if line_start == 0 else before) + 1


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_as_json).encode()


def _as_json(value: Any) -> object:
    if isinstance(value, bytes):
        return {"$base64": b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} is not a plain value")
