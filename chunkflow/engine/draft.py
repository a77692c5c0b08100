"""A file record in the making: the places of chunks whose outcomes are still to come."""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chunkflow.engine.file_record import (
    Contents,
    PlacedFindings,
    PlacedValue,
    contents_of,
    packed,
    rows_json,
    unpack,
)
from chunkflow.model.finding import Outcome


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
    """Places as bytes; none are empty."""
    rows = list(places)
    return json.dumps(rows).encode() if rows else b""


def unpack_places(data: bytes) -> list[Place]:
    """The places that `pack_places` was given.

    Raises:
        ValueError: the bytes hold no places; `TypeError` likewise.
    """
    places = [Place(*row) for row in json.loads(data)] if data else []
    if not all(map(_is_place, places)):
        raise ValueError("a place has fields of other types")
    return places


def _is_place(place: Place) -> bool:
    """Whether its fields are what they should be: foreign code may have made them."""
    index, local_key, digest, kind, name, *numbers = place
    texts = (local_key, digest, kind, "" if name is None else name)
    return all(isinstance(text, str) for text in texts) and all(
        type(number) is int and number >= 0 for number in (index, *numbers)
    )


class Filled(NamedTuple):
    """A draft with its outcomes."""

    record: bytes
    """The file record."""
    errors: list[str]
    """What the processor raised, with the lines of the chunk."""


def filled(record: bytes, places: Sequence[Place], outcomes: Sequence[Outcome]) -> Filled:
    """The file record of a draft.

    Args:
        record: of what was known; it has the local keys of all chunks.
        places: of the chunks without an outcome.
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
    for place, outcome in zip(places, outcomes, strict=True):
        if outcome.error is not None:
            errors.append(f"lines {place.start_line}-{place.end_line}: {outcome.error}")
            start = place.chunk_index * key_bytes
            keys[start : start + key_bytes] = bytes(key_bytes)
        _add(contents, place, outcome)
    contents.findings.sort(key=lambda placed: placed.chunk_index)
    contents.values.sort(key=lambda placed: placed.chunk_index)
    complete = known.complete and not errors
    return Filled(_packed(contents, bytes(keys), complete=complete), errors)


def _packed(contents: Contents, local_keys: bytes, *, complete: bool) -> bytes:
    return packed(
        complete=complete,
        chunks=contents.chunks,
        findings=sum(len(placed.findings) for placed in contents.findings),
        size_bytes=contents.size_bytes,
        local_keys=local_keys,
        findings_json=b"[" + rows_json(contents.findings) + b"]",
        values_json=b"[" + rows_json(contents.values) + b"]",
    )


def _add(contents: Contents, place: Place, outcome: Outcome) -> None:
    if outcome.findings:
        start = (place.start_line, place.start_column)
        contents.findings.append(
            PlacedFindings(place.chunk_index, place.digest, *start, outcome.findings)
        )
    if outcome.value is not None:
        seen = (place.digest, place.kind, place.name, place.start_line, place.end_line)
        contents.values.append(PlacedValue(place.chunk_index, *seen, outcome.value))
