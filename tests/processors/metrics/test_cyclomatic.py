"""Cyclomatic complexity is what ESLint's rule `complexity` says; the figures here are ESLint's."""

from collections.abc import Callable
from typing import Any

import pytest

Measure = Callable[..., list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("body", "cyclomatic"),
    [
        ("", 1),
        ("if (a) b()", 2),
        ("if (a) b(); else c()", 2),
        ("if (a) b(); else if (c) d(); else e()", 3),
        ("a ? b : c", 2),
        ("a && b || c ?? d", 4),
        ("for (;;) {}", 2),
        ("for (const a in b) {}", 2),
        ("for (const a of b) {}", 2),
        ("for await (const a of b) {}", 2),
        ("while (a) {}", 2),
        ("do {} while (a)", 2),
        ("switch (a) { case 1: case 2: b(); default: c() }", 3),
        ("try { a() } catch { b() } finally { c() }", 2),
        ("try { a() } finally { c() }", 1),
        ("a &&= b; a ||= b; a ??= b; a += b", 4),
        ("a?.b; a?.[b]; a?.(b); a?.<T>(b)", 5),
        ("a?.b.c.d", 2),
        ("const { a = 1, b: c = 2, ...d } = e; const [f = 1, g] = h", 4),
        ("({ a = 1 } = b); [c = 2] = d", 3),
        ("type A<T> = T extends U ? 1 : 2; let a: B | C", 1),
        ("const s = 'a && b ? c : d' // if (a)", 1),
        ("label: for (;;) { continue label }", 2),
    ],
)
def test_each_branch_adds_one(measure: Measure, body: str, cyclomatic: int) -> None:
    [figures] = measure(f"async function f() {{ {body} }}")
    assert figures["cyclomatic"] == cyclomatic


@pytest.mark.parametrize(
    ("parameters", "cyclomatic"),
    [
        ("a, b: T, c?: U, ...d: V[]", 1),
        ("a = 1, b: T = 2", 3),
        ("{ a = 1, b }, [c = 2] = []", 4),
        ("a = () => b ? 1 : 2", 2),
        ("this: A, a: (b: c) => d", 1),
    ],
)
def test_default_values_of_parameters_are_branches(
    measure: Measure, parameters: str, cyclomatic: int
) -> None:
    figures = measure(f"function f({parameters}) {{}}")[0]
    assert figures["cyclomatic"] == cyclomatic


def test_nested_functions_count_for_themselves_alone(measure: Measure) -> None:
    source = "function f(a) { if (a) g(b => b || c, function () { return a ? 1 : d?.e }) }"
    assert [figures["cyclomatic"] for figures in measure(source)] == [2, 2, 3]


def test_computed_name_of_method_counts_outside(measure: Measure) -> None:
    source = "function f() { return { [a && b](c = 1) {}, [d || e]: () => g ?? h } }"
    assert [figures["cyclomatic"] for figures in measure(source)] == [3, 2, 2]


def test_function_in_a_computed_name_keeps_what_is_its_own(measure: Measure) -> None:
    source = "const a = { [(() => b ? 1 : 2)()]() { if (c) d(); if (e) f() } }"
    assert [figures["cyclomatic"] for figures in measure(source)] == [2, 3]


@pytest.mark.parametrize(
    ("head", "cyclomatic"),
    [
        ("<A, B extends C ? D : E>(a: { b: F }[], c?: G): Promise<{ d: H }>", 1),
        ("<A = B>(a: A, b = c)", 2),
        ("(a: () => void, b = c)", 2),
        ("(@A(b || c) d: E)", 2),
        ("<A>({ b, c }: D<A>, [e] = f): g is (typeof h)[number]", 2),
    ],
)
def test_head_of_a_method_is_searched_too(measure: Measure, head: str, cyclomatic: int) -> None:
    [figures] = measure(f"class A {{ f{head} {{ return 1 }} }}")
    assert figures["cyclomatic"] == cyclomatic


def test_initialisers_and_static_blocks_are_functions_of_their_own(measure: Measure) -> None:
    source = "const A = class { a = b && c; static { if (d) e() } [f ? 1 : 2] = 3; g; h = () => i }"
    assert [(figures["kind"], figures["cyclomatic"]) for figures in measure(source)] == [
        ("field", 2),
        ("static_block", 2),
        ("field", 1),
        ("field", 1),
        ("arrow", 1),
    ]


def test_accessor_is_no_function_of_its_own(measure: Measure) -> None:
    source = "function f() { return class { accessor a = b && c } }"
    assert [figures["cyclomatic"] for figures in measure(source)] == [2]


def test_markup_is_measured(measure: Measure) -> None:
    [outer, inner] = measure(
        "const A = () => <b c={() => d ? 1 : 2}>{e && <f/>}</b>", language="tsx"
    )
    assert (outer["cyclomatic"], inner["cyclomatic"]) == (2, 2)
