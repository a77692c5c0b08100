"""A draft is filled with the outcomes that it lacks, in the order of the chunks."""

import json
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.engine.records.drafts import (
    Place,
    fill_draft,
    join_places,
    pack_places,
    unpack_places,
)
from chunkflow.engine.records.files import local_keys, reusable, unpack
from chunkflow.engine.records.writer import Columns, RecordWriter
from chunkflow.model.finding import Finding, Outcome
from chunkflow.model.framing import join
from chunkflow.syntax.chunker import chunk_source

SOURCE = "let ä = 1; let b = 2\nfunction c() {\n}\nlet d = 4\n".encode()
CHUNKS = chunk_source(SOURCE, "typescript")
KEYS = local_keys(CHUNKS, alone=False)
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
    missing.sort()
    outcomes = [OUTCOMES[index] for index in missing]
    found = fill_draft(draft(missing, certain=certain), list(map(place, missing)), outcomes)
    assert found == (record(OUTCOMES, certain=certain), [])


def test_chunk_that_failed_is_told_with_its_lines_and_not_found_again() -> None:
    failed = Outcome(error='processor "p" raised ValueError')
    found = fill_draft(draft([1, 2]), [place(1), place(2)], [OUTCOMES[1], failed])
    assert found.record == record([*OUTCOMES[:2], failed, OUTCOMES[3]])
    assert found.errors == ['lines 2-3: processor "p" raised ValueError']
    unpacked = unpack(found.record)
    assert unpacked is not None
    assert not unpacked.complete


def test_uncertain_outcome_is_told_and_not_found_again() -> None:
    uncertain = OUTCOMES[2]._replace(is_certain=False)
    found = fill_draft(draft([1, 2]), [place(1), place(2)], [OUTCOMES[1], uncertain])
    assert found.record == record([*OUTCOMES[:2], uncertain, OUTCOMES[3]])
    assert found.errors == []
    unpacked = unpack(found.record)
    assert unpacked is not None
    assert not unpacked.complete
    assert KEYS[1] in reusable(unpacked)
    assert KEYS[2] not in reusable(unpacked)


@given(st.lists(st.sampled_from(range(4))))
def test_places_survive(indexes: list[int]) -> None:
    places = list(map(place, indexes))
    packed = pack_places(places)
    assert list(unpack_places(packed)) == places
    assert bool(packed) == bool(places)


@given(st.lists(st.lists(st.integers(0, 3))))
def test_places_of_several_sections_survive(sections: list[list[int]]) -> None:
    places = [list(map(place, section)) for section in sections]
    packed = join_places(map(pack_places, places))
    assert list(unpack_places(packed)) == [one for section in places for one in section]
    assert bool(packed) == any(places)


def run_of(numbers: list[int], keys: list[bytes], named: object) -> bytes:
    """A run of places of which anything may be wrong."""
    packed = array("I", numbers).tobytes()
    return join([join([packed, join(keys), json.dumps(named).encode()])])


ODD = [
    run_of([0, 1, 1, 1], [b"k"], [["type", 7]]),
    run_of([0, 1, 1, 1], [b"k"], [[None, "a"]]),
    run_of([0, 1, 1], [b"k"], [["type", "a"]]),
    run_of([0, 1, 1, 1], [b"k", b"l"], [["type", "a"]]),
    run_of([0, 1, 1, 1], [b"k"], []),
    run_of([0, 1, 1, 1], [b"k"], 7),
]


@pytest.mark.parametrize("data", [b"{", b"7", b"\xff", b"\0" * 3, join([b"run"]), *ODD])
def test_bytes_that_hold_no_places_are_refused(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        list(unpack_places(data))


@pytest.mark.parametrize("payload", [b"", b"no record", RecordWriter().finish(0)])
def test_draft_that_cannot_be_read_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="the worker's answer cannot be read"):
        fill_draft(payload, [place(0)], [OUTCOMES[0]])


@pytest.mark.parametrize("missing", [[1, 0], [1, 1], [7]])
def test_places_in_another_order_are_refused(missing: list[int]) -> None:
    places = [place(1)._replace(chunk_index=index) for index in missing]
    with pytest.raises(ValueError, match="order of the file"):
        fill_draft(draft([0, 1]), places, [OUTCOMES[1]] * len(missing))


def test_many_rows_are_as_few() -> None:
    chunks = chunk_source(b"let a;" * 3000, "typescript")
    keys = local_keys(chunks, alone=False)
    outcomes = [Outcome((Finding("f"),), index) for index in range(len(chunks))]

    def written(told: Sequence[Outcome]) -> bytes:
        writer = RecordWriter()
        writer.add(chunks, told, keys, Columns(b"let a;" * 3000, start_line=1, start_column=1))
        return writer.finish(7)

    lacking = [index for index in range(len(chunks)) if index % 3]
    places = (
        Place(i, keys[i].hex(), chunks[i].digest.hex(), "variable", "a", 1, 6 * i + 1, 1)
        for i in lacking
    )
    known = written([Outcome() if i % 3 else told for i, told in enumerate(outcomes)])
    assert fill_draft(known, places, (outcomes[i] for i in lacking)).record == written(outcomes)


def test_draft_whose_findings_cannot_be_decoded_is_refused() -> None:
    hollow = draft([1]).replace(json.dumps("first").encode(), b"[first]")
    with pytest.raises(ValueError, match="cannot be read"):
        fill_draft(hollow, [place(1)], [OUTCOMES[1]])


def test_places_of_a_large_file_take_little() -> None:
    places = [place(index % 4)._replace(chunk_index=index) for index in range(4000)]
    runs = [pack_places(places[start : start + 200]) for start in range(0, 4000, 200)]
    # 150,000 of them are to take 10 MB; as objects they would take 60.
    assert len(join_places(runs)) < 70 * len(places)
