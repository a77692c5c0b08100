"""The files that the user's guide names are real TypeScript of the promised size."""

import subprocess
from pathlib import Path

import pytest
import tree_sitter_typescript
from compare.boundaries import ask_compiler
from fetch_corpus import corpus_dir
from npm import program
from tree_sitter import Language, Parser

FIXTURES = Path(__file__).parents[3] / "fixtures"
LINES = {"steering-workflow-engine.ts": 951, "specs-driven-flow.ts": 835}


@pytest.mark.parametrize(("name", "line_count"), LINES.items())
def test_file_has_as_many_lines_as_the_guide_says(name: str, line_count: int) -> None:
    source = (FIXTURES / name).read_bytes()
    assert source.count(b"\n") == line_count
    assert source.endswith(b"}\n") or source.endswith(b";\n")


@pytest.mark.parametrize("name", LINES)
def test_grammar_reads_the_file_without_repair(name: str) -> None:
    parser = Parser(Language(tree_sitter_typescript.language_typescript()))
    assert not parser.parse((FIXTURES / name).read_bytes()).root_node.has_error


@pytest.mark.node
def test_compiler_accepts_the_files() -> None:
    compiler = corpus_dir("typescript") / "lib" / "tsc.js"
    options = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext"]
    done = subprocess.run(
        [program("node") or "node", compiler, *options, *LINES],
        cwd=FIXTURES,
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.node
def test_compiler_parses_every_case_that_is_not_broken() -> None:
    cases = [path for path in (FIXTURES / "chunks").iterdir() if path.suffix != ".chunks"]
    failed = {file.path.name for file in ask_compiler(sorted(cases)) if file.error_count}
    broken = {path.name for path in cases if path.name.startswith("broken_")}
    # Comments like HTML's are JavaScript, but the compiler never learned them.
    assert failed == broken | {"comment_html_like.js"}
