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
from typing import Any, NamedTuple, NoReturn

from chunkflow.model.chunk import KINDS, Chunk
from chunkflow.model.finding import SEVERITIES, Finding, Outcome, Plain
from chunkflow.model.framing import join, split
from chunkflow.private import blake2b

_HEAD = struct.Struct("<BIII")
_VALUE_BYTES = 12
# The text stands behind its digest, which says it as well.
_DIGEST = Chunk._fields.index("digest")
_LARGE_BYTES = 1 << 20
# A new kind moves the others: then the cache's FORMAT must be raised.
_KIND_CODES = {kind: bytes([code]) for code, kind in enumerate(sorted(KINDS), start=1)}
# No line, column or index comes near; Python cannot even print a number of 5,000 digits.
_MOST = 1 << 53
# A processor's value is nested 100 deep at most; what is decoded must be fit to be printed again.
_MAX_DEPTH = 120
_CONTAINERS = (dict, list)

_NOTHING = Outcome()


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
    values_json: bytes | memoryview
    note: str = ""
    """What is to be said of the file whenever it is reported."""


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
    note: str = ""
    """What is to be said of the file."""


def local_keys(chunks: Sequence[Chunk], *, alone: bool) -> list[bytes]:
    """What results depend on besides the processor itself, for each chunk.

    Args:
        chunks: as they are handed over.
        alone: whether each is handed over by itself; else a processor goes by its text, its kind
            and the file's language, which is in the file's key.
    """
    if alone:
        return list(map(value_key, chunks))
    codes = _KIND_CODES
    return [chunk.digest + codes[chunk.kind] for chunk in chunks]


def value_key(chunk: Chunk) -> bytes:
    """What a result depends on that is made of this value alone: every field of it.

    The text and the kind come first; they tell a user what has changed.
    """
    facts = repr(chunk[:_DIGEST] + chunk[_DIGEST + 2 :]).encode("utf-8", "surrogatepass")
    digest = blake2b(facts, digest_size=_VALUE_BYTES).digest()
    return chunk.digest + _KIND_CODES[chunk.kind] + digest


def packed(
    *,
    complete: bool,
    chunks: int,
    findings: int,
    size_bytes: int,
    local_keys: bytes,
    findings_json: bytes | bytearray,
    values_json: bytes | bytearray,
    note: str = "",
) -> bytes:
    """The record that has these facts; see `FileRecord`."""
    head = _HEAD.pack(complete, chunks, findings, size_bytes)
    return join([head, note.encode(), local_keys, findings_json, values_json])


def rows_json(rows: Sequence[object]) -> bytes:
    """Rows of findings or values as JSON, without the brackets around all.

    Raises:
        ValueError: a value is not a plain one; `TypeError` and `RecursionError` likewise.
    """
    return _ENCODER.encode(rows)[1:-1].encode()


def unpack(payload: bytes) -> FileRecord | None:
    """The record that `pack` made, or None where the bytes are not one."""
    head: bytes | memoryview
    values: bytes | memoryview
    try:
        if len(payload) < _LARGE_BYTES:
            head, note, keys, findings, values = split(payload)
        else:
            # Of a large file values are 20 MB, and not copied.
            head, *rest, values = split(memoryview(payload))
            note, keys, findings = map(bytes, rest)
        complete, chunks, count, size_bytes = _HEAD.unpack(head)
        shown = str(note, "utf-8") if note else ""
    except (ValueError, struct.error):
        return None
    if not _fit(keys, chunks):
        return None
    return FileRecord(bool(complete), chunks, count, size_bytes, keys, findings, values, shown)


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
    return Contents(record.chunks, record.size_bytes, findings, values, record.note)


def reusable(record: FileRecord) -> dict[bytes, Outcome]:
    """Outcomes by local key, for a later version of the file."""
    contents = contents_of(record)
    if contents is None or not record.chunks:
        return {}
    findings = {placed.chunk_index: placed.findings for placed in contents.findings}
    values = {placed.chunk_index: placed.value for placed in contents.values}
    keys = keys_in(record)
    # Of most chunks there is nothing to tell; that is one value for all.
    found = dict.fromkeys(keys, _NOTHING)
    for index in findings.keys() | values.keys():
        found[keys[index]] = Outcome(findings.get(index, ()), values.get(index))
    found.pop(bytes(len(keys[0])), None)
    return found


def keys_in(record: FileRecord) -> list[bytes]:
    """The local key of each chunk; of one that failed it is zeros."""
    if not record.chunks:
        return []
    length = len(record.local_keys) // record.chunks
    starts = range(0, len(record.local_keys), length)
    return [record.local_keys[start : start + length] for start in starts]


def _as_json(value: Any) -> object:
    if isinstance(value, bytes):
        return {"$base64": b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} is not a plain value")


def _refuse(found: object) -> NoReturn:
    raise ValueError(f"{found!r} does not belong there")


# `json.dumps` and `json.loads` make new ones at each call that names an option.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_as_json)
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
    for row in decoded:
        index, digest, kind, name, start_line, end_line, _ = row
        _check_place(index, digest, start_line, end_line, record.chunks)
        if kind not in KINDS or not (name is None or isinstance(name, str)):
            _refuse(row)
    return list(map(PlacedValue._make, decoded))


def _rows(text: bytes | memoryview) -> list[list[Any]]:
    return [_list(row) for row in _list(_DECODER.decode(str(text, "utf-8")))]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else _refuse(value)


def _check_place(index: object, digest: object, first: object, second: object, chunks: int) -> None:
    # As `_is_place`, without the call: a chunk with a value comes by here.
    if not (
        type(index) is type(first) is type(second) is int
        and 0 <= index < chunks
        and 1 <= first < _MOST
        and 1 <= second < _MOST
        and isinstance(digest, str)
    ):
        _refuse((index, digest, first, second))


def _is_place(value: object) -> bool:
    """Whether it is a line or a column."""
    return type(value) is int and 1 <= value < _MOST


def _is_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(_MAX_DEPTH):
        # What JSON gives is of these types exactly; `isinstance` takes three times as long.
        items = [outer.values() if type(outer) is dict else outer for outer in level]
        level = [item for part in items for item in part if type(item) in _CONTAINERS]
        if not level:
            return False
    return True
