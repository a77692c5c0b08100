"""What the oracle reports is what the TypeScript compiler sees, in bytes of the file on disk."""

import json
import subprocess
from pathlib import Path

import pytest
from compare.boundaries import ORACLE, OracleError, OracleFile, ask_compiler
from fetch_corpus import corpus_dir
from npm import program

pytestmark = pytest.mark.node


def declarations(folder: Path, source: str | bytes, *, name: str = "a.ts") -> list[str]:
    """The text of each span that the oracle reports for a file of this content."""
    path = folder / name
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    content = path.read_bytes()
    [file] = ask_compiler([path])
    assert (file.path, file.error_count) == (path, 0)
    return [content[start:end].decode() for start, end in sorted(file.spans)]


def test_comments_and_empty_statements_are_no_part(tmp_path: Path) -> None:
    source = "/** doc */ let a = 1; // why\n;;\nlet b"
    assert declarations(tmp_path, source) == ["let a = 1;", "let b"]


def test_modifiers_and_decorators_are_part(tmp_path: Path) -> None:
    source = "/* c */ @dec() export default class A {}"
    assert declarations(tmp_path, source) == ["@dec() export default class A {}"]


def test_classes_are_split_into_members(tmp_path: Path) -> None:
    source = "class A { ; @d x = 1; static {} get y() { return 1 } ; [k: string]: any }"
    members = declarations(tmp_path, source)[1:]
    assert members == ["@d x = 1;", "static {}", "get y() { return 1 }", "[k: string]: any"]


def test_class_expressions_are_not_split(tmp_path: Path) -> None:
    source = "const A = class { m() {} }"
    assert declarations(tmp_path, source) == [source]


@pytest.mark.parametrize(
    "header", ["namespace A", "declare module 'a'", "declare global", "export namespace A.B.C"]
)
def test_namespaces_are_split_into_statements(tmp_path: Path, header: str) -> None:
    source = f"{header} {{ let a; class B {{ m() {{}} }} }} let b"
    outer = source.removesuffix(" let b")
    inner = ["let a;", "class B { m() {} }", "m() {}"]
    assert declarations(tmp_path, source) == [outer, *inner, "let b"]


@pytest.mark.parametrize(
    "callee",
    [
        "describe",
        "suite",
        "context",
        "test.describe",
        "describe.only",
        "test.describe.skip",
        "describe.each([1, 2])",
        "describe.each`a | b`",
        "describe.skip.each([1])",
        "describe.each([1]).only",
    ],
)
def test_suites_are_split_into_statements(tmp_path: Path, callee: str) -> None:
    source = f"{callee}('t', async () => {{ it('a', f); let b }},)"
    assert declarations(tmp_path, source) == [source, "it('a', f);", "let b"]


@pytest.mark.parametrize(
    "source",
    [
        "it('t', () => { let a })",
        "describe('t', () => f())",
        "describe('t', () => { let a }, 1000)",
        "describe.concurrent('t', () => { let a })",
        "describe.only(1)('t', () => { let a })",
        "describe()",
        "const s = describe('t', () => { let a })",
        "my.describe('t', () => { let a })",
        "describe().only('t', () => { let a })",
    ],
)
def test_other_calls_are_not_split(tmp_path: Path, source: str) -> None:
    assert declarations(tmp_path, source) == [source]


def test_suites_may_stand_in_each_other_and_in_namespaces(tmp_path: Path) -> None:
    inner = "context('i', function () { let a })"
    outer = f"describe('o', () => {{ {inner} }})"
    source = f"namespace N {{ {outer} }}"
    assert declarations(tmp_path, source) == [source, outer, inner, "let a"]


@pytest.mark.parametrize(
    "run",
    [
        "function f(a: 1): void\n/* c */ function f(a: 2): void; function f(a: any) {}",
        "export default function (a: 1): void; export default function (a: any) {}",
        "export function f(a: 1): void; export function f(a: any) {}",
        "declare function f(a: 1): void; declare function f(a: 2): void",
    ],
)
def test_overloads_are_one_declaration(tmp_path: Path, run: str) -> None:
    assert declarations(tmp_path, f"let a; {run}\nlet b") == ["let a;", run, "let b"]


@pytest.mark.parametrize(
    "run",
    [
        "m(a: 1): void; m(a: 2): void; m(a: any) {}",
        "static m(a: 1): void; static m(a: any) {}",
        "constructor(a: 1); /* c */ constructor(a: any) {}",
        "abstract m(a: 1): void; abstract m(a: 2): void;",
    ],
)
def test_overloaded_members_are_one_declaration(tmp_path: Path, run: str) -> None:
    source = f"abstract class A {{ {run} }}"
    assert declarations(tmp_path, source) == [source, run]


def test_other_names_and_static_members_are_other_declarations(tmp_path: Path) -> None:
    parts = ["m(): void;", "static m(): void;", "static n(): void;", "n() {}", "n() {}"]
    source = f"class A {{ {' '.join(parts)} }}"
    assert declarations(tmp_path, source) == [source, *parts]


def test_offsets_are_bytes_of_the_file_as_it_lies_on_disk(tmp_path: Path) -> None:
    source = "\ufeff// é€😀\r\nlet a = '😀é€'\r\nlet b = 1"
    assert declarations(tmp_path, source) == ["let a = '😀é€'", "let b = 1"]


@pytest.mark.parametrize("name", ["a.tsx", "a.jsx", "a.js"])
def test_markup_is_understood_where_the_suffix_allows(tmp_path: Path, name: str) -> None:
    source = "const a = <b c={1}>it's</b>"
    assert declarations(tmp_path, source, name=name) == [source]


def test_parse_errors_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text("let = = 1; function {")
    [file] = ask_compiler([path])
    assert file.error_count > 0


def test_files_are_answered_in_order(tmp_path: Path) -> None:
    paths = [tmp_path / "b.ts", tmp_path / "new\nline.ts", tmp_path / "a.ts"]
    for path in paths:
        path.write_text("let a")
    assert [file.path for file in ask_compiler(paths)] == paths


def test_text_that_is_not_utf8_counts_as_an_error(tmp_path: Path) -> None:
    path = tmp_path / "latin.ts"
    path.write_bytes(b"let a = '\xe9'")
    assert ask_compiler([path]) == [OracleFile(path, 1, frozenset())]


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OracleError, match=r"cannot read .*gone\.ts"):
        ask_compiler([tmp_path / "gone.ts"])


def test_list_may_be_of_lines_and_suites_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text("group('t', () => { let a })")
    done = subprocess.run(
        [program("node") or "node", ORACLE, corpus_dir("typescript"), "group"],
        input=f"{path}\n",
        capture_output=True,
        check=True,
        text=True,
    )
    spans = json.loads(done.stdout)["spans"]
    assert spans == [[0, 27, "ExpressionStatement"], [19, 24, "VariableStatement"]]


def test_compiler_has_to_be_named() -> None:
    command = [program("node") or "node", str(ORACLE)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 2
    assert "no compiler given" in done.stderr
