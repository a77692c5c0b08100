"""The three rules by which stored results are reused, and what none of them believes."""

import pytest

from chunkflow.engine.records.chunks import pack_chunk
from chunkflow.engine.records.files import local_keys
from chunkflow.engine.records.writer import Columns, RecordWriter
from chunkflow.engine.reuse import find_contents, find_outcome, find_outcomes
from chunkflow.model.finding import Outcome
from chunkflow.model.framing import join
from chunkflow.syntax.chunker import chunk_source

SOURCE = b"let a = 1\nlet b = 2\n"
CHUNKS = chunk_source(SOURCE, "typescript")
KEYS = local_keys(CHUNKS, alone=False)
GOOD = Outcome(value=1)
BAD = [Outcome(error="no"), Outcome(value=2, is_certain=False)]
JUNK = [b"", b"no record", join([b""] * 5)]


def record(*outcomes: Outcome) -> bytes:
    writer = RecordWriter()
    columns = Columns(SOURCE, start_line=1, start_column=1)
    writer.add(CHUNKS, outcomes, KEYS, columns)
    return writer.finish(len(SOURCE))


def test_complete_record_says_all_of_a_file() -> None:
    contents = find_contents(record(GOOD, GOOD))
    assert contents is not None
    assert [row.value for row in contents.values] == [1, 1]


@pytest.mark.parametrize("bad", BAD)
def test_record_that_lacks_a_chunk_says_nothing_of_the_file_but_serves_its_chunks(
    bad: Outcome,
) -> None:
    assert find_contents(record(GOOD, bad)) is None
    assert find_outcomes(record(GOOD, bad)) == {KEYS[0]: GOOD}


def test_values_are_left_out_where_none_are_wanted() -> None:
    contents = find_contents(record(GOOD, GOOD), with_values=False)
    assert contents is not None
    assert contents.values == []


def test_chunks_of_the_last_record_are_found_by_their_keys() -> None:
    other = Outcome(value=2)
    assert find_outcomes(record(GOOD, other)) == dict(zip(KEYS, (GOOD, other), strict=True))


def test_chunk_has_a_record_of_its_own() -> None:
    assert find_outcome(pack_chunk(CHUNKS[0], GOOD)) == GOOD


@pytest.mark.parametrize("bad", BAD)
def test_chunk_record_of_what_cannot_be_reused_is_none(bad: Outcome) -> None:
    assert find_outcome(pack_chunk(CHUNKS[0], bad)) is None


@pytest.mark.parametrize("junk", JUNK)
def test_what_is_no_record_is_not_believed(junk: bytes) -> None:
    assert (find_contents(junk), find_outcomes(junk), find_outcome(junk)) == (None, {}, None)
