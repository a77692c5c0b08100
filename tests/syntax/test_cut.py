from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_partition
from update_cases import case_files

from chunkflow import Chunk, chunk_source
from chunkflow.syntax.suffixes import language_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
LARGE = FIXTURES / "steering-workflow-engine.ts"


def cut(source: str, most: int) -> list[Chunk]:
    chunks = chunk_source(source.encode(), "typescript", max_bytes=most)
    assert_partition(source.encode(), chunks)
    return chunks


def texts(source: str, most: int) -> list[str]:
    return [chunk.text for chunk in cut(source, most)]


def changed(before: str, after: str, most: int) -> tuple[int, int]:
    """Chunks that are new, and their bytes."""
    known = {chunk.digest for chunk in cut(before, most)}
    new = [chunk for chunk in cut(after, most) if chunk.digest not in known]
    return len(new), sum(len(chunk.source) for chunk in new)


@pytest.mark.parametrize("most", [1, 17, 60, 400])
@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.name)
def test_parts_and_gaps_give_each_case_back(path: Path, most: int) -> None:
    source = path.read_bytes()
    assert_partition(source, chunk_source(source, language_of(path.name) or "", max_bytes=most))


def test_nothing_is_larger_than_the_limit_but_single_tokens() -> None:
    for chunk in chunk_source(LARGE.read_bytes(), "typescript", max_bytes=200):
        assert len(chunk.source) <= 200 or chunk.kind == "comment" or "`" in chunk.text


def test_what_fits_is_not_cut() -> None:
    source = LARGE.read_bytes()
    whole = chunk_source(source, "typescript")
    most = max(len(chunk.source) for chunk in whole)
    assert chunk_source(source, "typescript", max_bytes=most) == whole


def test_a_body_is_cut_between_its_statements() -> None:
    assert texts("function f() {\n  one();\n\n  two();\n}", 16) == [
        "function f() {",
        "one();",
        "two();",
    ]


def test_statements_without_a_blank_line_stay_together_where_they_fit() -> None:
    assert texts("function f() {\n  a();\n  b();\n\n  c();\n}", 20) == [
        "function f() {",
        "a();\n  b();",
        "c();",
    ]


def test_members_of_an_object_keep_their_commas() -> None:
    assert texts("const o = {\n  a: 1,\n\n  b: 2,\n};", 12) == ["const o = {", "a: 1,", "b: 2,"]


def test_arguments_elements_branches_and_links_of_a_chain_are_cut() -> None:
    assert texts("call(\n  aaaa,\n\n  bbbb,\n);", 12) == ["call(", "aaaa,", "bbbb,"]
    assert texts("x = [\n  1111,\n\n  2222,\n];", 12) == ["x = [", "1111,", "2222,"]
    assert texts("if (a) {\n  b();\n} else {\n  c();\n}", 20) == [
        "if (a) {\n  b();\n}",
        "else {\n  c();\n}",
    ]
    assert texts("a\n  .bbbb(1)\n  .cccc(2);", 12) == ["a", ".bbbb(1)", ".cccc(2);"]


def test_the_first_part_keeps_kind_name_and_declaration() -> None:
    source = "/** d */\nfunction f() {\n  one();\n\n  two();\n}"
    first, *others = cut(source, 30)
    assert (first.kind, first.name, first.decl_end_byte) == ("function", "f", len(source))
    assert [(part.kind, part.scope) for part in others] == [
        ("expression", ("f",)),
        ("expression", ("f",)),
    ]


def test_overloads_are_cut_between_each_other() -> None:
    source = "function f(a: 1): 1;\nfunction f(a: 2): 2;\nfunction f(a: any) {\n  return a;\n}"
    assert texts(source, 40)[0] == "function f(a: 1): 1;"


def test_one_edit_in_a_suite_of_3000_lines_reruns_less_than_the_limit() -> None:
    tests = "\n\n".join(
        f'  it("does {i}", () => {{\n' + f"    expect(run({i})).toBe({i});\n" * 5 + "  });"
        for i in range(375)
    )
    source = f'describe("all", () => {{\n{tests}\n}});\n'
    edited = source.replace("    expect(run(200)).toBe(200);\n", "    run(200);\n", 1)
    assert source.count("\n") >= 3000
    count, size_bytes = changed(source, edited, 1500)
    assert count == 1
    assert size_bytes < 1500


def test_one_edit_in_a_function_of_1000_lines_reruns_less_than_the_limit() -> None:
    body = "".join(f"  const v{i} = await load({i}, options);\n" for i in range(1000))
    source = f"async function long(options: Options) {{\n{body}}}\n"
    edited = source.replace("  const v500 =", "  log(500);\n  const v500 =")
    count, size_bytes = changed(source, edited, 1500)
    assert count <= 2
    assert size_bytes < 1500


@given(st.integers(1, 300), st.integers(0, 2000))
def test_a_cut_does_not_depend_on_how_much_stands_before(most: int, before: int) -> None:
    statements = "".join(f"  call{i}(argument, {i});\n" for i in range(40))
    source = f"function f() {{\n{statements}}}"
    shifted = "x;" * before + "\n" + source
    assert [c.digest for c in cut(source, most)] == [
        c.digest for c in cut(shifted, most) if c.text != "x;"
    ]


def test_a_limit_below_one_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="max_bytes is 0; it must be at least 1"):
        chunk_source(b"", "typescript", max_bytes=0)
