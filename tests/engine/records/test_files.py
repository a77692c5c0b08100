"""A record gives back what was packed, and no bytes make reading it raise."""

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chunkflow.engine.records import files
from chunkflow.engine.records.files import (
    Contents,
    FileRecord,
    contents_of,
    local_keys,
    reusable,
    unpack,
    value_key,
)
from chunkflow.engine.records.writer import Columns, RecordWriter
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding, Outcome, Plain
from chunkflow.model.framing import join
from chunkflow.processors.isolation import isolate as by_itself
from chunkflow.syntax.chunker import chunk_source

SOURCE = "\ufefflet a = 1; let ä = 2; let b = 3\nlet c = 4\n".encode()
CHUNKS = chunk_source(SOURCE, "typescript")
KEYS = local_keys(CHUNKS, alone=False)
NOTHING = [Outcome()] * len(CHUNKS)


def packed(*outcomes: Outcome) -> bytes:
    writer = RecordWriter()
    columns = Columns(SOURCE, start_line=1, start_column=1)
    writer.add(CHUNKS, [*outcomes, *NOTHING[len(outcomes) :]], KEYS, columns)
    return writer.finish(len(SOURCE))


def record_of(*outcomes: Outcome) -> FileRecord:
    record = unpack(packed(*outcomes))
    assert record is not None
    return record


def hostile(*, findings: Any = (), values: Any = ()) -> FileRecord:
    """A record in which other JSON stands than `pack` writes."""
    return record_of()._replace(
        findings=1,
        findings_json=findings if isinstance(findings, bytes) else json.dumps(findings).encode(),
        values_json=values if isinstance(values, bytes) else json.dumps(values).encode(),
    )


def test_record_tells_size_and_number_of_chunks() -> None:
    record = record_of()
    assert (record.complete, record.chunks, record.size_bytes) == (True, 4, len(SOURCE))


def test_large_record_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = [Outcome((Finding("odd"),), {"a": "ä"}), Outcome((), [1, None])]
    payload = packed(*outcomes)
    small = unpack(payload)
    monkeypatch.setattr(files, "_LARGE_BYTES", 1)
    large = unpack(payload)
    assert small is not None
    assert large == small
    assert contents_of(large) == contents_of(small)
    assert reusable(large) == reusable(small)
    assert unpack(payload[:-1]) is None


def test_findings_come_back_with_their_place() -> None:
    finding = Finding("odd", "rule", "error", 1, 5, 1, 6)
    contents = contents_of(record_of(Outcome(), Outcome(), Outcome((finding,))))
    assert contents is not None
    (placed,) = contents.findings
    assert placed.findings == (finding,)
    assert placed.digest == CHUNKS[2].digest.hex()
    # In code points, and without the byte order mark.
    assert (placed.start_line, placed.start_column) == (1, 23)


def test_chunk_after_a_byte_order_mark_starts_in_column_one() -> None:
    contents = contents_of(record_of(Outcome((Finding("odd"),))))
    assert contents is not None
    assert contents.findings[0].start_column == 1


@pytest.mark.parametrize("value", [0, False, "", [], {}, 1.5, "\ud800", [{"a": [None, "ä"]}]])
def test_value_comes_back(value: Plain) -> None:
    contents = contents_of(record_of(Outcome(), Outcome(value=value)))
    assert contents is not None
    (placed,) = contents.values
    assert placed.value == value
    assert (placed.kind, placed.name, placed.start_line, placed.end_line) == ("variable", "ä", 1, 1)


def test_bytes_come_back_as_base64() -> None:
    contents = contents_of(record_of(Outcome(value=[b"\xff"])))
    assert contents is not None
    assert contents.values[0].value == [{"$base64": "/w=="}]


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        packed(Outcome(value=value))


def test_values_are_decoded_only_where_they_are_wanted() -> None:
    record = hostile(findings=[], values=b"no JSON")
    assert contents_of(record) is None
    contents = contents_of(record, with_values=False)
    assert contents is not None
    assert contents.values == []


def test_outcomes_are_found_again_by_their_key() -> None:
    outcomes = [Outcome((Finding("odd"),)), Outcome(value=1), Outcome(), Outcome()]
    assert reusable(record_of(*outcomes)) == dict(zip(KEYS, outcomes, strict=True))


