"""`optimize-files --explain`: each reason for a miss is shown by a change that makes it real."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chunkflow.flow import processor_set

if TYPE_CHECKING:
    from cli.conftest import Done

Cli = Callable[..., "Done"]
Program = Callable[..., "subprocess.Popen[str]"]
Save = Callable[..., Path]
Rules = Callable[[str], Path]
Explain = Callable[..., list[Any]]

FIRST = "export function first(a: number) {\n  return a\n}\n"
SECOND = "export function second(b: number) {\n  return b ? 1 : 2\n}\n"
SIZE = "def size(chunk): return len(chunk.text)\n"
WITH_OPTIONS = "def size(chunk, options): return len(chunk.text)\n"
IN_CLASS = """\
from chunkflow import processor


@processor(context=("container",))
def size(chunk):
    return len(chunk.text)
"""
VERSIONED = """\
from pathlib import Path

from chunkflow import processor


@processor(version=Path(__file__).with_name("version.txt").read_text())
def size(chunk):
    return len(chunk.text)
"""


def told_in(out: str, name: str) -> list[Any]:
    """Of each chunk its name, and its tier or why there is none; checked against the run."""
    report = json.loads(out)
    (file,) = report["explain"]
    assert (file["path"], file["error"]) == (name, None)
    runs = [c for c in file["chunks"] if c["tier"] is None and c["reasons"] != ["repeated"]]
    entry = next(entry for entry in report["files"] if entry["path"] == name)
    assert entry["reran"] == len(runs)
    return [(chunk["name"], chunk["tier"] or chunk["reasons"]) for chunk in file["chunks"]]


@pytest.fixture
def explain(cli: Cli) -> Explain:
    """Runs with `--explain` and `--format json`; see `told_in`."""

    def run(*arguments: str, name: str = "a.ts", status: int = 0) -> list[Any]:
        done = cli("optimize-files", "--explain", name, "--format", "json", *arguments)
        assert done.status == status, done.err
        return told_in(done.out, name)

    return run


@pytest.fixture
def explain_apart(program: Program) -> Explain:
    """The same in a process of its own: within one, a module's source is read once."""

    def run(*arguments: str) -> list[Any]:
        process = program("optimize-files", "--explain", "a.ts", "--format", "json", *arguments)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return told_in(out, "a.ts")

    return run


@pytest.fixture
def file(save: Save) -> Path:
    """A file that was never run."""
    return save("a.ts", f"{FIRST}\n{SECOND}")


@pytest.fixture
def known(file: Path, explain: Explain) -> Path:
    """A file that was run."""
    assert explain() == [("first", ["new"]), ("second", ["new"])]
    return file


def settings(project: Path, text: str) -> None:
    (project / "chunkflow.toml").write_text(text)


def test_what_is_known_is_found(known: Path, explain: Explain) -> None:
    assert explain() == [("first", "l3"), ("second", "l3")]


def test_text(known: Path, explain: Explain) -> None:
    known.write_text(known.read_text().replace("? 1", "? 3"))
    assert explain() == [("first", "l3"), ("second", ["text"])]


def test_chunk_that_was_not_there_is_new(known: Path, explain: Explain) -> None:
    known.write_text(f"{FIRST}\nexport class K {{}}\n\n{SECOND}")
    assert explain() == [("first", "l3"), ("K", ["new"]), ("second", "l3")]


def test_edited_chunk_is_told_from_one_inserted_beside_it(known: Path, explain: Explain) -> None:
    third = SECOND.replace("second", "third")
    known.write_text(f"{FIRST}\n{third}\n{SECOND.replace('1', '3')}")
    assert explain() == [("first", "l3"), ("third", ["new"]), ("second", ["text"])]


def test_chunk_that_stands_twice_runs_once(known: Path, explain: Explain) -> None:
    third = SECOND.replace("second", "third")
    known.write_text(f"{FIRST}\n{third}\n{third}\n{SECOND}")
    told = [("first", "l3"), ("third", ["new"]), ("third", ["repeated"]), ("second", "l3")]
    assert explain() == told


