"""A draft is filled with the outcomes that it lacks, in the order of the chunks."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.engine.draft import Place, filled, pack_places, unpack_places
from chunkflow.engine.file_record import local_key, unpack
from chunkflow.engine.record_writer import Columns, RecordWriter
from chunkflow.model.finding import Finding, Outcome
from chunkflow.syntax.chunker import chunk_source

SOURCE = "let ä = 1; let b = 2\nfunction c() {\n}\nlet d = 4\n".encode()
CHUNKS = chunk_source(SOURCE, "typescript")
KEYS = [local_key(chunk, ()) for chunk in CHUNKS]
OUTCOMES = [
    Outcome((Finding("first"),), "a"),
    Outcome(value=["b"]),
    Outcome((Finding("third", start_line=2), Finding("again"))),
    Outcome(value=None),
]


def record(outcomes: Sequence[Outcome], *, certain: bool = True) -> bytes:
    writer = RecordWriter()
    writer.add(CHUNKS, outcomes, KEYS, Columns(SOURCE, start_line=1, start_column=1))
    return writer.finish(len(SOURCE), certain=certain)


def place(index: int) -> Place:
    chunk = CHUNKS[index]
    column = Columns(SOURCE, start_line=1, start_column=1).at(chunk.start_byte)
    what = (KEYS[index].hex(), chunk.digest.hex(), chunk.kind, chunk.name)
    return Place(index, *what, chunk.start_line, column, chunk.end_line)


def draft(missing: Sequence[int], *, certain: bool = True) -> bytes:
    known = [Outcome() if i in missing else outcome for i, outcome in enumerate(OUTCOMES)]
    return record(known, certain=certain)


@given(st.lists(st.integers(0, 3), unique=True), st.booleans())
def test_filled_draft_is_the_record_that_was_never_one(missing: list[int], certain: bool) -> None:
    outcomes = [OUTCOMES[index] for index in missing]
    found = filled(draft(missing, certain=certain), list(map(place, missing)), outcomes)
    assert found == (record(OUTCOMES, certain=certain), [])


def test_chunk_that_failed_is_told_with_its_lines_and_not_found_again() -> None:
    failed = Outcome(error='processor "p" raised ValueError')
    found = filled(draft([1, 2]), [place(1), place(2)], [OUTCOMES[1], failed])
    assert found.record == record([*OUTCOMES[:2], failed, OUTCOMES[3]])
    assert found.errors == ['lines 2-3: processor "p" raised ValueError']
    unpacked = unpack(found.record)
    assert unpacked is not None
    assert not unpacked.complete


@given(st.lists(st.sampled_from(range(4))))
def test_places_survive(indexes: list[int]) -> None:
    places = list(map(place, indexes))
    packed = pack_places(places)
    assert unpack_places(packed) == places
    assert bool(packed) == bool(places)


ODD_INDEX = json.dumps([[[1], "", "", "type", None, 1, 1, 1]]).encode()


@pytest.mark.parametrize("data", [b"{", b"7", b"[7]", b"[[1, 2]]", b"\xff", ODD_INDEX])
def test_bytes_that_hold_no_places_are_refused(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        unpack_places(data)


@pytest.mark.parametrize("payload", [b"", b"no record", RecordWriter().finish(0)])
def test_draft_that_cannot_be_read_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="the worker's answer cannot be read"):
        filled(payload, [place(0)], [OUTCOMES[0]])


def test_draft_whose_findings_cannot_be_decoded_is_refused() -> None:
    hollow = draft([1]).replace(json.dumps("first").encode(), b"[first]")
    with pytest.raises(ValueError, match="cannot be read"):
        filled(hollow, [place(1)], [OUTCOMES[1]])
