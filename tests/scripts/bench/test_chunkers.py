"""Contenders are judged by what they report, in processes of their own; no peer is installed."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bench import chunker_venv, chunkers
from bench.chunker_peers import CONTENDERS, Contender, Piece, Source, Worker, byte_offset, serve
from bench.chunker_quality import Marks, Quality, locate, quality_of, total
from bench.chunker_venv import InstallError, peers_python
from bench.chunkers import Row, Stability, Task, bench, choose_files, main, report, table
from compare.boundaries import OracleFile
from compare.edit_sites import Insertion, Sites

FAKE = """\
from types import SimpleNamespace

class CodeChunker:
    def __init__(self, *, tokenizer, chunk_size, language):
        print("noise on standard output")

    def chunk(self, text):
        if "refuse" in text:
            raise RecursionError
        lines = text.splitlines(keepends=True)
        starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
        return [
            SimpleNamespace(text=line, start_index=start, end_index=start + len(line))
            for line, start in zip(lines, starts)
        ]
"""
METADATA = "Metadata-Version: 2.1\nName: chonkie\nVersion: 9.9\n"


@pytest.fixture
def fake_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `chonkie` whose chunks are lines, for this process and those it starts."""
    folder = tmp_path / "peers"
    info = folder / "chonkie-9.9.dist-info"
    info.mkdir(parents=True)
    (folder / "chonkie.py").write_text(FAKE)
    (info / "METADATA").write_text(METADATA)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.delitem(sys.modules, "chonkie", raising=False)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Two files and an edit of each kind."""
    good, bad = tmp_path / "good.ts", tmp_path / "bad.ts"
    good.write_text("let é\nlet b\n")
    bad.write_text("// refuse\n")
    marks = {
        str(good): Marks(frozenset({(0, 6), (7, 12)}), ()),
        str(bad): Marks(frozenset(), ()),
    }
    return Task(marks, [Insertion(good, 6, "\n x")], [Insertion(bad, 0, "let c\n")])


def lines_of(text: str) -> list[Piece]:
    place = 0
    pieces = []
    for line in text.splitlines(keepends=True):
        pieces.append(Piece(line, place, place + len(line.encode())))
        place += len(line.encode())
    return pieces


def test_contenders_take_turns_in_processes_of_their_own(fake_peer: None, task: Task) -> None:
    names = ["tree-sitter", "chunkflow", "chonkie"]
    rows = bench(Path(sys.executable), names, task, repeat=2, max_bytes=1500)
    assert [(row.name, row.failure) for row in rows] == [(name, None) for name in names]
    bare, chunkflow, chonkie = rows
    assert bare.quality.chunks == 0
    assert (chunkflow.refused, chonkie.refused) == (0, 1)
    assert chunkflow.quality == Quality(2, 2, 3, 3, 3, 3, (6, 5, 9))
    assert chonkie.version == "9.9"
    assert chonkie.quality == Quality(1, 1, 2, 2, 2, 2, (7, 6))
    assert chonkie.line == Stability(1, 1, 3.0)
    assert chonkie.function == Stability(1, 0, 0.0)
    assert all(row.speed > 0 and row.ratio > 0 for row in rows)


def test_contender_that_cannot_start_is_reported_with_its_reason(task: Task) -> None:
    [row] = bench(Path(sys.executable), ["astchunk"], task, repeat=1, max_bytes=1500)
    assert row.failure == "ModuleNotFoundError: No module named 'astchunk'"
    assert table([row]).splitlines()[-1].startswith("| astchunk | failed | - |")


def test_worker_answers_line_by_line(fake_peer: None, task: Task) -> None:
    good, bad = task.marks
    requests = [
        {"do": "load", "paths": [good, bad]},
        {"do": "pass"},
        {"do": "pieces"},
        {"do": "edits", "edits": [[good, 0, "let z\n"], [bad, 0, "x"], [good, 0, "refuse"]]},
    ]
    answers = io.StringIO()
    lines = io.StringIO("".join(json.dumps(request) + "\n" for request in requests))
    serve(Worker(CONTENDERS["chonkie"](1500)), lines, answers)
    loaded, timed, pieces, edits = map(json.loads, answers.getvalue().splitlines())
    assert (loaded["version"], loaded["refused"]) == ("9.9", [bad])
    assert timed["bytes"] == Path(good).stat().st_size
    assert pieces == {good: [["let é\n", 0, 7], ["let b\n", 7, 13]]}
    assert edits == [[1, 0, 6], None, None]


def test_worker_knows_no_other_request() -> None:
    with pytest.raises(ValueError, match="no such request"):
        Worker(CONTENDERS["tree-sitter"](1)).answer({"do": "rest"})


def contender_with(monkeypatch: pytest.MonkeyPatch, name: str, **modules: object) -> Contender:
    """A contender over stand-ins for the modules that it imports."""
    from importlib import import_module

    def stand_in(module: str) -> object:
        return modules[module] if module in modules else import_module(module)

    monkeypatch.setattr("bench.chunker_peers.import_module", stand_in)
    monkeypatch.setattr("bench.chunker_peers.version", lambda distribution: "1")
    return CONTENDERS[name](1500)


class FakeSplitter:
    """Answers like each of the other peers, for one text of two characters."""

    def __init__(self, *arguments: object, **options: object) -> None:
        self.options = options

    def split_text(self, text: str) -> list[str]:
        return ["é", "b"]

    def chunks(self, text: str) -> list[str]:
        return ["é", "b"]

    def get_nodes_from_documents(self, documents: list[str]) -> list[Any]:
        return [
            SimpleNamespace(text="é", start_char_idx=0, end_char_idx=1),
            SimpleNamespace(text="b", start_char_idx=None, end_char_idx=None),
        ]

    def create_documents(self, texts: list[str]) -> list[Any]:
        return [
            SimpleNamespace(page_content="é", metadata={"start_index": 0}),
            SimpleNamespace(page_content="b", metadata={"start_index": -1}),
        ]

    def chunk_indices(self, text: str) -> list[tuple[int, str]]:
        return [(0, "é"), (1, "b")]

    def chunkify(self, text: str) -> list[dict[str, str]]:
        return [{"content": "é"}, {"content": "b"}]

    @classmethod
    def from_language(cls, language: str, **options: object) -> "FakeSplitter":
        assert options["chunk_overlap"] == 0
        return cls()


PEERS = {
    "llama-index": {
        "llama_index.core.schema": SimpleNamespace(Document=lambda text: text),
        "llama_index.core.node_parser": SimpleNamespace(CodeSplitter=FakeSplitter),
    },
    "langchain": {
        "langchain_text_splitters": SimpleNamespace(
            RecursiveCharacterTextSplitter=FakeSplitter, Language=SimpleNamespace(TS="ts")
        )
    },
    "semantic-text-splitter": {
        "semantic_text_splitter": SimpleNamespace(CodeSplitter=FakeSplitter)
    },
    "astchunk": {"astchunk": SimpleNamespace(ASTChunkBuilder=FakeSplitter)},
}


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("llama-index", Piece("b")),
        ("langchain", Piece("b", -1, 0)),
        ("semantic-text-splitter", Piece("b", 2, 3)),
    ],
)
def test_offsets_of_peers_become_bytes(
    name: str, second: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    contender = contender_with(monkeypatch, name, **PEERS[name])
    source = Source("éb".encode(), "éb")
    assert contender.pieces(source) == [Piece("é", 0, 2), second]
    assert contender.chunk(source) == ["é", "b"]
    assert "1500" in contender.setting


def test_peer_without_offsets_reports_none(monkeypatch: pytest.MonkeyPatch) -> None:
    contender = contender_with(monkeypatch, "astchunk", **PEERS["astchunk"])
    assert contender.pieces(Source(b"", "")) == [Piece("é"), Piece("b")]


def test_chunkflow_is_told_the_size_only_where_it_cuts() -> None:
    source = Source(b"f(1, 2, 3, 4);", "f(1, 2, 3, 4);")
    assert len(CONTENDERS["chunkflow"](5).pieces(source)) == 1
    assert len(CONTENDERS["chunkflow, in parts"](5).pieces(source)) > 1


@pytest.mark.parametrize(
    ("offset", "byte"), [(None, None), (0, 0), (1, 2), (2, 3), (3, -1), (-1, -1)]
)
def test_offset_outside_the_text_is_no_place(offset: int | None, byte: int | None) -> None:
    assert byte_offset(Source("éb".encode(), "éb"))(offset) == byte


SOURCE = "class A {\n  m() {}\n}\n// c\nlet b\n"
MARKS = Marks(frozenset({(0, 20), (12, 18), (26, 31)}), (9,))


def judged(*texts: str) -> Quality:
    """Chunks with right offsets, cut from SOURCE in order."""
    place = 0
    pieces = []
    for text in texts:
        start = SOURCE.index(text, place)
        place = start + len(text)
        pieces.append(Piece(text, start, place))
    return quality_of(pieces, SOURCE.encode(), MARKS)


@pytest.mark.parametrize(
    "texts",
    [
        ["class A {", "m() {}", "// c\nlet b"],
        ["class A {\n", "  m() {}\n}\n// c", "\nlet b\n"],
        ["class A {\n  m() {}\n}", "// c", "let b"],
        [SOURCE],
    ],
)
def test_chunks_may_hold_any_number_of_declarations(texts: list[str]) -> None:
    quality = judged(*texts)
    assert quality.on_boundaries == quality.chunks == len(texts)
    assert quality.lossless == 1


@pytest.mark.parametrize(
    "text",
    [
        "class",
        "lass A {",
        "m()",
        "() {}",
        "m() {",
        "}\n// c\nlet",
        "A {\n  m() {}",
    ],
)
def test_chunk_that_cuts_into_a_declaration_is_off_boundaries(text: str) -> None:
    assert judged(text).on_boundaries == 0


def test_comment_alone_is_on_boundaries_unless_it_stands_in_a_declaration() -> None:
    source = "function f() {\n  // in\n}\nclass A {\n  // of\n}\n"
    marks = Marks(frozenset({(0, 25), (26, 46)}), (35,))
    found = [source.index(text) for text in ("// in", "// of")]
    inside, member = (
        quality_of([Piece(source[at : at + 5], at, at + 5)], source.encode(), marks) for at in found
    )
    assert (inside.on_boundaries, member.on_boundaries) == (0, 1)


@pytest.mark.parametrize(
    ("pieces", "lossless", "right"),
    [
        ([Piece("a", 0, 1), Piece("b", 2, 3)], 1, 2),
        ([Piece("a"), Piece("b")], 1, 0),
        ([Piece(" a "), Piece("b")], 1, 0),
        ([Piece("a", 0, 1), Piece("b", 1, 2)], 0, 1),
        ([Piece("a", 0, 1), Piece("b", -1, 0)], 0, 1),
        ([Piece("b", 2, 3), Piece("a", 0, 1)], 0, 2),
        ([Piece("a", 0, 1), Piece("a", 0, 1), Piece("b", 2, 3)], 0, 3),
        ([Piece("a"), Piece("x")], 0, 0),
        ([Piece("a"), Piece("b"), Piece(" ")], 0, 0),
        ([Piece("a", 0, 1)], 0, 1),
        ([], 0, 0),
    ],
)
def test_chunks_give_the_file_back_or_not(pieces: list[Piece], lossless: int, right: int) -> None:
    quality = quality_of(pieces, b"a b", Marks(frozenset(), ()))
    assert (quality.lossless, quality.right_offsets) == (lossless, right)


def test_chunk_without_offsets_is_looked_for_behind_the_last() -> None:
    pieces = [Piece("a"), Piece("a"), Piece("gone"), Piece("b")]
    assert locate(pieces, b"a a b") == [(0, 1), (2, 3), None, (4, 5)]


def test_qualities_add_up() -> None:
    one = Quality(1, 1, 2, 2, 2, 1, (1, 2))
    assert total([one, one]) == Quality(2, 2, 4, 4, 4, 2, (1, 2, 1, 2))
    assert total([]) == Quality()


def test_table_shows_shares_and_dashes(task: Task) -> None:
    rows = [
        Row("bare", "1", "s", 0, 10.0, 1.0),
        Row("blind", "2", "s", 1, 5, 0.5, Quality(4, 3, 2, 0, 0, 1, (10, 30)), Stability(8, 7, 9)),
    ]
    bare, blind = table(rows).splitlines()[2:]
    assert bare == "| bare | 1 | 10.00 | 1.00 | 0 | - | - | - | - | - | - | - | - |"
    assert blind == (
        "| blind | 2 | 5.00 | 0.50 | 1 | 75.0 % | - | 50.0 % | 20, 10 | 87.5 % | 9 | - | - |"
    )
    text = report(rows, task, corpora=["viem"])
    assert text.startswith("2 files (0.0 MB) of viem; Python 3.")
    assert text.endswith("- blind: s")


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Five TypeScript files and one of another language, as a corpus."""
    files = [tmp_path / f"{number}.ts" for number in range(5)]
    for path in files:
        path.write_text("let a\n")
    monkeypatch.setattr(chunkers, "source_files", lambda name: [*files, tmp_path / "a.tsx"])
    return files