def test_failed_chunk_is_not_found_again() -> None:
    record = record_of(Outcome(), Outcome(error="ValueError: no"))
    assert not record.complete
    assert reusable(record) == {key: Outcome() for key in KEYS if key != KEYS[1]}


def test_uncertain_outcome_is_told_and_not_found_again() -> None:
    record = record_of(Outcome(), Outcome(value=1, is_certain=False))
    contents = contents_of(record)
    assert contents is not None
    assert [placed.value for placed in contents.values] == [1]
    assert not record.complete
    assert reusable(record) == {key: Outcome() for key in KEYS if key != KEYS[1]}


def test_empty_file_has_a_record_too() -> None:
    record = unpack(RecordWriter().finish(0))
    assert record is not None
    assert record.complete
    assert reusable(record) == {}
    assert contents_of(record) == Contents(0, 0, [], [])


def chunk(**changes: Any) -> Chunk:
    return CHUNKS[0]._replace(**changes)


def key_of(chunk: Chunk, *, alone: bool) -> bytes:
    (key,) = local_keys([chunk], alone=alone)
    return key


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize(
    "change",
    [{"digest": b"another" + bytes(9)}, {"kind": "function"}],
    ids=["digest", "kind"],
)
def test_local_key_depends_on_text_and_kind(change: dict[str, Any], alone: bool) -> None:
    assert key_of(chunk(**change), alone=alone) != key_of(chunk(), alone=alone)


@pytest.mark.parametrize(
    ("context", "value"),
    [("path", "b.ts"), ("path", "\udcff.ts"), ("scope", ("A",)), ("imports", "import 'a'")],
)
def test_local_key_depends_on_context_for_who_is_handed_the_chunk_alone(
    context: str, value: object
) -> None:
    changed = chunk(**{context: value})
    assert key_of(changed, alone=True) != key_of(chunk(), alone=True)
    assert key_of(changed, alone=False) == key_of(chunk(), alone=False)


@pytest.mark.parametrize("alone", [False, True])
def test_local_keys_of_all_chunks_are_those_of_each(alone: bool) -> None:
    assert local_keys(CHUNKS, alone=alone) == [key_of(chunk, alone=alone) for chunk in CHUNKS]
    assert local_keys(CHUNKS, alone=True) == list(map(value_key, CHUNKS))


@pytest.mark.parametrize("field", ["start_byte", "end_byte", "start_line", "end_line"])
def test_local_key_does_not_depend_on_the_place(field: str) -> None:
    assert key_of(chunk(**{field: 77}), alone=False) == key_of(chunk(), alone=False)


def test_local_key_of_a_chunk_alone_does_not_depend_on_its_place_in_the_file() -> None:
    moved = chunk_source(b"let before\n\n" + SOURCE.removeprefix(b"\xef\xbb\xbf"), "typescript")
    keys = [key_of(by_itself(chunk, ("path",)), alone=True) for chunk in moved[1:]]
    assert keys == [key_of(by_itself(chunk, ("path",)), alone=True) for chunk in CHUNKS]


HEAD = struct.Struct("<BIII")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"no record",
        join([]),
        join([b"short", b"", b"", b"", b""]),
        join([HEAD.pack(1, 0, 0, 0), b"", b"", b""]),
        join([HEAD.pack(1, 0, 0, 0), b"", b"key", b"[]", b"[]"]),
        join([HEAD.pack(1, 2, 0, 0), b"", b"key", b"[]", b"[]"]),
        join([HEAD.pack(1, 0, 0, 0), b"\xff", b"", b"[]", b"[]"]),
        # To walk over so many chunks would take an hour.
        join([HEAD.pack(1, 2**32 - 1, 0, 0), b"", b"", b"[]", b"[]"]),
    ],
)
def test_bytes_that_are_no_record_are_refused(payload: bytes) -> None:
    assert unpack(payload) is None


