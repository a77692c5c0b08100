"""Texts of JSX, and the places in which each is tried.

In a place, `«` and `»` stand around what the compiler takes for a declaration, and `TEXT` stands
for the text. `tests/syntax/repair/test_jsx.py` asks the compiler whether that is so.
"""

import re
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

PUNCTUATION = "!\"#$%&'()*+,-./:;=?@[\\]^_`|~"
"""Every ASCII punctuation character that may stand in JSX text."""

WORDS = (
    "a & b",
    "a & b; c",
    "AT&T",
    "AT&T; Inc.",
    "AT&T (Inc.)",
    "Terms & conditions (2024)",
    "a && b",
    "a &&& b",
    "&",
    "& a",
    "a &",
    "&(",
    "(&)",
    "a & (b; c) // d",
    "&amp",
    "&amp;",
    "&amp;amp;",
    "&;",
    "& ;",
    "&#;",
    "&#123;",
    "&#1234567;",
    "&#x1F;",
    "&#X1f600;",
    "&#x1F6000000;",
    "&#xZZ;",
    "&#12a;",
    "&frac12;",
    "&sup2; (c) &there4;",
    "&CounterClockwiseContourIntegral;",
    "&abcdefghijklmnopqrstuvwxyzabcdefgh;",
    "&a_b;",
    "&a-b;",
    "&é;",
    "&amp; // a",
    "&amp; /* a",
    "&amp; ' a",
    "&nbsp;&nbsp;(a)",
    "// a",
    "a // b & c",
    "http://x",
    "https://x.y/?a=1&b=2",
    "https://x.y/?a=1&b=2 (see // below)",
    "/*",
    "*/",
    "/* a & b",
    "/* a & b */",
    "*/ a /*",
    "/",
    "/a/g",
    "/[/]/.test(a)",
    "a / b / c & d",
    "don't",
    "don't & won't",
    '"a',
    'say "a & b',
    "'\"` & `\"'",
    "`",
    "`a` & `",
    "$",
    "${",
    "function",
    "function f() & g",
    "function (a & b)",
    "return",
    "return a & b;",
    "class",
    "class A & B",
    "class A extends B;",
    "import a from 'b' & c",
    "export const b = 1; // &",
    "export default & a",
    "const a = (b & c;",
    "type A = B & C;",
    "interface A & B",
    "if (a & b) return;",
    "async () =",
    "=",
    "a = b & c",
    "==&==",
    "=>",
    "->",
    ">",
    "}",
    "a } & b",
    "<",
    "a < b",
    "<!-- a & b",
    "<!-- a -->",
    "--&",
    ";",
    "a; b & c;",
    ";;&;;",
    ":",
    "a: b & c",
    "@",
    "@a & @b()",
    "#",
    "#a & #!b",
    "#!/bin/sh & a",
    "(",
    ")",
    "[",
    "]",
    "( & [",
    ") & ]",
    "((( & a",
    "\\",
    "\\ & \\",
    "\\u0061 & \\n",
    "\\`&\\'",
    "\N{GRINNING FACE}",
    "\N{GRINNING FACE} & \N{GRINNING FACE} (a)",
    "é & ü; ß",
    "a\N{NO-BREAK SPACE}&\N{NO-BREAK SPACE}b",
    "\N{NO-BREAK SPACE}",
    "a\N{LINE SEPARATOR}& b",
    "\N{LINE SEPARATOR}",
    "a\N{PARAGRAPH SEPARATOR}// & b",
    "\N{IDEOGRAPHIC SPACE}&",
    "\N{ZERO WIDTH NO-BREAK SPACE}& a",
    "\N{NEXT LINE}& a",
    "\r\n",
    "a\r\n& b\r\n",
    "a &\r\n(b\r\n",
    "a\n// b & c\nd",
    "\n\n& a\n\n",
    "\n  & (\n",
    "\nexport const b = 1 & 2;\n",
    "\nfunction f(a & b)\n",
    "\nclass A\n& b\n",
    "\nimport a from 'b';\n& c\n",
    "\ntype A = B;\n& c\n",
    "\t&\t(",
    "\f&",
    "\v&",
    "\0",
    "\0 & a",
    '{" "}& a',
    'a &{" "}b',
    '&{" "}(',
    "{' & '}& (",
    "{/* don't */}& (",
    "{/* } & < */}a & b;",
    "{// & }\n}a & (",
    "{`${`&`}`} & ` (",
    "{a & b} & (c",
    "{a < b} & (",
    "{a && <b>&(</b>} & (",
    "{a / b} & / (",
    "{/[/}'\"<]/.test(a)} & (",
    "{f<T>(a)} & (",
    "{<T,>(a: T) => a} & (",
    "{(a as B<C>) < d} & (",
    "{a ? <b>( & '</b> : <></>} & ;",
    "{a.map((b) => <c key={b}>{b} & ;</c>)}// ;",
    "{...a} & (",
    "{{ a: 1 }.a} & (",
    "<b />& (",
    "<b>&</b>(",
    "<b>( & '</b>&<c/>;",
    "<b title='&' />& (",
    '<b title="a & (b; c" d>&;</b>',
    "<b c={<d>& (</d>}>;</b>",
    "<b {...c} d>& (</b>",
    "<b.c.d>& (</b.c.d>",
    "<b:c>& (</b:c>",
    "<b-c d-e='(' f:g>& (</b-c>",
    "<B<C> d={1}>& (</B>",
    "<B<{ a: '>' }, (c: D) => E>>& (</B>",
    "<b /* > & */ c // > &\n>& (</b>",
    "< b >& (</ b >",
    "<></>& (",
    "<>&(</>",
    "<b>&(</c>",
    "<b>&(",
)
"""Texts of all kinds; not all of them are valid."""

