"""Cognitive complexity as in G. Ann Campbell's paper, version 1.7; its examples in TypeScript."""

from collections.abc import Callable
from typing import Any

import pytest

Measure = Callable[..., list[dict[str, Any]]]

SUM_OF_PRIMES = """
function sumOfPrimes(max: number): number {
  let total = 0
  OUT: for (let i = 1; i <= max; ++i) {            // +1
    for (let j = 2; j < i; ++j) {                  // +2
      if (i % j === 0) {                           // +3
        continue OUT                               // +1
      }
    }
    total += i
  }
  return total
}
"""

GET_WORDS = """
function getWords(number: number): string {
  switch (number) {                                // +1
    case 1: return "one"
    case 2: return "a couple"
    case 3: return "a few"
    default: return "lots"
  }
}
"""

MY_METHOD = """
function myMethod() {
  try {
    if (condition1) {                              // +1
      for (let i = 0; i < 10; i++) {               // +2
        while (condition2) { work() }              // +3
      }
    }
  } catch (e) {                                    // +1
    if (condition2) { work() }                     // +2
  }
}
"""

OVERRIDDEN_SYMBOL_FROM = """
class Symbols {
  private overriddenSymbolFrom(classType: ClassType): MethodSymbol | null {
    if (classType.isUnknown()) {                   // +1
      return Symbols.unknownMethodSymbol
    }
    let unknownFound = false
    const symbols = classType.getSymbol().members().lookup(this.name)
    for (const overrideSymbol of symbols) {        // +1
      if (overrideSymbol.isKind(MTH)               // +2
          && !overrideSymbol.isStatic()) {         // +1
        const method = overrideSymbol as MethodSymbol
        if (canOverride(method)) {                 // +3
          const overriding = checkOverridingParameters(method, classType)
          if (overriding === null) {               // +4
            if (!unknownFound) {                   // +5
              unknownFound = true
            }
          } else if (overriding) {                 // +1
            return method
          }
        }
      }
    }
    if (unknownFound) {                            // +1
      return Symbols.unknownMethodSymbol
    }
    return null
  }
}
"""

# The paper's has a second `catch` (+2), which TypeScript does not know: 33 in place of 35.
ADD_VERSION = """
function addVersion(entry: Entry, txn: Transaction): void {
  const ti = persistit.getTransactionIndex()
  while (true) {                                   // +1
    try {
      {
        if (frst !== null) {                       // +2
          if (frst.version > entry.version) {      // +3
            throw new RollbackException()
          }
          if (txn.isActive()) {                    // +3
            for (let e = frst; e !== null; e = e.previous) {  // +4
              const depends = ti.wwDependency(e.version, txn.status, 0)
              if (depends === TIMED_OUT) {         // +5
                throw new WWRetryException(version)
              }
              if (depends !== 0                    // +5
                  && depends !== ABORTED) {        // +1
                throw new RollbackException()
              }
            }
          }
        }
        entry.previous = frst
        frst = entry
        break
      }
    } catch (re) {                                 // +2
      try {
        const depends = ti.wwDependency(re.version, txn.status, TIMEOUT)
        if (depends !== 0                          // +3
            && depends !== ABORTED) {              // +1
          throw new RollbackException()
        }
      } catch (ie) {                               // +3
        throw new PersistitInterruptedException(ie)
      }
    }
  }
}
"""

TO_REGEXP = """
function toRegexp(antPattern: string, directorySeparator: string): string {
  const escaped = '\\\\' + directorySeparator
  const sb = ['^']
  let i = antPattern.startsWith('/')               // +1, for the ternary
    || antPattern.startsWith('\\\\') ? 1 : 0       // +1
  while (i < antPattern.length) {                  // +1
    const ch = antPattern.charAt(i)
    if (SPECIAL_CHARS.indexOf(ch) !== -1) {        // +2
      sb.push('\\\\', ch)
    } else if (ch === '*') {                       // +1
      if (i + 1 < antPattern.length                // +3
          && antPattern.charAt(i + 1) === '*') {   // +1
        if (i + 2 < antPattern.length              // +4
            && isSlash(antPattern.charAt(i + 2))) {  // +1
          sb.push('(?:.*', escaped, '|)')
          i += 2
        } else {                                   // +1
          sb.push('.*')
          i += 1
        }
      } else {                                     // +1
        sb.push('[^', escaped, ']*?')
      }
    } else if (ch === '?') {                       // +1
      sb.push('[^', escaped, ']')
    } else if (isSlash(ch)) {                      // +1
      sb.push(escaped)
    } else {                                       // +1
      sb.push(ch)
    }
    i++
  }
  return sb.join('')
}
"""


