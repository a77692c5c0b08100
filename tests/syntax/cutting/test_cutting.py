import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from effort import mark_others_slow
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_partition
from update_cases import case_files

from chunkflow import Chunk, chunk_source
from chunkflow.syntax.languages import make_parser
from chunkflow.syntax.suffixes import language_of

FIXTURES = Path(__file__).parents[3] / "fixtures"
LARGE = FIXTURES / "steering-workflow-engine.ts"
MOST = 1500
LOG = '{indent}console.log("inserted {number}");\n'
# Tokens to the compiler, though the grammar takes them apart.
TOKENS = {"string", "regex"}
TEMPLATE_TOKEN = re.compile(r"[`}].*(`|\$\{)", re.DOTALL)


def cut(source: str, most: int) -> list[Chunk]:
    chunks = chunk_source(source.encode(), "typescript", max_bytes=most)
    assert_partition(source.encode(), chunks)
    return chunks


def texts(source: str, most: int) -> list[str]:
    return [chunk.text for chunk in cut(source, most)]


def added(before: str, after: str, most: int = MOST) -> list[Chunk]:
    """Chunks that are new: what has to be processed again."""
    known = Counter(chunk.digest for chunk in cut(before, most))
    new = Counter(chunk.digest for chunk in cut(after, most)) - known
    return [chunk for chunk in cut(after, most) if chunk.digest in new]


def assert_small_or_tokens(source: bytes, most: int) -> None:
    """Nothing is larger than the limit but what is a single token."""
    root = make_parser("typescript").parse(source).root_node
    for chunk in chunk_source(source, "typescript", max_bytes=most):
        if len(chunk.source) > most:
            node = root.descendant_for_byte_range(chunk.start_byte, chunk.end_byte - 1)
            assert node is not None
            is_token = not node.child_count or node.type in TOKENS
            assert is_token or TEMPLATE_TOKEN.fullmatch(chunk.text), chunk.text


@pytest.mark.parametrize("most", [1, 17, 60, 400])
@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.name)
def test_parts_and_gaps_give_each_case_back(path: Path, most: int) -> None:
    source = path.read_bytes()
    assert_partition(source, chunk_source(source, language_of(path.name) or "", max_bytes=most))


@pytest.mark.parametrize("path", [LARGE, FIXTURES / "specs-driven-flow.ts"])
@pytest.mark.parametrize("most", [1, 10, 40, 200, 500, 1500])
def test_nothing_is_larger_than_the_limit_but_single_tokens(path: Path, most: int) -> None:
    assert_small_or_tokens(path.read_bytes(), most)


def test_a_token_is_never_cut() -> None:
    long = "x" * 30
    assert texts(f'const a = "{long}\\n{long}";', 20) == ["const a", "=", f'"{long}\\n{long}"']
    assert texts(f"a = /{long}[a]\\//g;", 20) == ["a", "=", f"/{long}[a]\\//g"]
    assert texts(f"a = `{long}${{b + c}}{long}${{d}}`;", 12) == [
        "a",
        "=",
        f"`{long}${{",
        "b",
        "+",
        "c",
        f"}}{long}${{",
        "d}`;",
    ]


def test_comments_are_cut_between_each_other() -> None:
    lines = [f"// {i} {'x' * 20}" for i in range(9)]
    parts = cut("\n".join(lines), 60)
    assert {part.kind for part in parts} == {"comment"}
    assert "\n".join(part.text for part in parts) == "\n".join(lines)
    assert texts(f"/* {'a' * 30} */\n// b\nlet c = 1;", 30)[0] == f"/* {'a' * 30} */"
    assert texts(f"let c = 1; // {'b' * 30}", 30) == ["let c = 1;", f"// {'b' * 30}"]


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
    assert texts("function f() {\n  a();\n  b();\n\n  c();\n  d();\n}", 30) == [
        "function f() {\n  a();\n  b();",
        "c();\n  d();",
    ]


def test_statements_that_do_not_fit_together_stand_alone() -> None:
    source = "function f() {\n  a();\n  b();\n  c();\n\n  d();\n}"
    assert texts(source, 24) == ["function f() {\n  a();", "b();", "c();", "d();"]