TEXTS = tuple(
    dict.fromkeys(
        [
            *PUNCTUATION,
            *(a + b for a, b in product(PUNCTUATION, PUNCTUATION)),
            *WORDS,
        ]
    )
)
INVALID = frozenset(
    [
        "${",
        "=>",
        "->",
        ">",
        "}",
        "a } & b",
        "<",
        "a < b",
        "<!-- a & b",
        "<!-- a -->",
        "<b>&(</c>",
        "<b>&(",
    ]
)
"""What the compiler takes for no valid text, wherever it stands."""
TYPED = frozenset(["<B<C> d={1}>& (</B>", "<B<{ a: '>' }, (c: D) => E>>& (</B>"])
"""What is not valid in JavaScript."""


class Place(NamedTuple):
    """Where a text is tried."""

    suffix: str
    code: str


PLACES = {
    "arrow": Place(".tsx", "«export const A = () => <p>TEXT</p>;»\n«export const B = () => 1;»\n"),
    "no_semicolon": Place(".tsx", "«const A = () => <p>TEXT</p>»\n«const B = () => 1»\n«f(B)»\n"),
    "function": Place(
        ".tsx",
        "«function A({ a }: { a: string }) {\n  return (\n    // don't\n    <p>\n      TEXT\n"
        "    </p>\n  );\n}»\n\n«function B() {\n  return <A a='' />;\n}»\n",
    ),
    "method": Place(
        ".tsx",
        "«class V {\n  «a() { return <p>TEXT</p>; }»\n  «b() { return 1; }»\n"
        "  «c = () => <p>TEXT</p>;»\n  «d = 1;»\n}»\n«const B = () => 1;»\n",
    ),
    "expression": Place(
        ".tsx", "«const A = () => <p>{a}{f(<b>TEXT</b>)} c</p>;»\n«const B = () => 1;»\n"
    ),
    "attribute": Place(
        ".tsx",
        "«const A = () => <p a={<b>TEXT</b>} c=<d>TEXT</d>>TEXT</p>;»\n«const B = () => 1;»\n",
    ),
    "choice": Place(
        ".tsx",
        "«const A = () => a ? <p>TEXT</p> : b < 1 && <i>TEXT</i>;»\n"
        "«const B = () => a && (<p>{b || <b>TEXT</b>}</p>);»\n«const C = () => 1;»\n",
    ),
    "map": Place(
        ".tsx",
        "«const A = () => <ul>{as.map((a) => <li key={a}>TEXT</li>)}</ul>;»\n"
        "«const B = () => as.map(function (a) { return <li>TEXT</li> });»\n«const C = () => 1;»\n",
    ),
    "fragment": Place(
        ".tsx", "«const A = () => <>TEXT<b>TEXT</b>TEXT</>;»\n«const B = () => 1;»\n"
    ),
    "default": Place(".tsx", "«export default () => <p>TEXT</p>»\n«const B = () => 1»\n"),
    "suite": Place(
        ".tsx",
        "«describe('a', () => {\n  «it('b', () => { render(<p>TEXT</p>); });»\n"
        "  «it('c', () => { render(<p>TEXT</p>) })»\n  «it('d', () => 1)»\n})»\n",
    ),
    "statements": Place(
        ".tsx",
        "«if (a) <p>TEXT</p>;»\n«<p>TEXT</p>»\n«const B = [<p>TEXT</p>, /[<'\"]/, 1];»\n"
        "«const C = () => { switch (a) { case 1: return <p>TEXT</p>; default: <i>TEXT</i> } };»\n"
        "«const D = () => `a${<p>TEXT</p>}b`;»\n«const E = () => 1;»\n",
    ),
    "types": Place(
        ".tsx",
        "«type A = <T>(a: T) => B<T>;»\n«const a = <T,>(b: T) => b as C<T> as D;»\n"
        "«interface E { <T>(a: T): F; g?: <T extends H>(a: T) => I }»\n"
        "«const b = <T extends {}>(c: T): J<T> => <p>TEXT</p>;»\n«const c = d<e>(f) < g;»\n"
        "«function h<T>(i: Array<T>) { return i! < j || <p>TEXT</p>; }»\n«const B = () => 1;»\n",
    ),
    "jsx": Place(".jsx", "«export const A = () => <p>TEXT</p>;»\n«export const B = () => 1;»\n"),
    "js": Place(".js", "«function A() { return <p>TEXT</p> }»\n«export const B = () => 1»\n"),
}
"""Name → where JSX text is tried."""