@pytest.mark.parametrize(
    ("source", "cognitive"),
    [
        pytest.param(SUM_OF_PRIMES, 7, id="sumOfPrimes"),
        pytest.param(GET_WORDS, 1, id="getWords"),
        pytest.param(MY_METHOD, 9, id="myMethod"),
        pytest.param(OVERRIDDEN_SYMBOL_FROM, 19, id="overriddenSymbolFrom"),
        pytest.param(ADD_VERSION, 33, id="addVersion"),
        pytest.param(TO_REGEXP, 20, id="toRegexp"),
    ],
)
def test_examples_of_the_paper_have_its_figures(
    measure: Measure, source: str, cognitive: int
) -> None:
    [figures] = measure(source)
    assert figures["cognitive"] == cognitive


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ("a && b && c", 1),
        ("a || b || c || d", 1),
        ("a && b || c", 2),
        ("a && b && c || d || e && f", 3),
        ("a || (b && c) || d", 3),
        ("a && !(b && c)", 2),
        ("a && (b && (c && d))", 1),
        ("a && (/* why */ b && c // so\n)", 1),
        ("a && f(b && c)", 2),
        ("f(a && b, c && d, e || g)", 3),
        ("(a && b) === c && d", 2),
        ("a && [b && c]", 2),
        ("a ?? b", 0),
        ("(a ?? b) && c", 1),
        ("a && (b ?? (c && d))", 2),
        ("(a || b) && (c || d)", 3),
        ("(a || b) ? (c || d) : (e || g)", 4),
    ],
)
def test_runs_of_one_operator_count_once(measure: Measure, condition: str, runs: int) -> None:
    [figures] = measure(f"function f() {{ return {condition} }}")
    assert figures["cognitive"] == runs


@pytest.mark.parametrize(
    ("body", "cognitive"),
    [
        ("if (a) {} else if (b) {} else {}", 3),
        ("if (a) {} else /* c */ if (b) {}", 2),
        ("if (a) {} else // c\n if (b) {}", 2),
        ("if (a) {} else { if (b) {} }", 4),
        ("if (a) {} else iffy()", 2),
        ("if (a) if (b) c()", 3),
        ("if (a) {} else if (b) { if (c) {} }", 4),
        ("if (a ? b : c) {}", 2),
        ("a ? b ? c : d : e", 3),
        ("a ? b : c ? d : e", 3),
        ("(a ? b : c) ? d : e", 2),
        ("while (a) do {} while (b)", 3),
        ("switch (a) { case 1: if (b) {} }", 3),
        ("try { if (a) {} } catch { if (b) {} } finally { if (c) {} }", 5),
        ("a: for (;;) { break a }", 2),
        ("for (;;) { break }", 1),
        ("a ||= b; a?.b; a ?? b; const { c = 1 } = d", 0),
    ],
)
def test_nesting_costs_more(measure: Measure, body: str, cognitive: int) -> None:
    [figures] = measure(f"function f() {{ {body} }}")
    assert figures["cognitive"] == cognitive


def cognitive_of(figures: list[dict[str, object]]) -> dict[object, object]:
    return {item["name"]: item["cognitive"] for item in figures}


def test_nested_function_counts_one_level_deeper_in_a_function_that_branches(
    measure: Measure,
) -> None:
    source = "function outer(a) { if (a) b(); const inner = () => { if (c) d() } }"
    assert cognitive_of(measure(source)) == {"outer": 1 + 2, "inner": 1}


def test_level_of_nested_function_is_that_of_its_place(measure: Measure) -> None:
    source = """
    function outer(a) {
      for (const b of a) {                             // +1
        const inner = function () {
          if (b) {                                     // +3
            const innermost = () => b ? c && d : e     // +5 +1
          }
        }
      }
    }"""
    # Seen from inner, what is in innermost stands two levels deep: 1 + (1 + 2) + 1.
    assert cognitive_of(measure(source)) == {"outer": 10, "inner": 5, "innermost": 2}


def test_function_that_only_declares_is_not_charged(measure: Measure) -> None:
    source = "function module(a) { const inner = () => { if (a && b) c() }; return a || inner }"
    assert cognitive_of(measure(source)) == {"module": 1, "inner": 2}


def test_field_is_no_level(measure: Measure) -> None:
    source = "function f() { if (a) return class { b = (() => { if (c) d() })() } }"
    assert [item["cognitive"] for item in measure(source)] == [1 + 3, 0, 1]


def test_function_at_the_start_of_a_branch_is_not_around_it(measure: Measure) -> None:
    source = "class A { a = function () { if (b) c() }.d ? e && f : g }"
    [field, function] = measure(source)
    # The ternary and its `&&`, and the function's `if` one level deeper.
    assert (field["cognitive"], function["cognitive"]) == (1 + 1 + 2, 1)


def test_recursion_is_free(measure: Measure) -> None:
    [figures] = measure("function f(n) { return n ? f(n - 1) : 0 }")
    assert figures["cognitive"] == 1
