"""What chunkflow's own code makes of a file is not taken for what another release makes of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from json import loads
from pathlib import Path
from typing import Any

import pytest
from effort import mark_others_slow

import chunkflow
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.processors.metrics import Metrics
from chunkflow.syntax.chunker import Chunker
from chunkflow.syntax.suffixes import language_of

HOME = Path(chunkflow.__file__).parent
FIXTURES = HOME.parent / "fixtures"
CHUNKS = 5
SOURCE = """import a from "a"

interface Plain {
  a: string
}

/** Says. */
export function one(a: number) {
  return a ? 1 : 2
}

describe.only("x", () => {
  it("y", () => {})
})
"""


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of chunkflow that a test may change, and a project beside it."""
    shutil.copytree(HOME, tmp_path / "lib/chunkflow", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "project").mkdir()
    (tmp_path / "project/a.test.ts").write_text(SOURCE)
    (tmp_path / "project/r.py").write_text("def rule(chunk):\n    return chunk.text\n")
    return tmp_path


def run(release: Path, *options: str, json: bool = True) -> str:
    command = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import chunkflow.__main__ as m; m.main()"
    )
    form = ("--format", "json") if json else ()
    done = subprocess.run(
        (
            sys.executable,
            "-c",
            command,
            release / "lib",
            "optimize-files",
            "a.test.ts",
            *form,
            *options,
        ),
        cwd=release / "project",
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def reran(report: str) -> int:
    count: int = loads(report)["totals"]["reran"]
    return count


def values(report: str) -> list[Any]:
    (file,) = loads(report)["files"]
    return [result["value"] for result in file["results"]["r:rule"]]


def change(release: Path, file: str, before: str = "", after: str = "\n# As before.\n") -> None:
    """Put something else in a module; at its end, if nothing is to go for it."""
    path = release / "lib/chunkflow" / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after) if before else text + after)


CHANGED = [
    "syntax/walk.py",
    "syntax/declarations.py",
    "syntax/repair/rules.py",
    "processors/metrics/counts.py",
    "processors/metrics/findings.py",
    "processors/outcomes.py",
    "model/chunk.py",
    "processors/values.py",
    "engine/records/writer.py",
    "engine/worker/calls.py",
]
QUICK = ("syntax/walk.py",)


@pytest.mark.parametrize("file", mark_others_slow({name: name for name in CHANGED}, QUICK))
def test_release_with_other_rules_reruns_built_ins(file: str, release: Path) -> None:
    assert reran(run(release)) == CHUNKS
    assert reran(run(release)) == 0
    change(release, file)
    assert reran(run(release)) == CHUNKS
    assert reran(run(release)) == 0


def test_what_python_has_compiled_is_no_rule(release: Path) -> None:
    run(release)
    compiled = list((release / "lib").rglob("*.pyc"))
    assert compiled
    for path in compiled:
        path.unlink()
    assert reran(run(release)) == 0
    (release / "project/broken.ts").write_text("let a = )\n")  # more of chunkflow is compiled
    run(release, "broken.ts")
    assert reran(run(release)) == 0


def test_explanation_names_the_rules(release: Path) -> None:
    run(release)
    change(release, "syntax/walk.py")
    assert "chunkflow's own rules for cutting files have changed" in run(
        release, "--explain", "a.test.ts", json=False
    )


@pytest.mark.parametrize("file", ["processors/outcomes.py", "processors/values.py"])
def test_release_that_takes_results_in_another_way_asks_functions_again(
    file: str, release: Path
) -> None:
    function = ("--processor", "r:rule")
    assert reran(run(release, *function)) == CHUNKS
    change(release, file)
    assert reran(run(release, *function)) == CHUNKS


@pytest.mark.slow
def test_function_is_asked_again_only_where_another_release_hands_it_something_else(
    release: Path,
) -> None:
    """A result depends on the value that was handed over, however the file was cut."""
    function = ("--processor", "r:rule")
    assert reran(run(release, *function)) == CHUNKS
    modifiers = '_MODIFIERS = frozenset({"only", "skip"})'
    change(release, "syntax/suites.py", modifiers, "_MODIFIERS = frozenset()")
    told = run(release, *function)
    assert reran(told) == 1  # the suite, which is one statement now
    assert values(told) == values(run(release, *function, "--no-cache"))


def outcomes() -> Iterator[tuple[str, Chunk, Outcome]]:
    metrics = Metrics({})
    for path in sorted(FIXTURES.rglob("*")):
        language = language_of(str(path))
        if language is None or not path.is_file():
            continue
        source = path.read_bytes()
        parsed = Chunker(language).parse(source)
        told = metrics.process(parsed.chunks, source, parsed.roots)
        yield from ((language, c, o) for c, o in zip(parsed.chunks, told, strict=True))


def test_metrics_go_by_text_kind_and_language_alone() -> None:
    """They are in its keys, and nothing else is: equal ones never have different outcomes."""
    seen: dict[tuple[str, str, bytes], Outcome] = {}
    for language, chunk, outcome in outcomes():
        assert seen.setdefault((language, chunk.kind, chunk.digest), outcome) == outcome
    assert len(seen) > 500