ATTRIBUTES = {
    "double": Place(
        ".tsx", """«const A = () => <p a="TEXT" b>c & d</p>;»\n«const B = () => 1;»\n"""
    ),
    "single": Place(
        ".tsx", """«class V {\n  «a() { return <p a='TEXT' />; }»\n  «b() { return 1 }»\n}»\n"""
    ),
}
"""Name → where a text is tried as an attribute's string; all is valid there but its own quote."""


QUOTES = {"double": '"', "single": "'"}


class Case(NamedTuple):
    """A text in its place."""

    place: str
    text: str
    source: bytes
    spans: frozenset[tuple[int, int]]
    """Of the declarations, in bytes."""

    @property
    def suffix(self) -> str:
        """The suffix of the file it is in."""
        return (PLACES | ATTRIBUTES)[self.place].suffix

    @property
    def is_valid(self) -> bool:
        """Whether the compiler finds no error in it."""
        if self.place in ATTRIBUTES:
            return QUOTES[self.place] not in self.text
        is_typed = self.suffix == ".tsx" or self.text not in TYPED
        return is_typed and self.text not in INVALID


def case(place: str, text: str) -> Case:
    """A text in one of `PLACES` or `ATTRIBUTES`."""
    source = b""
    starts: list[int] = []
    spans = set()
    for part in re.split("([«»])", (PLACES | ATTRIBUTES)[place].code):
        if part == "«":
            starts.append(len(source))
        elif part == "»":
            spans.add((starts.pop(), len(source)))
        else:
            source += part.replace("TEXT", text).encode()
    return Case(place, text, source, frozenset(spans))


def valid_cases(place: str) -> Iterator[Case]:
    """Every text that is valid there."""
    return (one for one in (case(place, text) for text in TEXTS) if one.is_valid)
