"""Types and interfaces that a regular expression tells, beside what the parser sees."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from fetch_corpus import source_files
from hypothesis import given
from hypothesis import strategies as st
from update_cases import case_files

from chunkflow import Chunk
from chunkflow.syntax import chunker as chunker_module
from chunkflow.syntax.chunker import Chunker
from chunkflow.syntax.shortcuts.outline import find_plain
from chunkflow.syntax.suffixes import language_of


def told(source: bytes) -> list[tuple[str, str, bytes]]:
    found = find_plain(b"\n" + source, 0, None)
    return [(one.kind, one.name, source[one.start - 1 : one.end - 1]) for one in found]


def chunks_of(
    source: bytes, monkeypatch: pytest.MonkeyPatch, *, max_bytes: int | None = None
) -> list[Chunk]:
    """The chunks that the parser alone gives."""
    with monkeypatch.context() as patch:
        patch.setattr(chunker_module, "find_plain", lambda _source, _place, _most: [])
        return Chunker("typescript").parse(source, max_bytes=max_bytes).chunks


@pytest.mark.parametrize(
    ("source", "kind", "name", "rest"),
    [
        (b"type A = B", "type", "A", b""),
        (b"type A = B;", "type", "A", b""),
        (b"export type A<T> = T[]", "type", "A", b"\nfoo()\n"),
        (b"export declare type A = B", "type", "A", b"\n// c\nconst x = 1\n"),
        (b"type A =\n  | 'a' // one\n  | 'b'", "type", "A", b"\n\n/** c */\nexport const x = 1\n"),
        (b"type A = B extends C\n  ? D\n  : E", "type", "A", b"\ntype F = G\n"),
        (b"type A = {\n  b: '}'\n  // }\n  c: `{${string}`\n}", "type", "A", b"\n"),
        (b"type A = Foo<\n  B,\n  C\n>", "type", "A", b"\nimport x from 'y'\n"),
        (b"type A = (\n  a: string,\n) =>\n  void", "type", "A", b"\n@dec\nclass B {}\n"),
        (b"interface A {}", "interface", "A", b" foo()\n"),
        (
            b"export interface A<T = { a: 1 }> extends B<{ c: 2 }>, D {\n  e(): void\n}",
            "interface",
            "A",
            b"\n",
        ),
        (b"interface A {\n  /* } */ a: '{'\n}", "interface", "A", b";\n"),
        (b"const a = {\n  b: [1, 'c', `d`],\n}", "variable", "a", b"\nfoo()\n"),
        (b"export const a = [\n  '\\'}', // ]\n] as const", "variable", "a", b"\n"),
        (b"const a = f({\n  b: g(1)\n});", "variable", "a", b" foo()\n"),
        (b"const a: A<B>[] = [\n  1\n]", "variable", "a", b"\n\n// c\nexport default a\n"),
        (b"const a = /*#__PURE__*/ new A.B<C>({\n  d: 1 == 2\n})", "variable", "a", b"\n"),
        (b"const a = {\n  b: 1\n} as const satisfies C<D>", "variable", "a", b"\n@dec\n"),
    ],
)
def test_plain_declarations_are_told(source: bytes, kind: str, name: str, rest: bytes) -> None:
    assert told(source + rest)[0] == (kind, name, source)


@pytest.mark.parametrize(
    "source",
    [
        b"type A = B\n.C\n",
        b"type A = B\n[0]\n",
        b"type A = keyof\nB\n",
        b"type A = B \nfoo()\n",
        b"type A = B /* c */\nfoo()\n",
        b"type A = B // c:\n.C\n",
        b"type A = {\n",
        b"type A = { b: ( }\n",
        b"type A = 'b\n",
        b"type A = `b\n",
        b"type A = B /* c\n",
        b"type A = B // c\nfoo()\n",
        b"interface A\n",
        b"interface A extends B<\n",
        b"type\nA = B\n",
        b"  type A = B\n",
        b"const a = `\ntype A = B\n`\n",
        b"const a = 1\nfoo()\n",
        b"const a = { b: 1 }\nfoo()\n",
        b"let a = {\n}\n",
        b"const a = {\n}, b = 1\n",
        b"const a = {\n}\n.b()\n",
        b"const a = {\n}\n[0]\n",
        b"const a = {\n}\nas B\n",
        b"const a = {\n} // c\nfoo()\n",
        b"const a = {\n  b: /}/\n}\n",
        b"const a = {\n  b: `${c}`\n}\n",
        b"const a = {\n  b: 'c\n}\n",
        b"const a = {\n  b: () => 1\n}\n",
        b"const a = {\n  b() {}\n}\n",
        b"const a = {\n  get b() { return 1 }\n}\n",
        b"const a = {\n  b: class {}\n}\n",
        b"const a = f({\n}) => 1\n",
        b"const a = function ({\n}) {}\n",
        b"const enum A {\n  B\n}\n",
    ],
)
def test_whatever_is_not_plain_is_left_to_the_parser(source: bytes) -> None:
    assert told(source) == []


@pytest.mark.parametrize(
    "source",
    [
        b"\n/*\ntype A = B\n*/\nfoo()\n",
        b"\nnamespace A {\ntype B = C\ninterface D {}\n}\n",
        b"\nconst a = `${'`'}\ntype B = C\n`\n",
        b"\nif (a)\n  b()\ninterface C {}\nelse\n  d()\n",
        b"\nconst a = b\ntype C = D\n;(e)()\n",
        b"\nconst a = b\ninterface C {}\n(e)\n",
        b"\n@dec\ninterface A {}\nclass B {}\n",
        b"\nfunction f(): void\ninterface A {}\nfunction f() {}\n",
        b"\nfunction f() {\nconst a = {\n}\nreturn a }\n",
        b"\nlet a = b\nconst c = {\n}\n(d)\n",
        b"\nexport\ntype A = B\n",
        b"\nexport\nconst a = {\n}\n",
        b"\nexported\ntype A = B\n",
        b"\nif (a)\ninterface B {}\n",
        b"\nfor (;;)\nconst a = {\n}\n",
        b"\n/** of a */\nconst a = [\n] // trailing\n// of b\nconst b = 1\n",
        b"\n/** of A */\ninterface A {} // trailing\n// of B\n\n/** of C */\n\ntype C = D\n",
    ],
)
def test_what_is_told_must_stand_between_statements(
    source: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Chunker("typescript").parse(source).chunks == chunks_of(source, monkeypatch)


PIECES = (
    b"const q = {\n  r: 's',\n}\n",
    b"export const t = u([\n  {},\n])\n",
    b"type A = B\n",
    b"export type C =\n  | 'd'\n  | E\n",
    b"interface F {\n  g: string\n}\n",
    b"/** h */\n",
    b"// i\n",
    b"\n",
    b"export const j = `\n",
    b"`\n",
    b"export\n",
    b"foo()\n",
    b"(k)\n",
    b"function l() {\n",
    b"}\n",
    b"class M {\n",
    b"namespace N {\n",
    b"/*\n",
    b"*/\n",
    b"export function o(): void\n",
    b"export function o() {}\n",
)


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_any_mixture_is_cut_as_the_parser_alone_cuts_it(pieces: Sequence[bytes]) -> None:
    source = b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        assert Chunker("typescript").parse(source).chunks == chunks_of(source, patch)


def test_a_declaration_that_is_to_be_cut_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    comment = b"/** " + b"word " * 40 + b"*/\n\n"
    members = b"".join(b"  member%d: string\n" % number for number in range(12))
    source = b"foo()\n" + comment + b"interface A {\n" + members + b"}\n"
    for most in (100, 250, 400, 800):
        cut = Chunker("typescript").parse(source, max_bytes=most).chunks
        assert cut == chunks_of(source, monkeypatch, max_bytes=most)


def test_text_that_is_never_closed_takes_time_in_proportion() -> None:
    small, large = (b"\ntype A = /*" * count for count in (1_000, 100_000))
    assert find_plain(small, 0, None) == find_plain(large, 0, None) == []


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.name)
def test_cases_are_cut_as_the_parser_alone_cuts_them(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if language_of(path.name) == "typescript":
        source = path.read_bytes()
        assert Chunker("typescript").parse(source).chunks == chunks_of(source, monkeypatch)


@pytest.mark.packages
@pytest.mark.parametrize("corpus", ["viem", "rxjs", "zod", "effect"])
@pytest.mark.parametrize("most", [None, 1500])
def test_packages_are_cut_as_the_parser_alone_cuts_them(
    corpus: str, most: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunker = Chunker("typescript")
    for path in source_files(corpus)[::4]:
        source = path.read_bytes()
        whole = chunks_of(source, monkeypatch, max_bytes=most)
        assert chunker.parse(source, max_bytes=most).chunks == whole, path
