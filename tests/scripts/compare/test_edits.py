"""Edits change what they should and nothing else; where they do not, the place is named."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import pytest
from compare import boundaries, edit_laws, edit_sites, edits
from compare.boundaries import OracleError
from compare.edit_laws import LAWS, Edit, Effect, effect_of
from compare.edit_sites import Sites, find_sites, function_insertions, line_insertions
from compare.edits import Verdict, describe, is_kept, laws, main, table

from chunkflow import Chunk, chunk_source

FIXTURES = Path(__file__).parents[3] / "fixtures"
SOURCE = """\
function first() {
  return 1;
}

function second() {
  return 2;
}

export type Third = 3;
"""


@pytest.fixture
def file(tmp_path: Path) -> Sites:
    """Three declarations, with the sites that the compiler finds in them."""
    path = tmp_path / "a.ts"
    path.write_text(SOURCE)
    first_body, second_body = (SOURCE.index(f"return {n};") + len("return n;") for n in (1, 2))
    return Sites(path, 0, (first_body, second_body), (SOURCE.index("}") + 1,), ())


def halves(source: bytes, *, max_bytes: int | None) -> list[Chunk]:
    """A chunker whose boundary depends on how much text stands before it."""
    [whole] = chunk_source(b"`%b`" % source.replace(b"`", b""), "typescript")
    middle = len(source) // 2
    return [whole._replace(digest=part, source=part) for part in (source[:middle], source[middle:])]


@pytest.mark.parametrize("law", LAWS, ids=[law.name for law in LAWS])
def test_law_is_tried_and_kept(law: edit_laws.Law, file: Sites) -> None:
    verdicts = {verdict.law: verdict for verdict in laws([file])}
    assert verdicts[law.name].sites > 0
    assert verdicts[law.name].failures == ()


def test_only_what_is_promised_of_parts_is_tried_with_a_limit(file: Sites) -> None:
    verdicts = laws([file], max_bytes=1500)
    assert [verdict.law for verdict in verdicts] == [
        "line inserted",
        "function inserted",
        "comment changed",
    ]
    assert all(is_kept(verdict, max_bytes=1500) for verdict in verdicts)


def test_bytes_to_process_again_are_those_of_the_new_text(file: Sites) -> None:
    [_, inserted, *_] = laws([file])
    assert inserted.mean_bytes == len("function inserted1234567() {\n  return 1234567;\n}")


def test_chunker_that_counts_bytes_breaks_the_laws(
    file: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit_laws, "cut", halves)
    verdicts = {verdict.law: verdict for verdict in laws([file])}
    broken = verdicts["line inserted"]
    assert (broken.sites, len(broken.failures), broken.share) == (2, 2, 0.0)
    assert not is_kept(broken, max_bytes=None)
    assert not is_kept(broken, max_bytes=1500)
    places = [failure.edit.place for failure in broken.failures]
    assert sorted(places) == [f"{file.path}:2", f"{file.path}:6"]
    first, *rest = describe(broken.failures[0]).splitlines()
    assert first.endswith("line inserted: 2 added, 2 removed")
    assert [line.strip()[0] for line in rest] == ["+", "+", "-", "-"]


def test_law_may_be_broken_now_and_then_where_declarations_are_cut() -> None:
    failure = edits.Failure("", Edit(Path(), 0, b"", b""), Effect((), ()))
    assert is_kept(Verdict("", "", 100, 999, (failure,)), max_bytes=1500)
    assert not is_kept(Verdict("", "", 99, 999, (failure,)), max_bytes=1500)
    assert not is_kept(Verdict("", "", 100, 1000, ()), max_bytes=1500)
    assert not is_kept(Verdict("", "", 100, 0, (failure,)), max_bytes=None)


def test_law_without_a_site_is_kept() -> None:
    assert Verdict("", "", 0, 0, ()).share == 1.0
    assert all(verdict.sites == 0 for verdict in laws([]))


def test_declaration_lifted_over_the_limit_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    body = "".join(f"  call({n});\n" for n in range(1000, 1050))
    path.write_text(f"function first() {{\n{body}}}\n")
    size_bytes = path.stat().st_size - 1
    sites = Sites(path, 0, (path.read_text().index("call(1020);") + len("call(1020);"),), (), ())
    [fits, *_] = laws([sites], max_bytes=size_bytes)
    assert (len(fits.failures), fits.lifted) == (1, 1)
    [large, *_] = laws([sites], max_bytes=size_bytes - 1)
    assert (large.failures, large.lifted) == ((), 0)


def test_same_seed_gives_the_same_edits(file: Sites) -> None:
    def edits(seed: int) -> list[edit_sites.Insertion]:
        return list(line_insertions([file], Random(seed)))

    assert edits(1) == edits(1)
    assert edits(1) != edits(2)


def test_insertions_stand_where_the_sites_are(file: Sites) -> None:
    [insertion] = function_insertions([file], Random(0))
    text = insertion.applied(SOURCE.encode()).decode()
    before, after = text.split(insertion.text)
    assert before.endswith("  return 1;\n}")
    assert after.startswith("\n\nfunction second")


@pytest.mark.parametrize(
    ("name", "source", "texts"),
    [
        ("function renamed", "function get() {}\nfunction _1() { _1() }", ["_1"]),
        ("declaration deleted", "class A {\n  m() {}\n}\nlet a = 1", ["m() {}", "let a = 1"]),
        ("declarations swapped", "let a = 1\nlet b = 1\n\n// apart\n\nlet c = 1", []),
        ("declarations swapped", "let a = 1; let b = 1", []),
        ("declarations swapped", "namespace N {\n  let a\n  let b\n}", []),
        ("declarations swapped", "let a = 1\nlet b = 1\nlet a = 1", []),
        ("declaration deleted", "// apart\n\nlet a", []),
        (
            "declaration deleted",
            "function a(): void\nlet b\nfunction a() {}",
            ["function a(): void", "function a() {}"],
        ),
        ("declarations swapped", "let a = 1\nlet b = 1", ["let a = 1"]),
    ],
)
def test_only_declarations_that_fit_are_edited(
    name: str, source: str, texts: Sequence[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.ts"
    path.write_text(source)
    [law] = [law for law in LAWS if law.name == name]
    edits = list(law.edits([Sites(path, 0, (), (), ())], Random(0)))
    assert len(edits) == len(texts)
    for text in texts:
        assert any(text in edit.before.decode()[edit.offset :] for edit in edits)


def test_files_with_errors_are_left_alone(tmp_path: Path) -> None:
    assert all(verdict.sites == 0 for verdict in laws([Sites(tmp_path / "gone", 1, (), (), ())]))


def test_moved_text_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text("let a\nlet a\n")
    effect = effect_of(Edit(path, 0, b"let a\nlet a\n", b"\n\nlet a\n"), max_bytes=None)
    assert effect.counts == (0, 1)


def test_table_names_every_law(file: Sites) -> None:
    lines = table(laws([file])).splitlines()
    assert len(lines) == 2 + len(LAWS)
    assert lines[2] == "| line inserted | one digest changes | 2 | 100.00 % | 68 | 0 |"


@pytest.fixture
def no_compiler(file: Sites, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose sites are known without asking."""
    monkeypatch.setattr(edits, "find_sites", lambda paths: [file])
    return file.path