def test_what_is_cut_inside_is_cut_off_from_its_neighbours() -> None:
    source = "function f() {\n  a();\n  if (b) {\n    c();\n\n    d();\n  }\n  e();\n}"
    assert texts(source, 30) == [
        "function f() {\n  a();",
        "if (b) {\n    c();",
        "d();",
        "e();",
    ]


def test_text_behind_a_list_stays_with_its_end() -> None:
    source = "later(() => {\n  one();\n\n  two();\n}, 1000);"
    assert texts(source, 30) == ["later(() => {\n  one();", "two();\n}, 1000"]


def test_a_comment_that_a_blank_line_follows_belongs_to_what_is_before() -> None:
    source = "function f() {\n  a();\n  // of a\n\n  b();\n\n  // of none\n\n  c();\n  // end\n}"
    assert texts(source, 40) == [
        "function f() {\n  a();\n  // of a",
        "b();",
        "// of none",
        "c();\n  // end",
    ]


def test_a_long_header_is_cut_off_from_the_body() -> None:
    body = "".join(f"  call({i});\n" for i in range(12))
    source = f"/** {'What it does. ' * 5}*/\nfunction f(a: string) {{\n{body}}}"
    first, second = texts(source, 190)
    assert first.endswith("function f(a: string) {")
    assert second.startswith("call(0);")


def test_elements_of_jsx_are_cut() -> None:
    source = b"const a = (\n  <ul>\n    <li>aaaa</li>\n\n    <li>bbbb</li>\n    cc\n  </ul>\n);"
    parts = chunk_source(source, "tsx", max_bytes=30)
    assert_partition(source, parts)
    assert "<li>bbbb</li>" in [part.text for part in parts]