def test_moved_chunk_is_found(known: Path, explain: Explain) -> None:
    known.write_text(f"\n{SECOND}\n{FIRST}")
    assert explain() == [("second", "l3"), ("first", "l3")]


def test_settings(known: Path, explain: Explain, project: Path) -> None:
    settings(project, "[processors.metrics]\nmax_sloc = 5\n")
    assert explain() == [("first", ["settings"]), ("second", ["settings"])]
    assert explain() == [("first", "l3"), ("second", "l3")]


def test_settings_and_text(known: Path, explain: Explain, project: Path) -> None:
    settings(project, "[processors.metrics]\nmax_sloc = 5\n")
    known.write_text(f"{FIRST}\n{SECOND.replace('1', '3')}\nexport class K {{}}\n")
    told = [("first", ["settings"]), ("second", ["settings", "text"]), ("K", ["new"])]
    assert explain() == told


def test_settings_that_were_used_before_are_found(
    known: Path, explain: Explain, project: Path
) -> None:
    settings(project, "[processors.metrics]\nmax_sloc = 5\n")
    explain()
    settings(project, "")
    assert explain() == [("first", "l3"), ("second", "l3")]
    known.write_text(known.read_text().replace("? 1", "? 3"))
    assert explain() == [("first", "l3"), ("second", ["text"])]


def test_source(file: Path, explain_apart: Explain, rules: Rules) -> None:
    rules(SIZE)
    explain_apart("--processor", "rules:size")
    rules(f"{SIZE}# the same\n")
    told = explain_apart("--processor", "rules:size")
    assert told == [("first", ["source"]), ("second", ["source"])]


def test_version(file: Path, explain: Explain, rules: Rules, save: Save) -> None:
    save("version.txt", "1")
    rules(VERSIONED)
    explain("--processor", "rules:size")
    save("version.txt", "2")
    rules(VERSIONED)
    told = explain("--processor", "rules:size")
    assert told == [("first", ["version"]), ("second", ["version"])]


@pytest.mark.slow
def test_context(save: Save, explain: Explain, rules: Rules) -> None:
    file = save("a.ts", f"class K {{\n  m() {{}}\n}}\n\n{FIRST}")
    rules(IN_CLASS)
    explain("--processor", "rules:size")
    file.write_text(file.read_text().replace("class K", "class L"))
    told = explain("--processor", "rules:size")
    assert told == [("L", ["text"]), ("m", ["context"]), ("first", "l3")]


@pytest.mark.slow
def test_declared_context(file: Path, explain_apart: Explain, rules: Rules) -> None:
    rules(SIZE)
    explain_apart("--processor", "rules:size")
    rules(IN_CLASS)
    told = explain_apart("--processor", "rules:size")
    reasons = ["declared_context", "source"]
    assert told == [("first", reasons), ("second", reasons)]


@pytest.mark.slow
def test_size_at_which_declarations_are_cut(
    save: Save, explain: Explain, rules: Rules, project: Path
) -> None:
    body = "".join(f"  call({number})\n" for number in range(40))
    save("a.ts", f"{FIRST}\nfunction long() {{\n{body}}}\n")
    rules(SIZE)
    explain("--processor", "rules:size")
    settings(project, "max_chunk_bytes = 200\n")
    told = explain("--processor", "rules:size")
    assert len(told) > 2
    # What was not cut has the result that it had.
    assert told[0] == ("first", "l3")
    assert {tuple(reasons) for _, reasons in told[1:]} == {("max_chunk_bytes",)}


def test_names_of_suites(save: Save, explain: Explain, project: Path) -> None:
    save("a.ts", f"{FIRST}\ngroup('g', () => {{\n  it('i', () => {{}})\n}})\n")
    explain()
    settings(project, 'suites = ["group"]\n')
    assert [reasons for _, reasons in explain()] == [["suites"]] * 3


