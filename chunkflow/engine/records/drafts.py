"""A file record in the making: the places of chunks whose outcomes are still to come."""

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from chunkflow.cache.keys import DIGEST_BYTES
from chunkflow.engine.records.files import (
    PlacedFindings,
    PlacedValue,
    contents_of,
    packed,
    rows_json,
    unpack,
)
from chunkflow.model.finding import Outcome
from chunkflow.model.framing import join, split

_MOST_ROWS = 512


class Place(NamedTuple):
    """Where a chunk without an outcome stands, and what a record says of it besides."""

    chunk_index: int
    local_key: str
    """In hexadecimal; and so is the digest."""
    digest: str
    kind: str
    name: str | None
    start_line: int
    start_column: int
    end_line: int


def pack_places(places: Iterable[Place]) -> bytes:
    """Places as bytes; none are empty. Runs of them may be packed one by one, see `join_places`.

    As objects they take ten times as much, and a large file has 150,000 of them. Digests are the
    beginnings of local keys, and left out.
    """
    rows = list(places)
    if not rows:
        return b""
    numbers = array("I")
    for row in rows:
        numbers.extend((row.chunk_index, row.start_line, row.start_column, row.end_line))
    keys = [bytes.fromhex(row.local_key) for row in rows]
    names = json.dumps([(row.kind, row.name) for row in rows], separators=(",", ":")).encode()
    return join([join([numbers.tobytes(), join(keys), names])])


def join_places(runs: Iterable[bytes]) -> bytes:
    """Runs of places, each from `pack_places`, as one."""
    packed = [part for run in runs if run for part in split(run)]
    return join(packed) if packed else b""


def unpack_places(data: bytes) -> Iterator[Place]:
    """The places that were packed, one after the other.

    Raises:
        ValueError: the bytes hold no places; `TypeError` likewise.
    """
    for run in runs_of_places(data):
        yield from unpack_run(run)


def runs_of_places(data: bytes) -> list[bytes]:
    """The runs that were joined. Raises ValueError: the bytes hold none."""
    return split(data) if data else []


def unpack_run(run: bytes) -> Iterator[Place]:
    """The places of one run; raises as `unpack_places`."""
    packed, joined_keys, names = split(run)
    numbers = array("I", packed)
    keys, named = split(joined_keys), json.loads(names)
    if not len(keys) == len(named) == len(numbers) / 4:
        raise ValueError("places lack something")
    for at, (key, (kind, name)) in enumerate(zip(keys, named, strict=True)):
        index, start_line, start_column, end_line = numbers[4 * at : 4 * at + 4]
        shown = key.hex()
        digest = shown[: 2 * DIGEST_BYTES]
        place = Place(index, shown, digest, kind, name, start_line, start_column, end_line)
        if not _is_place(place):
            raise ValueError("a place has fields of other types")
        yield place


def _is_place(place: Place) -> bool:
    """Whether its fields are what they should be: foreign code may have made them."""
    return isinstance(place.kind, str) and (place.name is None or isinstance(place.name, str))


class FilledDraft(NamedTuple):
    """A draft with its outcomes."""

    record: bytes
    """The file record."""
    errors: list[str]
    """What the processor raised, with the lines of the chunk."""


def fill_draft(record: bytes, places: Iterable[Place], outcomes: Iterable[Outcome]) -> FilledDraft:
    """The file record of a draft.

    Args:
        record: of what was known; it has the local keys of all chunks.
        places: of the chunks without an outcome, in the order of the file.
        outcomes: one a place.

    Raises:
        ValueError: the record cannot be read.
    """
    known = unpack(record)
    contents = None if known is None else contents_of(known)
    if known is None or contents is None or not known.chunks:
        raise ValueError("the worker's answer cannot be read")
    keys = bytearray(known.local_keys)
    key_bytes = len(keys) // known.chunks
    errors = []
    is_complete = known.complete
    findings, values = _Rows(contents.findings), _Rows(contents.values)
    count, last = known.findings, -1
    for place, outcome in zip(places, outcomes, strict=True):
        if not last < place.chunk_index < known.chunks:
            raise ValueError("places are not in the order of the file")
        last = place.chunk_index
        if outcome.error is not None:
            errors.append(f"lines {place.start_line}-{place.end_line}: {outcome.error}")
        if outcome.error is not None or not outcome.is_certain:
            is_complete = False
            start = place.chunk_index * key_bytes
            keys[start : start + key_bytes] = bytes(key_bytes)
        if outcome.findings:
            count += len(outcome.findings)
            findings.add(_findings(place, outcome))
        if outcome.value is not None:
            values.add(_value(place, outcome))
    whole = packed(
        complete=is_complete,
        chunks=contents.chunks,
        findings=count,
        size_bytes=contents.size_bytes,
        local_keys=bytes(keys),
        findings_json=findings.finish(),
        values_json=values.finish(),
        note=known.note,
    )
    return FilledDraft(whole, errors)


class _Rows:
    """Rows in the order of the chunks as JSON; held as objects for a short while only.

    Args:
        known: rows in that order; those that are added come in between.
    """

    def __init__(self, known: Sequence[PlacedFindings] | Sequence[PlacedValue]) -> None:
        self._known = known
        self._next = 0
        self._rows: list[PlacedFindings | PlacedValue] = []
        # Of a large file 20 MB, so it is never copied.
        self._json = bytearray(b"[")

    def add(self, row: PlacedFindings | PlacedValue) -> None:
        """Add the next row."""
        known = self._known
        while self._next < len(known) and known[self._next].chunk_index < row.chunk_index:
            self._append(known[self._next])
            self._next += 1
        self._append(row)

    def _append(self, row: PlacedFindings | PlacedValue) -> None:
        self._rows.append(row)
        if len(self._rows) >= _MOST_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._json += b"," * (len(self._json) > 1)
            self._json += rows_json(self._rows)
            self._rows.clear()

    def finish(self) -> bytearray:
        """All rows, with the brackets around."""
        for row in self._known[self._next :]:
            self._append(row)
        self._flush()
        self._json += b"]"
        return self._json


def _findings(place: Place, outcome: Outcome) -> PlacedFindings:
    start = (place.start_line, place.start_column)
    return PlacedFindings(place.chunk_index, place.digest, *start, outcome.findings)


def _value(place: Place, outcome: Outcome) -> PlacedValue:
    seen = (place.digest, place.kind, place.name, place.start_line, place.end_line)
    return PlacedValue(place.chunk_index, *seen, outcome.value)
