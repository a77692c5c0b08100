"""Records are written section by section, each place as the whole file has it."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chunkflow.engine.records.files import contents_of, local_keys, unpack
from chunkflow.engine.records.writer import Columns, RecordWriter
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding, Outcome
from chunkflow.syntax.chunker import chunk_source

PIECES = st.sampled_from(("\n", "\r\n", "ä", "\U0001f600", " ", "\t", "\ufeff", "中 文", "\u2028"))
TEXT = st.lists(PIECES).map("".join)


def plain_column(text: str, at: int) -> int:
    """Code points since the line began, from 1; a mark at the start of the file is none."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    is_marked = text.startswith("\ufeff") and "\n" not in text[:at]
    return max(1, len(before) + 1 - is_marked)


@given(TEXT, st.data())
def test_column_is_counted_in_code_points(text: str, data: st.DataObject) -> None:
    columns = Columns(text.encode(), start_line=1, start_column=1)
    for at in data.draw(st.lists(st.integers(0, len(text)))):
        assert columns.at(len(text[:at].encode())) == plain_column(text, at)


@given(TEXT, TEXT, st.data())
def test_column_in_a_section_is_that_in_the_file(
    before: str, text: str, data: st.DataObject
) -> None:
    assume(before.strip("\ufeff"))  # a file does not begin with a section of nothing
    start = len(before.encode())
    start_column = Columns(before.encode(), start_line=1, start_column=1).at(start)
    section = Columns(text.encode(), start_line=before.count("\n") + 1, start_column=start_column)
    whole = Columns((before + text).encode(), start_line=1, start_column=1)
    for at in data.draw(st.lists(st.integers(0, len(text)))):
        byte = len(text[:at].encode())
        assert section.at(byte) == whole.at(start + byte)


def test_bytes_that_are_no_text_have_columns_too() -> None:
    columns = Columns(b"\xff\xfe let a", start_line=1, start_column=1)
    assert columns.at(3) == 4


SOURCE = b"let a = 1; let b = 2\nlet c = 3\n\nlet d = 4; let e = 5\n"
CHUNKS = chunk_source(SOURCE, "typescript")
KEYS = local_keys(CHUNKS, alone=False)
OUTCOMES = [
    Outcome(value="a"),
    Outcome((Finding("odd"), Finding("even", start_line=2))),
    Outcome(error="no"),
    Outcome((Finding("odd"),), {"d": b"bytes"}),
    Outcome(),
]


def whole(outcomes: Sequence[Outcome] = OUTCOMES, *, certain: bool = True) -> bytes:
    writer = RecordWriter()
    writer.add(CHUNKS, outcomes, KEYS, Columns(SOURCE, start_line=1, start_column=1))
    return writer.finish(len(SOURCE), certain=certain)


def moved(chunk: Chunk, start_byte: int, lines: int) -> Chunk:
    return chunk._replace(
        start_byte=chunk.start_byte - start_byte,
        end_byte=chunk.end_byte - start_byte,
        start_line=chunk.start_line - lines,
        end_line=chunk.end_line - lines,
    )


@given(st.lists(st.booleans(), min_size=4, max_size=4))
def test_sections_give_the_record_of_the_whole(is_cut_after: list[bool]) -> None:
    writer = RecordWriter()
    cuts = [index for index, cut in enumerate(is_cut_after, start=1) if cut]
    for first, last in zip([0, *cuts], [*cuts, len(CHUNKS)], strict=True):
        start = CHUNKS[first - 1].end_byte if first else 0
        lines = SOURCE.count(b"\n", 0, start)
        column = start - (SOURCE.rfind(b"\n", 0, start) + 1) + 1
        writer.add(
            [moved(chunk, start, lines) for chunk in CHUNKS[first:last]],
            OUTCOMES[first:last],
            KEYS[first:last],
            Columns(SOURCE[start:], start_line=lines + 1, start_column=column),
            start_line=lines + 1,
        )
        assert writer.chunks == last
    assert writer.finish(len(SOURCE)) == whole()


def test_places_are_those_of_the_file() -> None:
    record = unpack(whole())
    assert record is not None
    contents = contents_of(record)
    assert contents is not None
    assert [(f.chunk_index, f.start_line, f.start_column) for f in contents.findings] == [
        (1, 1, 12),
        (3, 4, 1),
    ]
    assert [(v.chunk_index, v.name, v.start_line) for v in contents.values] == [
        (0, "a", 1),
        (3, "d", 4),
    ]
    assert record.findings == 3


@pytest.mark.parametrize(
    ("outcomes", "certain", "complete"),
    [
        ([Outcome()] * 5, True, True),
        ([Outcome()] * 5, False, False),
        (OUTCOMES, True, False),
        ([*[Outcome()] * 4, Outcome(value=1, is_certain=False)], True, False),
    ],
)
def test_record_is_complete_where_nothing_is_missing_nor_by_chance(
    outcomes: list[Outcome], certain: bool, complete: bool
) -> None:
    record = unpack(whole(outcomes, certain=certain))
    assert record is not None
    assert record.complete == complete


def test_key_of_a_chunk_that_failed_is_not_kept() -> None:
    record = unpack(whole())
    assert record is not None
    size = len(KEYS[0])
    keys = [record.local_keys[i * size : (i + 1) * size] for i in range(5)]
    assert keys == [KEYS[0], KEYS[1], bytes(size), KEYS[3], KEYS[4]]


def test_nothing_is_a_record_too() -> None:
    record = unpack(RecordWriter().finish(3))
    assert record is not None
    assert (record.complete, record.chunks, record.size_bytes) == (True, 0, 3)