@pytest.mark.parametrize("name", ["grammar", "format"])
def test_versions(
    known: Path, explain: Explain, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name == "grammar":
        monkeypatch.setattr(processor_set, "grammar_versions", lambda: "tree_sitter==99")
    else:
        monkeypatch.setattr(processor_set, "FORMAT", 99)
        monkeypatch.setattr("chunkflow.cache.keys.FORMAT", 99)
    assert explain() == [("first", [name]), ("second", [name])]


def test_chunk_that_failed_is_told(file: Path, explain: Explain, rules: Rules) -> None:
    rules("def size(chunk): return 1 // (chunk.name != 'second')\n")
    explain("--processor", "rules:size", status=2)
    told = explain("--processor", "rules:size", status=2)
    assert told == [("first", "l3"), ("second", ["failed"])]


@pytest.mark.slow
def test_result_of_a_chunk_is_found_in_another_file(
    file: Path, explain: Explain, rules: Rules, save: Save, project: Path
) -> None:
    rules(SIZE.replace("(chunk)", "(chunk, options)"))
    explain("--processor", "rules:size")
    save("b.ts", f"{SECOND}\nlet c = 1\n")
    arguments = ("--processor", "rules:size", "b.ts")
    assert explain(*arguments, name="b.ts") == [("second", "l3"), ("c", ["new"])]


@pytest.mark.slow
def test_other_settings_of_a_chunk_in_another_file_are_told(
    file: Path, explain: Explain, rules: Rules, save: Save, project: Path
) -> None:
    rules(WITH_OPTIONS)
    explain("--processor", "rules:size")
    save("b.ts", f"{SECOND}\nlet c = 1\n")
    settings(project, '[processors."rules:size"]\nlimit = 5\n')
    told = explain("--processor", "rules:size", "b.ts", name="b.ts")
    assert told == [("second", ["settings"]), ("c", ["new"])]


def test_every_processor_is_told_apart(known: Path, explain: Explain, rules: Rules) -> None:
    rules(SIZE)
    told = explain("--processor", "metrics", "--processor", "rules:size")
    assert told == [("first", "l3"), ("second", "l3"), ("first", ["new"]), ("second", ["new"])]


def test_people_read_it_before_the_findings(known: Path, cli: Cli) -> None:
    known.write_text(known.read_text().replace("? 1", "? 3"))
    done = cli("optimize-files", "--explain", "a.ts", "--explain", "a.ts")
    first, second, summary = done.out.splitlines()
    assert first == "a.ts:1-3: metrics: function first: found in L3"
    assert second == "a.ts:5-7: metrics: function second: runs: its text has changed"
    assert summary.startswith("1 file, 2 chunks: 1 rerun, 1 reused (hits: L1 0, L2 0, L3 1)")


def test_other_files_are_run_and_not_explained(known: Path, cli: Cli, save: Save) -> None:
    save("b.ts", FIRST)
    report = json.loads(cli("optimize-files", "--explain", "a.ts", "--format", "json").out)
    assert [file["path"] for file in report["explain"]] == ["a.ts"]
    assert [file["path"] for file in report["files"]] == ["a.ts", "b.ts"]


def test_without_it_the_report_is_as_ever(known: Path, cli: Cli) -> None:
    assert "explain" not in json.loads(cli("optimize-files", "--format", "json").out)


def test_file_that_is_not_there_is_told_and_the_run_takes_place(known: Path, cli: Cli) -> None:
    done = cli("optimize-files", "--explain", "gone.ts")
    assert (done.status, done.err) == (2, "")
    failed, summary = done.out.splitlines()
    assert failed == "failed: cannot read gone.ts: no such file"
    assert summary.startswith("1 file, 2 chunks: 0 rerun")


def test_file_that_is_not_text_is_told(known: Path, cli: Cli, save: Save) -> None:
    save("b.ts", b"let a = '\xff'\n")
    done = cli("optimize-files", "--explain", "b.ts", "--format", "json")
    assert done.status == 2
    (file,) = json.loads(done.out)["explain"]
    assert file["error"].startswith("cannot read b.ts: line 1 is not UTF-8")
    assert file["chunks"] == []


def test_without_a_cache_there_is_nothing_to_explain(known: Path, cli: Cli) -> None:
    done = cli("optimize-files", "--explain", "a.ts", "--no-cache")
    assert done.status == 2
    assert "leave out --no-cache" in done.err