PLACE = [0, "00", 1, 1]
WRONG_FINDINGS: list[object] = [
    b"\xff",
    b"[",
    b"[] []",
    b"[" * 100_000,
    b"9" * 10_000,
    None,
    7,
    {},
    {"a": 1},
    [None],
    ["abcde"],
    [{"a": 1}],
    [[]],
    [[*PLACE]],
    [[*PLACE, None]],
    [[*PLACE, "x"]],
    [[*PLACE, [None]]],
    [[*PLACE, ["abc"]]],
    [[*PLACE, [[]]]],
    [[*PLACE, [{}]]],
    [[*PLACE, [["m", "r", "warning", 1, 1, None, None, None]]]],
    [[*PLACE, [[1, "r", "warning", 1, 1]]]],
    [[*PLACE, [["m", None, "warning", 1, 1]]]],
    [[*PLACE, [["m", "r", "fatal", 1, 1]]]],
    [[*PLACE, [["m", "r", ["warning"], 1, 1]]]],
    [[*PLACE, [["m", "r", "warning", None, 1]]]],
    [[*PLACE, [["m", "r", "warning", 0, 1]]]],
    [[*PLACE, [["m", "r", "warning", 1, 1.5]]]],
    [[*PLACE, [["m", "r", "warning", 1, True]]]],
    [[*PLACE, [["m", "r", "warning", 1, 1, "2"]]]],
    [[*PLACE, [["m", "r", "warning", 1, 1, 1, -2]]]],
    [[*PLACE, [["m", "r", "warning", 1, 10**4000]]]],
    [[4, "00", 1, 1, []]],
    [[-1, "00", 1, 1, []]],
    [["0", "00", 1, 1, []]],
    [[True, "00", 1, 1, []]],
    [[0, None, 1, 1, []]],
    [[0, "00", 0, 1, []]],
    [[0, "00", 1, "1", []]],
]


@pytest.mark.parametrize("findings", WRONG_FINDINGS)
def test_record_with_findings_of_another_shape_counts_as_missing(findings: object) -> None:
    record = hostile(findings=findings)
    assert contents_of(record) is None
    assert reusable(record) == {}


def nested(depth: int) -> bytes:
    row = json.dumps([0, "00", "variable", "a", 1, 1, "HERE"])
    return f"[{row}]".replace('"HERE"', '{"a":[' * depth + "]}" * depth).encode()


WRONG_VALUES: list[object] = [
    b"\xff",
    b"[" * 100_000,
    b'[[0,"00","variable","a",1,1,NaN]]',
    b'[[0,"00","variable","a",1,1,-Infinity]]',
    nested(100),
    nested(480),
    nested(100_000),
    None,
    {},
    [None],
    [{}],
    [[]],
    [[0, "00", "variable", "a", 1, 1]],
    [[0, "00", "variable", "a", 1, 1, 0, 0]],
    [[9, "00", "variable", "a", 1, 1, 0]],
    [[0, 0, "variable", "a", 1, 1, 0]],
    [[0, "00", "varieties", "a", 1, 1, 0]],
    [[0, "00", ["variable"], "a", 1, 1, 0]],
    [[0, "00", "variable", 5, 1, 1, 0]],
    [[0, "00", "variable", "a", None, 1, 0]],
    [[0, "00", "variable", "a", 1, 2**60, 0]],
]


@pytest.mark.parametrize("values", WRONG_VALUES)
def test_record_with_values_of_another_shape_counts_as_missing(values: object) -> None:
    record = hostile(findings=[], values=values)
    assert contents_of(record) is None
    assert reusable(record) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.no_cover
@given(JSON, JSON)
def test_no_json_makes_reading_raise(findings: object, values: object) -> None:
    record = hostile(findings=findings, values=values)
    assert contents_of(record) is None or reusable(record)


@given(st.binary())
@example(join([HEAD.pack(1, 1, 1, 1), b"", b"k", b"{", b"["]))
def test_no_bytes_make_reading_raise(payload: bytes) -> None:
    record = unpack(payload)
    if record is not None:
        contents_of(record)
        reusable(record)


def change_one_byte(payload: bytes, at: int, to: int) -> bytes:
    return payload[:at] + bytes([to]) + payload[at + 1 :]


@given(st.data())
def test_no_changed_byte_makes_reading_raise(data: st.DataObject) -> None:
    payload = packed(Outcome((Finding("odd"),)), Outcome(value=[{"a": 1.5}]))
    at = data.draw(st.integers(0, len(payload) - 1))
    record = unpack(change_one_byte(payload, at, data.draw(st.integers(0, 255))))
    if record is not None:
        contents_of(record)
        reusable(record)


@pytest.mark.parametrize("reader", [contents_of, reusable])
def test_deepest_value_that_is_allowed_can_be_read(
    reader: Callable[[FileRecord], object],
) -> None:
    value: Plain = 0
    for _ in range(100):
        value = [value]
    assert reader(record_of(Outcome(value=value)))
