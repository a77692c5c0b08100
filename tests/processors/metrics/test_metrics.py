"""What `metrics` says of functions besides complexity, and of which functions it speaks."""

from collections.abc import Callable
from typing import Any

import pytest

from chunkflow.errors import SettingsError
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.processors.metrics import Metrics
from chunkflow.syntax.chunker import Chunker

Measure = Callable[..., list[dict[str, Any]]]
Outcomes = Callable[..., list[tuple[Chunk, Outcome]]]

NO_LIMITS = dict.fromkeys(
    ("max_cyclomatic", "max_cognitive", "max_nesting", "max_parameters", "max_sloc"), 10**6
)


def test_all_figures_of_a_function_are_told(measure: Measure) -> None:
    source = "/** doc */\nexport function f(a: A, b = 1) {\n\n  // why\n  return a || b\n}\n"
    assert measure(source) == [
        {
            "name": "f",
            "kind": "function",
            "start_line": 2,
            "end_line": 6,
            "cyclomatic": 3,
            "cognitive": 1,
            "nesting": 0,
            "parameters": 2,
            "sloc": 3,
        }
    ]


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        ("function f() {}", "function", "f"),
        ("export default function () {}", "function", None),
        ("async function* f() {}", "function", "f"),
        ("const f = () => 1", "arrow", "f"),
        ("const f: (a: string) => void = async a => {}", "arrow", "f"),
        ("const f = function () {}", "function", "f"),
        ("const f = function g() {}", "function", "g"),
        ("const f = function* () {}", "function", "f"),
        ("const f = (a => 1)", "arrow", None),
        ("f(() => 1)", "arrow", None),
        ("f = () => 1", "arrow", "f"),
        ("a.b.f = () => 1", "arrow", "f"),
        ("a[0] = () => 1", "arrow", None),
        ("const a = { f: () => 1 }", "arrow", "f"),
        ("const a = { 'f g': function () {} }", "function", "f g"),
        ("const a = { [b.c]: () => 1 }", "arrow", "[b.c]"),
        ("const a = { f() {} }", "method", "f"),
        ("const a = { get f() { return 1 } }", "getter", "f"),
        ("class A { f() {} }", "method", "f"),
        ("class A { 'f g'() {} }", "method", "f g"),
        ("class A { #f() {} }", "method", "#f"),
        ("class A { [Symbol.iterator]() {} }", "method", "[Symbol.iterator]"),
        ("class A { get() {} }", "method", "get"),
        ("class A { static async *f() {} }", "method", "f"),
        ("class A { get f() { return 1 } }", "getter", "f"),
        ("class A { static set f(a) {} }", "setter", "f"),
        ("class A { constructor() {} }", "constructor", "constructor"),
        ("class A { private constructor() {} }", "constructor", "constructor"),
        ("class A { static constructor() {} }", "method", "constructor"),
        ("class A { static { f() } }", "static_block", None),
        ("class A { a = 1 }", "field", "a"),
        ("class A { static readonly 'a b': B = 1 }", "field", "a b"),
        ("const é = () => 1", "arrow", "é"),
    ],
)
def test_kind_and_name_are_told(measure: Measure, source: str, kind: str, name: str | None) -> None:
    [figures] = measure(source)
    assert (figures["kind"], figures["name"]) == (kind, name)


def test_function_that_is_all_of_a_field_has_its_name(measure: Measure) -> None:
    figures = measure("class A { f = () => 1; g = (() => 1) }")
    assert [(item["kind"], item["name"]) for item in figures] == [
        ("field", "f"),
        ("arrow", "f"),
        ("field", "g"),
        ("arrow", None),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "const a = { b: [1, 2] }",
        "import { a } from 'b'",
        "interface A { b(): void; c: () => void }",
        "type A = (b: string) => void",
        "// function f() {}",
        "declare function f(): void",
        "declare const a: () => void",
        "abstract class A { abstract f(): void; b: string; declare c: number }",
        "enum A { B = 1 }",
        "f({ a: (1) })",
    ],
)
def test_chunk_without_functions_has_no_value(outcomes: Outcomes, source: str) -> None:
    assert [outcome.value for _, outcome in outcomes(source)] == [None] * len(outcomes(source))


