from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_partition

from chunkflow import chunk_source
from chunkflow.syntax.chunker import Chunker

FIXTURES = Path(__file__).parents[2] / "fixtures"
REAL = (FIXTURES / "specs-driven-flow.ts").read_bytes()
STATEMENT = b"var a=function(b,c){return b?c(d=>({e:d})):!function(){for(;;)x[0]=`t${1}`}()};"

CASES = {
    "100,000 nested parentheses": b"(" * 100_000 + b"1" + b")" * 100_000,
    "100,000 nested arrays": b"x=" + b"[" * 100_000 + b"]" * 100_000,
    "20,000 unclosed parentheses": b"(" * 20_000,
    "20,000 unclosed braces": b"{" * 20_000,
    "3,000 unclosed classes": b"class A { m() {\n" * 3000,
    "20,000 unclosed templates": b"`${" * 20_000,
    "20,000 comments that never end": b"/*" * 20_000,
    "a line of 10 MB": b'const a = "' + b"x" * 10_000_000 + b'"',
    "a minified bundle": b"!function(){" + STATEMENT * 5000 + b"}()",
    "NUL": b"\0" * 50_000,
    "UTF-16": "export const a = 1\n".encode("utf-16") * 300,
    "Latin-1": "const é = 1\n".encode("latin-1") * 500,
    "BOM": b"\xef\xbb\xbfconst a = 1",
    "lone CR": b"const a = 1\rfunction f() {}\r" * 500,
    "conflict markers": b"<<<<<<< A\nlet a\n=======\nlet b\n>>>>>>> B\n" * 300,
    "JSX in .ts": b"const a = <div>don't {b} </div>;\nconst c = 1;\n",
    "hashbang": b"#!/usr/bin/env node\n",
    "semicolons": b";" * 50_000,
    "closing braces": b"}" * 20_000,
    "100,000 links of a chain": b"a" + b".b()" * 100_000,
    "20,000 else-ifs": b"if(a){}" + b"else if(a){}" * 20_000,
}


@pytest.mark.no_cover
@pytest.mark.parametrize("most", [None, pytest.param(1500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CASES)
def test_named_case_gives_a_partition(name: str, most: int | None) -> None:
    source = CASES[name]
    assert_partition(source, chunk_source(source, "typescript", max_bytes=most))


@given(st.integers(0, len(REAL)), st.integers(0, len(REAL)))
def test_a_truncated_file_gives_a_partition(start: int, end: int) -> None:
    source = REAL[start:end]
    assert_partition(source, chunk_source(source, "typescript"))


@pytest.mark.no_cover
@given(st.lists(st.tuples(st.integers(0, len(REAL)), st.sampled_from("(){}[]`'\"/*<;\n\0"))))
def test_a_mutated_file_gives_a_partition(edits: list[tuple[int, str]]) -> None:
    source = REAL
    for at, text in edits[:20]:
        source = source[:at] + text.encode() + source[at + 1 :]
    assert_partition(source, chunk_source(source, "typescript", max_bytes=300))


def test_an_error_stays_inside_its_statement() -> None:
    broken = REAL.replace(b"function ", b"function (((", 1)
    before = {chunk.digest for chunk in chunk_source(REAL, "typescript")}
    after = chunk_source(broken, "typescript")
    assert sum(chunk.digest not in before for chunk in after) <= 2


@pytest.mark.parametrize("language", ["typescript", "tsx"])
@pytest.mark.parametrize("text", [b"<x {{y:>z:w(u v)$", b"{...[n<c''+};|`s c"])
def test_a_statement_that_is_parsed_for_ever_is_cut_by_the_scan(text: bytes, language: str) -> None:
    source = b"const a = 1;\n" + text + b"\nexport function f() {}\n"
    parsed = Chunker(language).parse(source)
    assert_partition(source, parsed.chunks)
    assert {"a", "f"} <= {chunk.name for chunk in parsed.chunks}