def test_files_are_thinned_out_evenly(corpus: list[Path]) -> None:
    assert choose_files(["any"], limit=None) == corpus
    assert choose_files(["any"], limit=3) == corpus[::2]


def test_command_prints_and_writes_the_report(
    corpus: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(chunkers, "peers_python", lambda wanted: Path(sys.executable))
    monkeypatch.setattr(
        chunkers, "find_sites", lambda paths: [Sites(p, 0, (), (5,), ()) for p in paths]
    )
    monkeypatch.setattr(
        chunkers,
        "ask_compiler",
        lambda paths: [OracleFile(p, 0, frozenset({(0, 5)})) for p in paths],
    )
    written = tmp_path / "report.md"
    options = ["--only", "tree-sitter", "--repeat", "1", "--limit", "2", "--markdown", str(written)]
    assert main([*options, "--corpus", "any"]) == 0
    printed = capsys.readouterr().out
    assert printed == written.read_text()
    assert "2 files (0.0 MB) of any" in printed
    assert "| tree-sitter | 0." in printed


def test_command_names_what_it_cannot_have(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(chunkers, "peers_python", lambda wanted: Path(sys.executable))
    assert main(["--corpus", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("chunkers: no corpus 'nowhere'")


FakePip = Callable[[int], Path]


@pytest.fixture
def fake_pip(corpus_root: Path, monkeypatch: pytest.MonkeyPatch) -> FakePip:
    """Lets environments be made whose Python only notes what it is called with."""

    def install(status: int) -> Path:
        calls = corpus_root.parent / "calls"
        calls.touch()

        def create(folder: Path, *, clear: bool, with_pip: bool) -> None:
            python = folder / "bin" / "python"
            python.parent.mkdir(parents=True, exist_ok=True)
            python.write_text(f"#!/bin/sh\necho $@ >> {calls}\necho no >&2\nexit {status}\n")
            python.chmod(0o755)

        monkeypatch.setattr("venv.create", create)
        return calls

    return install


def test_peers_are_installed_once(fake_pip: FakePip, corpus_root: Path) -> None:
    calls = fake_pip(0)
    assert peers_python(["peer==1"]) == corpus_root.parent / "bench-venv" / "bin" / "python"
    peers_python(["peer==1"])
    assert [line.split()[-1] for line in calls.read_text().splitlines()] == ["peer==1"]
    peers_python(["peer==2"])
    assert [line.split()[-1] for line in calls.read_text().splitlines()] == ["peer==1", "peer==2"]


def test_installation_that_failed_is_tried_again(fake_pip: FakePip) -> None:
    fake_pip(1)
    with pytest.raises(InstallError, match="cannot install the peers: no; check the network"):
        peers_python(["peer==1"])
    calls = fake_pip(0)
    peers_python(["peer==1"])
    assert len(calls.read_text().splitlines()) == 2


def test_peers_get_the_tree_sitter_of_this_interpreter() -> None:
    from importlib.metadata import version

    wanted = chunker_venv.requirements()
    assert wanted[0] == f"tree-sitter=={version('tree-sitter')}"
    assert wanted[1] == f"tree-sitter-typescript=={version('tree-sitter-typescript')}"
