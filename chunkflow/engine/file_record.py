"""A file record: what one processor said of one file's content, packed as one value.

It holds everything that a report needs without the source, and, for each chunk, the local key by
which a later version of the file finds its result again. Findings and values are JSON, each in a
part of its own, so that a run which reports no values decodes none.

A record may come from anywhere, so whatever is wrong with one, it counts as missing.
"""

import json
import struct
from base64 import b64encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, NoReturn

from chunkflow.model.chunk import KINDS, Chunk
from chunkflow.model.finding import SEVERITIES, Finding, Outcome, Plain
from chunkflow.model.framing import join, split

_HEAD = struct.Struct("<BIII")
_CONTEXT_BYTES = 8
# A new kind moves the others: then the cache's FORMAT must be raised.
_KIND_CODES = {kind: bytes([code]) for code, kind in enumerate(sorted(KINDS), start=1)}
# No line, column or index comes near; Python cannot even print a number of 5,000 digits.
_MOST = 1 << 53
# A processor's value is nested 100 deep at most; what is decoded must be fit to be printed again.
_MAX_DEPTH = 120


class FileRecord(NamedTuple):
    """A record as it is stored, its findings and values still packed."""

    complete: bool
    """Whether it says all of the file; else it only serves a later run of it."""
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

    chunk_index: int
    digest: str
    start_line: int
    start_column: int
    findings: tuple[Finding, ...]


class PlacedValue(NamedTuple):
    """The value for one chunk."""

    chunk_index: int
    digest: str
    kind: str
    name: str | None
    start_line: int
    end_line: int
    value: Plain


class Contents(NamedTuple):
    """What a record says, decoded, in the order of the chunks."""

    chunks: int
    size_bytes: int
    findings: list[PlacedFindings]
    values: list[PlacedValue]


def local_key(chunk: Chunk, context: Sequence[str]) -> bytes:
    """What a result depends on besides the file's language and the processor itself."""
    key = chunk.digest + _KIND_CODES[chunk.kind]
    if context:
        seen = repr([getattr(chunk, name) for name in context])
        key += blake2b(seen.encode("utf-8", "surrogatepass"), digest_size=_CONTEXT_BYTES).digest()
    return key


def pack(
    chunks: Sequence[Chunk],
    outcomes: Sequence[Outcome],
    source: bytes,
    keys: Sequence[bytes],
    *,
    certain: bool = True,
) -> bytes:
    """The record of a file.

    Args:
        chunks: all of the file's.
        outcomes: one a chunk.
        source: the file's bytes.
        keys: the local key of each chunk.
        certain: whether the same bytes give the same chunks always. Else the record is not
            complete: each chunk's result may be reused, but the file is cut anew.

    Raises:
        ValueError: a value is not a plain one; `TypeError` and `RecursionError` likewise.
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
    complete = certain and not failed
    head = _HEAD.pack(complete, len(chunks), sum(len(f[-1]) for f in findings), len(source))
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
    if not _fit(keys, chunks):
        return None
    return FileRecord(bool(complete), chunks, count, size_bytes, keys, findings, values)


def _fit(keys: bytes, chunks: int) -> bool:
    return bool(keys) and len(keys) % chunks == 0 if chunks else not keys


def contents_of(record: FileRecord, *, with_values: bool = True) -> Contents | None:
    """What a record says, or None where it cannot be decoded.

    Args:
        record: from `unpack`.
        with_values: whether values are wanted; else there are none.
    """
    try:
        findings = _findings(record) if record.findings else []
        values = _values(record) if with_values else []
    except (ValueError, TypeError, RecursionError):
        # Not JSON, or JSON of another shape, perhaps nested without end.
        return None
    return Contents(record.chunks, record.size_bytes, findings, values)


def reusable(record: FileRecord) -> dict[bytes, Outcome]:
    """Outcomes by local key, for a later version of the file."""
    contents = contents_of(record)
    if contents is None or not record.chunks:
        return {}
    findings = {placed.chunk_index: placed.findings for placed in contents.findings}
    values = {placed.chunk_index: placed.value for placed in contents.values}
    keys = record.local_keys
    length = len(keys) // record.chunks
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


def _refuse(found: object) -> NoReturn:
    raise ValueError(f"{found!r} does not belong there")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _findings(record: FileRecord) -> list[PlacedFindings]:
    rows = [PlacedFindings(*row) for row in _rows(record.findings_json)]
    for row in rows:
        _check_place(row.chunk_index, row.digest, row.start_line, row.start_column, record.chunks)
    return [row._replace(findings=tuple(map(_finding, _list(row.findings)))) for row in rows]


def _finding(row: object) -> Finding:
    finding = Finding(*_list(row))
    texts = (finding.message, finding.rule)
    places = [place for place in finding[3:] if place is not None]
    if not all(isinstance(text, str) for text in texts) or finding.severity not in SEVERITIES:
        _refuse(row)
    if None in finding[3:5] or not all(map(_is_place, places)):
        _refuse(row)
    return finding


def _values(record: FileRecord) -> list[PlacedValue]:
    decoded = _rows(record.values_json)
    if _is_deep(decoded):
        _refuse("a value nested so deep")
    rows = [PlacedValue(*row) for row in decoded]
    for row in rows:
        _check_place(row.chunk_index, row.digest, row.start_line, row.end_line, record.chunks)
        if row.kind not in KINDS or not (row.name is None or isinstance(row.name, str)):
            _refuse(row)
    return rows


def _rows(text: bytes) -> list[list[Any]]:
    return [_list(row) for row in _list(_DECODER.decode(text.decode()))]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else _refuse(value)


def _check_place(index: object, digest: object, first: object, second: object, chunks: int) -> None:
    is_index = type(index) is int and 0 <= index < chunks
    if not (is_index and isinstance(digest, str) and _is_place(first) and _is_place(second)):
        _refuse((index, digest, first, second))


def _is_place(value: object) -> bool:
    """Whether it is a line or a column."""
    return type(value) is int and 1 <= value < _MOST


def _is_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(_MAX_DEPTH):
        items = (item for outer in level for item in _items(outer))
        level = [item for item in items if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _items(container: Any) -> Any:
    return container.values() if isinstance(container, dict) else container
