"""What crosses to workers and back survives the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.engine.messages import (
    ChunkDone,
    ChunkTask,
    FileDone,
    FilePart,
    FileTask,
    ProcessorConfig,
    WorkConfig,
    decode_chunk,
    encode_chunk,
    join_messages,
    split_messages,
)
from chunkflow.model.chunk import Chunk
from chunkflow.model.framing import join
from chunkflow.syntax.chunker import chunk_source

# Any string that Python can hold: file names and messages may have lone surrogates.
TEXT = st.text(st.characters())
INDEXES = st.lists(st.integers(0, (1 << 32) - 1)).map(tuple)
CODE = st.dictionaries(TEXT, TEXT)
PARTS = st.builds(FilePart, st.binary(), INDEXES, st.lists(TEXT).map(tuple), st.binary(), CODE)


@given(TEXT, TEXT, st.none() | st.binary(), st.lists(st.binary()), st.booleans())
def test_task_survives(
    shown: str, path: str, source: bytes | None, previous: list[bytes], apart: bool
) -> None:
    task = FileTask(shown, path, "tsx", source, tuple(previous), apart)
    assert FileTask.decode(task.encode()) == task


@given(TEXT, st.binary(), st.lists(PARTS))
def test_answer_survives(error: str, digest: bytes, parts: list[FilePart]) -> None:
    done = FileDone(error, digest, tuple(parts))
    assert FileDone.decode(done.encode()) == done


@given(st.integers(0, 255), st.binary(), st.binary())
def test_task_about_a_chunk_survives(processor: int, local_key: bytes, chunk: bytes) -> None:
    task = ChunkTask(processor, local_key, chunk)
    assert ChunkTask.decode(task.encode()) == task


@given(st.binary(), TEXT, st.floats(0, 1e6), CODE)
def test_answer_about_a_chunk_survives(
    record: bytes, error: str, took_s: float, code: dict[str, str]
) -> None:
    done = ChunkDone.decode(ChunkDone(record, error, took_s, code).encode())
    assert (done.record, done.error, done.late_code) == (record, error, code)
    assert done.took_s == pytest.approx(took_s, abs=1e-9)


CHUNK = chunk_source(b"class A {\n  // \xff\n  m() {}\n}\n", "typescript")[1]


@pytest.mark.parametrize(
    "chunk",
    [
        CHUNK,
        CHUNK._replace(path="odd\udcff.ts", container="class A {", imports="import 'a'"),
        CHUNK._replace(scope=None, name=None),
        CHUNK._replace(scope=()),
    ],
)
def test_chunk_survives(chunk: Chunk) -> None:
    assert decode_chunk(encode_chunk(chunk)) == chunk


@given(st.lists(st.binary()))
def test_parts_of_a_payload_survive(parts: list[bytes]) -> None:
    kind, told = split_messages(join_messages(b"x", parts))
    assert (kind, list(told)) == (b"x", parts)


@pytest.mark.parametrize("payload", [b"", b"x", b"xyz", join_messages(b"x", [b"a"])[:-1]])
def test_bytes_that_are_no_payload_are_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        split_messages(payload)


def test_config_survives() -> None:
    config = WorkConfig(
        "/odd\udcff",
        (
            ProcessorConfig("metrics", {"max_sloc": 10}),
            ProcessorConfig("a:b", {"c": [1.5, None]}, 50, '["\udcff"]'),
        ),
        ("describe",),
        1000,
    )
    assert WorkConfig.decode(config.encode()) == config


@pytest.mark.parametrize("odd", [object(), {1}, b"bytes"])
def test_config_of_what_json_cannot_hold_is_refused(odd: object) -> None:
    with pytest.raises(TypeError):
        WorkConfig("/", (ProcessorConfig("a:b", {"odd": odd}),), ()).encode()


@pytest.mark.parametrize("code", [b"[]", b"7", b'{"a": 1}', b"{", b"\xff"])
def test_code_of_another_shape_is_refused(code: bytes) -> None:
    done = join([b"record", b"", b"1", code])
    with pytest.raises(ValueError, match=r"\w"):
        ChunkDone.decode(done)
