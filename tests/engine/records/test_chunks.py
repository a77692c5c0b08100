"""A chunk record gives back what was said of a chunk, and is never trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.engine.records.chunks import pack_chunk, unpack_chunk
from chunkflow.engine.records.writer import RecordWriter
from chunkflow.model.finding import Finding, Outcome
from chunkflow.syntax.chunker import chunk_source

(CHUNK,) = chunk_source(b"let a = 1", "typescript")


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(),
        Outcome(value={"a": [1, 2.5, "\ud800", None, True]}),
        Outcome((Finding("odd", "rule", "error", 2, 3, 4, 5), Finding("even")), 1),
    ],
)
def test_outcome_comes_back(outcome: Outcome) -> None:
    assert unpack_chunk(pack_chunk(CHUNK, outcome)) == outcome


def test_error_is_not_kept() -> None:
    assert unpack_chunk(pack_chunk(CHUNK, Outcome(error="no"))) is None


def test_value_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        pack_chunk(CHUNK, Outcome(value={1}))  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", [b"", b"no record", RecordWriter().finish(0)])
def test_bytes_that_are_no_chunk_record_are_missing(payload: bytes) -> None:
    assert unpack_chunk(payload) is None


RECORD = pack_chunk(CHUNK, Outcome((Finding("odd"),), {"a": 1}))


@given(st.integers(0, len(RECORD) - 1), st.integers(1, 255))
def test_no_damage_makes_reading_raise(at: int, flip: int) -> None:
    damaged = bytearray(RECORD)
    damaged[at] ^= flip
    found = unpack_chunk(bytes(damaged))
    assert found is None or found.error is None
