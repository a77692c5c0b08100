"""A finding a figure over its limit, at the head of the function."""

from collections.abc import Callable, Mapping

import pytest

from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Finding, Outcome
from chunkflow.processors.metrics.limits import Limits

Outcomes = Callable[..., list[tuple[Chunk, Outcome]]]
Find = Callable[[str, Mapping[str, object]], list[Finding]]

OFF = dict.fromkeys(Limits._fields, 10**6)


@pytest.mark.parametrize(
    ("setting", "rule", "message"),
    [
        ("max_cyclomatic", "cyclomatic-complexity", "has a cyclomatic complexity of 2"),
        ("max_cognitive", "cognitive-complexity", "has a cognitive complexity of 1"),
        ("max_nesting", "max-nesting", "nests control statements 1 deep"),
        ("max_parameters", "max-parameters", "has 1 parameters"),
        ("max_sloc", "max-sloc", "has 1 lines of code"),
    ],
)
def test_figure_over_its_limit_is_a_finding(
    find: Find, setting: str, rule: str, message: str
) -> None:
    source = "function f(a) { if (a) b() }"
    [finding] = find(source, OFF | {setting: 0})
    assert (finding.rule, finding.severity) == (rule, "warning")
    assert finding.message == f'function "f" {message}; the limit is 0'


def test_figure_at_its_limit_is_none(find: Find) -> None:
    limits = {"max_cyclomatic": 2, "max_cognitive": 1, "max_nesting": 1, "max_parameters": 1}
    assert find("function f(a) { if (a) b() }", limits | {"max_sloc": 1}) == []


def test_limits_are_the_well_known_ones_by_default(find: Find) -> None:
    branches = "if (a) b();"
    rules = [finding.rule for finding in find(f"function f() {{ {branches * 16} }}", {})]
    assert rules == ["cognitive-complexity"]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("x(() => 1)", "arrow without a name"),
        ("class A { static {} }", "static block without a name"),
        ("class A { a = 1 }", 'initialiser of field "a"'),
        ("class A { get a() { return 1 } }", 'getter "a"'),
    ],
)
def test_function_is_named_in_words(find: Find, source: str, title: str) -> None:
    [finding] = find(source, OFF | {"max_cyclomatic": 0})
    assert finding.message.startswith(title + " has")


@pytest.mark.parametrize(
    ("source", "head"),
    [
        ("export async function f<T>(a) {}", "async function f<T>"),
        ("const f = (a) => a", "=>"),
        ("const f = /* é */ a => a", "=>"),
        ("const a = { f: () => 1 }", "f"),
        ("const a = { async f() {} }", "async f"),
        ("class A { static f() {} }", "static f"),
        ("class A { a = 1 + 1 }", "1 + 1"),
        ("class A { static {} }", "static"),
        ("class A { @a @b(() => 1) f() {} }", "@a @b(() => 1) f"),
    ],
)
def test_head_of_the_function_is_pointed_at(
    find: Find, outcomes: Outcomes, source: str, head: str
) -> None:
    finding = find(source, OFF | {"max_cyclomatic": 0})[-1]
    [text] = [c.text for c, outcome in outcomes(source) if outcome.value is not None]
    assert finding.start_line == finding.end_line == 1
    assert text[finding.start_column - 1 : (finding.end_column or 0) - 1] == head


def test_function_that_is_all_of_a_field_is_pointed_at_by_its_name(find: Find) -> None:
    source = "class A { private f = () => 1 }"
    found = find(source, OFF | {"max_cyclomatic": 0})
    assert [(f.start_column, f.end_column) for f in found] == [(13, 20), (1, 10)]


def test_columns_are_code_points_and_count_from_the_chunk(find: Find) -> None:
    source = "let a = 1; /* 😀é */ export function f() {\n  '😀é'; function g() {} }"
    found = find(source, OFF | {"max_cyclomatic": 0})
    places = [(f.start_line, f.start_column, f.end_line, f.end_column) for f in found]
    assert places == [(1, 8, 1, 18), (2, 9, 2, 19)]
