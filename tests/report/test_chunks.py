"""Chunks as they are printed."""

import json
from collections.abc import Iterator

import pytest

from chunkflow.model.chunk import Chunk
from chunkflow.report.chunks import CHUNK_FORMATS, render_chunks
from chunkflow.syntax.chunker import chunk_source

SOURCE = b"// a licence\n\nclass A {\n  m() { return 1 }\n}\n"
CHUNKS = [c._replace(path="a\udcff.ts") for c in chunk_source(SOURCE, "typescript")]


def test_text_has_a_line_a_chunk() -> None:
    assert list(render_chunks(CHUNKS, "text")) == [
        "a\\udcff.ts:1-1 comment - (12 bytes)",
        "a\\udcff.ts:3-3 class A (9 bytes)",
        "a\\udcff.ts:4-4 method A.m (16 bytes)",
    ]


def test_record_has_the_documented_form() -> None:
    record = json.loads(list(render_chunks(CHUNKS, "jsonl"))[2])
    assert record == {
        "path": "a\udcff.ts",
        "language": "typescript",
        "kind": "method",
        "name": "m",
        "scope": ["A"],
        "start_byte": 26,
        "end_byte": 42,
        "decl_start_byte": 26,
        "decl_end_byte": 42,
        "start_line": 4,
        "end_line": 4,
        "digest": CHUNKS[2].digest.hex(),
    }


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_json_is_an_array_of_the_records(count: int) -> None:
    array = json.loads("\n".join(render_chunks(CHUNKS[:count], "json")))
    assert array == [json.loads(line) for line in render_chunks(CHUNKS[:count], "jsonl")]


def test_chunk_without_a_scope_or_path_is_shown() -> None:
    (line,) = render_chunks([CHUNKS[2]._replace(scope=None, path=None)], "text")
    assert line == ":4-4 method m (16 bytes)"


@pytest.mark.parametrize("form", CHUNK_FORMATS)
def test_chunks_are_rendered_as_they_come(form: str) -> None:
    class EndError(Exception):
        pass

    def chunks() -> Iterator[Chunk]:
        yield from CHUNKS
        raise EndError

    lines = render_chunks(chunks(), form)
    assert next(lines)
    assert next(lines)
    with pytest.raises(EndError):
        list(lines)
