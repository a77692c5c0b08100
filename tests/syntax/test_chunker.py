from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_partition
from update_cases import case_files

from chunkflow import chunk_source
from chunkflow.syntax.suffixes import language_of

FIXTURES = Path(__file__).parents[2] / "fixtures"

TOKENS = [
    *"(){}[]<>;:,.=+-*/?!&|@#\"'`\\ \n\r\t$",
    "function f() {",
    "class A {",
    "export ",
    "import x from 'y'\n",
    "describe('s', () => {",
    "// c\n",
    "/* c */",
    "/** d */\n",
    "`${",
    "=> {",
    "x",
    "1",
    "\ufeff",
    "\u2028",
    "é",
]


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.name)
def test_chunks_and_gaps_give_each_case_back(path: Path) -> None:
    source = path.read_bytes()
    assert_partition(source, chunk_source(source, language_of(path.name) or ""))


@given(st.lists(st.sampled_from(TOKENS), max_size=40))
def test_any_tokens_give_a_partition(tokens: list[str]) -> None:
    source = "".join(tokens).encode()
    assert_partition(source, chunk_source(source, "typescript"))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_partition(source: bytes) -> None:
    assert_partition(source, chunk_source(source, "tsx"))


def test_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown language 'python'; known are typescript"):
        chunk_source(b"", "python")


def test_editing_one_function_changes_one_digest() -> None:
    source = (FIXTURES / "steering-workflow-engine.ts").read_bytes()
    before = chunk_source(source, "typescript")
    edited = before[len(before) // 2]
    at = edited.decl_end_byte - 1
    after = chunk_source(source[:at] + b"/* more */" + source[at:], "typescript")
    assert len(after) == len(before)
    assert sum(a.digest != b.digest for a, b in zip(before, after, strict=True)) == 1


def test_lines_are_counted_from_one_and_name_the_first_and_last_character() -> None:
    first, second = chunk_source(b"a()\n\nfunction f() {\n}\n", "typescript")
    assert (first.start_line, first.end_line) == (1, 1)
    assert (second.start_line, second.end_line) == (3, 4)


def test_suites_are_a_setting() -> None:
    source = b"QUnit.module('m', () => { test('t', () => {}) })"
    assert len(chunk_source(source, "javascript")) == 1
    header, test = chunk_source(source, "javascript", suites=["QUnit.module"])
    assert header.source == b"QUnit.module('m', () => {"
    assert test.scope == ("m",)