@pytest.mark.parametrize(
    ("parameters", "number"),
    [
        ("", 0),
        ("a", 1),
        ("a, b?: B, ...c", 3),
        ("{ a, b }, [c]", 2),
        ("this: A", 0),
        ("this: A, b = 1", 1),
        ("/* none */", 0),
        ("a, // first\n b", 2),
        ("a: (b: C, d: E) => F", 1),
    ],
)
def test_parameters_are_counted(measure: Measure, parameters: str, number: int) -> None:
    [figures] = measure(f"function f({parameters}) {{}}")
    assert figures["parameters"] == number


def test_bare_parameter_of_arrow_function_is_counted(measure: Measure) -> None:
    assert [item["parameters"] for item in measure("const f = a => () => 1")] == [1, 0]


def test_parameter_properties_are_counted(measure: Measure) -> None:
    [figures] = measure("class A { constructor(private a: B, @C() readonly d = 1) {} }")
    assert (figures["parameters"], figures["cyclomatic"]) == (2, 2)


@pytest.mark.parametrize(
    ("body", "nesting"),
    [
        ("", 0),
        ("a && b ? c : d", 0),
        ("if (a) {}", 1),
        ("if (a) {} else if (b) {} else {}", 1),
        ("if (a) {} else { if (b) {} }", 2),
        ("if (a) {} else if (b) { for (;;) {} }", 2),
        ("for (;;) while (a) do {} while (b)", 3),
        ("try { if (a) {} } catch { b() }", 2),
        ("try { a() } catch { switch (b) { case 1: for (const c of d) {} } }", 3),
        ("if (a) {} for (const b in c) {}", 1),
        ("if (a) f(() => { while (b) if (c) {} }); if (d) { if (e) {} }", 2),
        ("f(() => { while (b) if (c) {} })", 0),
    ],
)
def test_nesting_is_that_of_control_statements(measure: Measure, body: str, nesting: int) -> None:
    assert measure(f"function f() {{ {body} }}")[0]["nesting"] == nesting


def test_nesting_counts_from_the_function(measure: Measure) -> None:
    figures = measure("if (a) { while (b) { f(() => { if (c) {} }) } }")
    assert [item["nesting"] for item in figures] == [1]


@pytest.mark.parametrize(
    ("source", "sloc"),
    [
        ("function f() {}", 1),
        ("function f() {\n}", 2),
        ("function f() {\n\n\n\n}", 2),
        ("function f() {\n  \t \n}", 2),
        ("function f() {\r\n\r\n  a\r\n}", 3),
        ("function f() {\n// a\n}", 2),
        ("function f() {\n/* a\n\n b */\n}", 2),
        ("function f() {\n/* a */ b\n}", 3),
        ("function f() {\nb /* a\n*/ c\n}", 4),
        ("function f() { // a\n\n  // b\n\n} // c", 2),
        ("function f() {\n'// a'\n}", 3),
        ("function f(\n  // a\n  b,\n) {}", 3),
        ("function f() {\n`\n// a\n`\n}", 5),
        ("const f = () =>\n  // a\n  1", 2),
        ("function f() {\n<!-- a\n}", 2),
    ],
)
def test_lines_of_code_are_neither_blank_nor_comment(
    measure: Measure, source: str, sloc: int
) -> None:
    [figures] = measure(source)
    assert figures["sloc"] == sloc


def test_lines_count_from_the_start_of_the_chunk(measure: Measure) -> None:
    source = "\n\nlet x\n// a\n// b\nconst f = [() => {\n\n  return\n}, () => 1]\n"
    assert [(f["start_line"], f["end_line"], f["sloc"]) for f in measure(source)] == [
        (3, 6, 3),
        (6, 6, 1),
    ]


def test_nested_functions_have_lines_of_their_own(measure: Measure) -> None:
    source = "function f() {\n  g(() => {\n\n    // a\n    b\n  })\n\n  c\n}"
    assert [(f["start_line"], f["end_line"], f["sloc"]) for f in measure(source)] == [
        (1, 9, 6),
        (2, 6, 3),
    ]


SNIPPETS = [
    "function f(a) {\n  if (a) for (const b of a) g(() => b ? 1 : 2)\n\n  // c\n}",
    "const f = { g: (a = 1) => a && b, h() { return a || b } }",
    "it('works', async () => {\n  if (a) b()\n  function c() {}\n})",
]