def test_a_switch_is_cut_between_its_cases() -> None:
    source = "switch (a) {\n  case 1:\n    b();\n\n  case 2:\n    c();\n    break;\n}"
    assert texts(source, 40) == [
        "switch (a) {\n  case 1:\n    b();",
        "case 2:\n    c();\n    break;",
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
    first, *others = cut(source, 40)
    assert (first.kind, first.name, first.decl_end_byte) == ("function", "f", len(source))
    assert [(part.kind, part.scope) for part in others] == [("expression", ("f",))]


def test_parts_say_of_what_kind_they_are() -> None:
    statements = ["call();", "const a = 1;", "return a;", "function g() {}", "// end"]
    source = "function f() {\n  start();\n\n  " + "\n\n  ".join(statements) + "\n\n  stop();\n}"
    assert [(part.kind, part.text) for part in cut(source, 40)[1:-1]] == list(
        zip(["expression", "variable", "statement", "function", "comment"], statements, strict=True)
    )


def test_overloads_are_cut_between_each_other() -> None:
    source = "function f(a: 1): 1;\nfunction f(a: 2): 2;\nfunction f(a: any) {\n  return a;\n}"
    assert texts(source, 40)[0] == "function f(a: 1): 1;"


def suite(random: Random) -> str:
    """A suite of 3,000 lines whose tests have hundreds of them each."""
    tests = "\n\n".join(
        f'  it("does {i}", async () => {{\n{statements(random, 370, indent=4)}  }});'
        for i in range(8)
    )
    return f'describe("all", () => {{\n{tests}\n}});\n'


def router(random: Random) -> str:
    """An object literal of handlers."""
    handlers = "".join(
        f"  {word(random)}{i}: procedure.input(schema{i}).query(async ({{ input }}) => {{\n"
        f"{statements(random, 25, indent=4)}  }}),\n"
        for i in range(60)
    )
    return f"export const routes = createRouter({{\n{handlers}}});\n"


def factory(random: Random) -> str:
    """A function that returns an object, with functions inside."""
    inner = "\n\n".join(
        f"  function {word(random)}{i}(value: number) {{\n{statements(random, 40, indent=4)}  }}"
        for i in range(25)
    )
    names = "".join(f"    value{i},\n" for i in range(25))
    return f"export function make(options: Options) {{\n{inner}\n\n  return {{\n{names}  }};\n}}\n"


def function(random: Random) -> str:
    """A function of 1,000 lines without a blank one."""
    lines = "".join(f"  const {word(random)}{i} = await load({i});\n" for i in range(1000))
    return f"async function long(options: Options) {{\n{lines}}}\n"


def switch(random: Random) -> str:
    """A switch of hundreds of cases."""
    cases = "".join(
        f'    case "{word(random)}{i}":\n      {word(random)}({i});\n      break;\n'
        for i in range(400)
    )
    return f"function reduce(action: Action) {{\n  switch (action.type) {{\n{cases}  }}\n}}\n"


def statements(random: Random, count: int, *, indent: int) -> str:
    """Calls and declarations, some of several lines, with a blank line here and there."""
    space = " " * indent
    forms = (
        "{s}expect({a}({n})).toBe({n});\n",
        "{s}const {a}{n} = await {b}({n});\n",
        "{s}if ({a} === {n}) {{\n{s}  {b}({n});\n{s}}}\n",
        "{s}{a}({n}, {{\n{s}  {b}: {n},\n{s}}});\n",
        "{s}{a}.{b} = {n};\n\n{s}{b}();\n",
    )
    text = ""
    while text.count("\n") < count:
        form = random.choices(forms, (8, 6, 2, 1, 1))[0]
        text += form.format(s=space, a=word(random), b=word(random), n=random.randrange(1000))
    return text


def word(random: Random) -> str:
    return "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=6))


MAKERS = {make.__name__: make for make in (suite, router, factory, function, switch)}


@pytest.mark.no_cover
@pytest.mark.parametrize("make", mark_others_slow(MAKERS, ["factory"]))
def test_one_line_inserted_anywhere_reruns_less_than_the_limit(
    make: Callable[[Random], str],
) -> None:
    random = Random(make.__name__)
    before = make(random)
    ends = [m.end() for m in re.finditer(r"^( +)[a-z].*\(\d+\)?.*;\n", before, re.MULTILINE)]
    for end in random.sample(ends, 30):
        line = before[before.rindex("\n", 0, end - 1) + 1 : end]
        indent = line[: len(line) - len(line.lstrip())]
        log = LOG.format(indent=indent, number=random.randrange(10**6))
        new = added(before, before[:end] + log + before[end:])
        assert len(new) == 1
        assert len(new[0].source) < MOST


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_large_declarations_fall_into_parts_below_the_limit(
    make: Callable[[Random], str],
) -> None:
    source = make(Random(make.__name__))
    assert len(chunk_source(source.encode(), "typescript")) < 12
    assert max(len(part.source) for part in cut(source, MOST)) <= MOST


def test_suite_and_function_are_as_long_as_said() -> None:
    assert suite(Random("suite")).count("\n") >= 2900
    assert function(Random("function")).count("\n") > 1000


@pytest.mark.no_cover
@given(st.integers(1, 400), st.integers(0, 10_000), st.sampled_from("abc(){}[]`'\"/*<;\n,"))
def test_a_mutated_file_falls_into_parts_that_give_it_back(most: int, at: int, text: str) -> None:
    source = LARGE.read_bytes()[:10_000]
    source = source[:at] + text.encode() + source[at + 1 :]
    assert_partition(source, chunk_source(source, "typescript", max_bytes=most))


@given(st.integers(1, 2000))
def test_parts_of_real_text_are_small_or_tokens(most: int) -> None:
    assert_small_or_tokens(LARGE.read_bytes()[:8000].rpartition(b"\n}\n")[0] + b"\n}\n", most)


@pytest.mark.no_cover
@given(st.integers(1, 300), st.integers(0, 2000))
def test_a_cut_does_not_depend_on_how_much_stands_before(most: int, before: int) -> None:
    statements = "".join(f"  call{i}(argument, {i});\n" for i in range(40))
    source = f"function f() {{\n{statements}}}"
    place = 2 * before + 1
    shifted = "x;" * before + "\n" + source
    assert [c.digest for c in cut(source, most)] == [
        c.digest for c in cut(shifted, most) if c.start_byte >= place
    ]


def test_a_limit_below_one_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="max_bytes is 0; it must be at least 1"):
        chunk_source(b"", "typescript", max_bytes=0)