def test_command_ends_well_where_all_laws_are_kept(
    no_compiler: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(no_compiler)]) == 0
    assert capsys.readouterr().out.startswith("| edit |")


def test_command_prints_what_broke_a_law(
    no_compiler: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(edit_laws, "cut", halves)
    assert main(["--show", "1", str(no_compiler)]) == 1
    assert capsys.readouterr().out.count(f"\n{no_compiler}:") == 1


def test_command_names_what_it_cannot_try(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nowhere"]) == 2
    assert capsys.readouterr().err.startswith("edits: nowhere is no source file")


def test_missing_node_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundaries, "program", lambda name: None)
    with pytest.raises(OracleError, match="node is not on PATH"):
        find_sites([])


SitesOf = Callable[[str], Sites]


@pytest.fixture
def sites_of(tmp_path: Path) -> SitesOf:
    """Asks the compiler about a text."""

    def ask(source: str) -> Sites:
        path = tmp_path / "a.ts"
        path.write_bytes(source.encode())
        [found] = find_sites([path])
        return found

    return ask


@pytest.mark.node
def test_lines_go_behind_statements_of_bodies_and_their_comments(sites_of: SitesOf) -> None:
    source = "const e = 'é'\nf(() => {\n  a() // é\n  b(); c()\r\n  d(`\n`) /* x\n*/\n})\n"
    ends = [source.encode()[:at].decode() for at in sites_of(source).bodies]
    assert [end.split("\n")[-1] for end in ends] == ["  a() // é", "  b(); c()"]


@pytest.mark.node
def test_functions_go_between_declarations(sites_of: SitesOf) -> None:
    source = "\ufefffunction f() {} // c\n/** d */\nclass A {}\nlet a = 1\nf()\nlet b\n"
    ends = [source.encode()[:at].decode() for at in sites_of(source).between]
    assert [end.split("\n")[-1] for end in ends] == ["\ufefffunction f() {} // c", "class A {}"]


@pytest.mark.node
def test_nothing_goes_between_overloads(sites_of: SitesOf) -> None:
    assert sites_of("let a\nfunction f(): void\nfunction f() {}\n").between == ()


@pytest.mark.node
def test_containers_open_behind_their_brackets(sites_of: SitesOf) -> None:
    source = (
        "class A { x = 1 }\nnamespace N.M { class B {} }\n"
        "describe('s', () => { it('t', () => { class C {} }) })\n"
    )
    headers = ["class A {", "namespace N.M {", "class B {", "describe('s', () => {"]
    found = sites_of(source)
    assert list(found.opens) == [source.index(header) + len(header) for header in headers]


@pytest.mark.node
def test_file_with_errors_has_no_sites(sites_of: SitesOf) -> None:
    found = sites_of("function f() {\n  a()\n}\nlet = = 1\n")
    assert found.error_count > 0
    assert found.bodies == ()


@pytest.mark.node
def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OracleError, match=r"cannot read .*gone\.ts"):
        find_sites([tmp_path / "gone.ts"])


@pytest.mark.node
@pytest.mark.parametrize("max_bytes", [None, 1500])
def test_laws_hold_on_the_known_large_files(max_bytes: int | None) -> None:
    files = find_sites(sorted(FIXTURES.glob("*.ts")))
    verdicts = laws(files, sites=40, max_bytes=max_bytes)
    assert all(verdict.sites for verdict in verdicts)
    broken = [verdict for verdict in verdicts if not is_kept(verdict, max_bytes=max_bytes)]
    assert [describe(failure) for verdict in broken for failure in verdict.failures] == []
    assert broken == []
