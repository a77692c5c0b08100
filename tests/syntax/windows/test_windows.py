import io
import tracemalloc
from pathlib import Path

import pytest
from fetch_corpus import source_files
from update_cases import case_files

from chunkflow.syntax.chunker import Chunker
from chunkflow.syntax.suffixes import language_of
from chunkflow.syntax.windows import cut_windows

FIXTURES = Path(__file__).parents[3] / "fixtures"
LARGE = [FIXTURES / "steering-workflow-engine.ts", FIXTURES / "specs-driven-flow.ts"]
# Text whose brackets do not close has no statement that is surely whole.
BALANCED = [path for path in case_files() if not path.name.startswith("broken_")]


def assert_same(path: Path, window_bytes: int, chunker: Chunker) -> int:
    source = path.read_bytes()
    found = list(cut_windows(io.BytesIO(source).read, chunker, window_bytes=window_bytes))
    assert [c for w in found for c in w.in_file()] == chunker.parse(source).chunks, path
    return len(found)


@pytest.mark.parametrize("window_bytes", [64, 300, 1000])
@pytest.mark.parametrize("path", BALANCED, ids=lambda path: path.name)
def test_windows_of_a_case_give_the_chunks_of_the_whole(path: Path, window_bytes: int) -> None:
    assert_same(path, window_bytes, Chunker(language_of(path.name) or ""))


@pytest.mark.parametrize("window_bytes", [2048, 4096, 10_000])
@pytest.mark.parametrize("path", LARGE, ids=lambda path: path.name)
def test_a_file_larger_than_the_window_comes_in_several(path: Path, window_bytes: int) -> None:
    # The engine is one class with an overload run before it: one statement grows the window.
    assert assert_same(path, window_bytes, Chunker("typescript")) > 1


def test_each_window_is_no_larger_than_its_statements_need() -> None:
    source = b"".join(b"export function f%d() {\n  return %d;\n}\n" % (i, i) for i in range(5000))
    sizes = [
        len(window.source)
        for window in cut_windows(io.BytesIO(source).read, Chunker("typescript"), window_bytes=8192)
    ]
    assert sum(sizes) == len(source)
    assert max(sizes) <= 8192


@pytest.mark.slow
@pytest.mark.no_cover
def test_overloads_on_both_sides_of_a_window_are_one_chunk() -> None:
    source = b"".join(b"declare function f(a: %d): %d;\n" % (i, i) for i in range(400))
    (window,) = cut_windows(io.BytesIO(source).read, Chunker("typescript"), window_bytes=1024)
    assert [chunk.name for chunk in window.chunks] == ["f"]


def test_statements_on_one_line_are_told_apart() -> None:
    source = b"var a=1;" * 5000
    found = list(cut_windows(io.BytesIO(source).read, Chunker("javascript"), window_bytes=4096))
    assert len(found) > 5
    assert sum(len(window.chunks) for window in found) == 5000


HANG = b"<x {{y:>z:w(u v)$\n"


def test_what_is_to_be_said_of_a_window_comes_with_it() -> None:
    source = b"const a = 1;\n" * 2000 + HANG + b"const b = 1;\n" * 2000
    found = list(cut_windows(io.BytesIO(source).read, Chunker("tsx"), window_bytes=4096))
    assert b"".join(window.source for window in found) == source
    (note,) = {window.note for window in found} - {None}
    assert note is not None
    assert note.startswith("parsing took too long")
    assert [window.note for window in found[:3]] == [None] * 3


@pytest.mark.packages
@pytest.mark.parametrize("window_bytes", [4096, 65_536, 1 << 20])
@pytest.mark.parametrize("corpus", ["viem", "effect", "rxjs", "zod"])
def test_windows_of_any_size_give_the_chunks_of_the_whole(corpus: str, window_bytes: int) -> None:
    chunker = Chunker("typescript")
    larger = [p for p in source_files(corpus) if p.stat().st_size > window_bytes]
    # The largest and a sample of the others: all of them take minutes.
    larger.sort(key=lambda path: path.stat().st_size)
    for path in larger[:: max(1, len(larger) // 25)]:
        assert_same(path, window_bytes, chunker)


def peak_bytes(pieces: int) -> int:
    """The most that Python holds while so many pieces of 17 KB are chunked in windows."""
    left = [
        b"".join(b"export const a%d_%d = [1, 2, 3];\n" % (i, j) for j in range(500))
        for i in range(pieces)
    ]
    tracemalloc.start()
    try:
        found = cut_windows(
            lambda _size: left.pop() if left else b"", Chunker("typescript"), window_bytes=32_768
        )
        assert sum(len(window.chunks) for window in found) == 500 * pieces
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.no_cover
def test_memory_follows_the_window_not_the_file() -> None:
    peak_bytes(1)
    assert peak_bytes(200) < 1.2 * peak_bytes(20)


@pytest.mark.parametrize(
    "head",
    [
        b"\xef\xbb\xbf// of f\r\n",
        b"\xef\xbb\xbf/* of f */\n",
        b"// one\n// two\n",
        b"/**\n * /* of f\n */\n",
        b"#!/usr/bin/env node\n// of f\n",
        b"let a = 1 // of a\n",
        b"let a = 1 /* of\n a */\n",
        b"let a = '*/'\n",
        b"let a = `\n// `\n",
        b"@dec\n",
        b"/* of f */ /* too */\n",
    ],
)
@pytest.mark.parametrize("line", [b"function f() {}\n", b"export class F {}\n"])
def test_a_window_does_not_end_before_what_is_of_the_next_statement(
    head: bytes, line: bytes
) -> None:
    source = head + line + b"let b = 2\n" * 60
    whole = Chunker("typescript").parse(source).chunks
    for window_bytes in (300, 400, 500):
        found = cut_windows(
            io.BytesIO(source).read, Chunker("typescript"), window_bytes=window_bytes
        )
        assert [chunk for window in found for chunk in window.in_file()] == whole