@pytest.mark.parametrize("snippet", SNIPPETS)
@pytest.mark.parametrize(
    "around",
    [
        "let a = () => 1\n\n/* é */ {} ; SNIPPET\nlet b = () => 2",
        "namespace N {\n  if (x) {}\n  SNIPPET\n}",
        "describe('a', () => {\n  context('b', function () {\n    SNIPPET\n  })\n})",
    ],
)
def test_result_depends_on_the_chunk_alone(outcomes: Outcomes, snippet: str, around: str) -> None:
    [(alone, expected)] = outcomes(snippet, settings=dict.fromkeys(NO_LIMITS, 0))
    source = around.replace("SNIPPET", snippet)
    found = dict(outcomes(source, settings=dict.fromkeys(NO_LIMITS, 0)))
    [chunk] = [chunk for chunk in found if chunk.source == alone.source]
    assert found[chunk] == expected
    assert expected.value


def test_suite_is_not_measured_but_what_is_in_it(outcomes: Outcomes) -> None:
    source = "describe('a', () => {\n  if (x) y()\n  it('b', () => { if (x) y() })\n})"
    found = [(chunk.kind, outcome.value is not None) for chunk, outcome in outcomes(source)]
    assert [value for _, value in found] == [False, False, True]


@pytest.mark.parametrize("wanted", [[0], [3], [0, 6], [1, 3, 4], []])
def test_only_some_chunks_of_a_file_may_be_asked_for(outcomes: Outcomes, wanted: list[int]) -> None:
    filler = "// text\n" * 90
    source = "".join(
        f"const f{i} = (a) => {'a ? ' * i}1{' : 2' * i}\n\n{filler}\nlet x{i}\n" for i in range(3)
    )
    everything = outcomes(source)
    text = source.encode()
    parsed = Chunker("typescript").parse(text)
    some = [parsed.chunks[place] for place in wanted]
    found = list(Metrics({}).process(some, text, parsed.roots))
    assert found == [everything[place][1] for place in wanted]


def test_text_with_errors_is_measured_where_it_can_be_read(measure: Measure) -> None:
    source = "function a() { if (b) c() }\n\nlet = = ) 1\n\nfunction d() { e && f }\n"
    assert [figures["name"] for figures in measure(source)] == ["a", "d"]


def test_chunk_that_cannot_be_read_has_no_value(outcomes: Outcomes) -> None:
    found = outcomes(") => { function ( } {")
    errors = [outcome for chunk, outcome in found if chunk.kind == "error"]
    assert errors
    assert all(outcome.value is None for outcome in errors)


def test_text_that_is_not_utf8_is_measured(measure: Measure) -> None:
    [figures] = measure(b"const f = () => '\xff' && 1")
    assert figures["cyclomatic"] == 2


@pytest.mark.parametrize(
    ("opening", "inside", "closing", "count"),
    [
        ("x=>", "1", "", 3000),
        ("a?", "1", ":2", 0),
        ("(a||b&&", "1", ")", 0),
        ("function f(){", "", "}", 3000),
        ("class{a=", "1", "}", 3000),
    ],
)
def test_deep_nesting_is_measured(
    measure: Measure, opening: str, inside: str, closing: str, count: int
) -> None:
    source = f"const f = () => {{ x = {opening * 3000}{inside}{closing * 3000} }}"
    assert len(measure(source)) == 1 + count


def test_limits_tell_parts_apart() -> None:
    plain = Metrics({}).parts()
    assert plain == Metrics({"max_sloc": 200}).parts()
    assert plain != Metrics({"max_sloc": 199}).parts()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"max_cyclomtic": 1},
            'unknown setting "processors.metrics.max_cyclomtic";'
            ' did you mean "processors.metrics.max_cyclomatic"',
        ),
        ({"qqqq": 1}, 'there are "processors.metrics.max_cyclomatic", "proc'),
        ({"max_sloc": "9"}, '"processors.metrics.max_sloc" must be a whole number .* not "9"'),
        ({"max_sloc": True}, "must be a whole number of at least 0, not true"),
        ({"max_sloc": 1.5}, "must be a whole number of at least 0, not 1.5"),
        ({"max_sloc": -1}, "must be a whole number of at least 0, not -1"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Metrics(settings)


def test_its_limits_are_a_part_apart_from_its_source() -> None:
    parts, other = Metrics({}).parts(), Metrics({"max_sloc": 5}).parts()
    assert parts["source"] == other["source"]
    assert parts["settings"] != other["settings"]
