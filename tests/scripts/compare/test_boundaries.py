"""Both sides' spans are set against each other, and what differs can be looked up."""

import sys
from pathlib import Path

import pytest
from compare import boundaries
from compare.boundaries import (
    Comparison,
    Difference,
    OracleError,
    OracleFile,
    ask_compiler,
    compare,
    describe,
    files_of,
    main,
)
from fetch_corpus import FetchError


@pytest.fixture
def sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files of `let a\\nlet b`, the second of which the compiler does not parse."""
    good, bad = tmp_path / "good.ts", tmp_path / "bad.ts"
    for path in (good, bad):
        path.write_text("let a\nlet b")
    answers = [OracleFile(good, 0, frozenset({(0, 5), (6, 11)})), OracleFile(bad, 1, frozenset())]
    monkeypatch.setattr(boundaries, "ask_compiler", lambda paths: answers)
    monkeypatch.setattr(boundaries, "chunkflow_spans", lambda path: frozenset({(0, 5), (6, 9)}))
    return tmp_path


def test_spans_of_either_side_alone_are_differences(sides: Path) -> None:
    result = compare([sides / "good.ts", sides / "bad.ts"])
    assert (result.files, result.parsed, result.spans, result.equal) == (2, 1, 2, 1)
    assert (result.count("missing"), result.count("extra")) == (1, 1)
    assert result.percent == pytest.approx(100 / 3)


def test_nothing_to_compare_is_full_agreement() -> None:
    assert Comparison(0, 0, 0, 0, ()).percent == 100.0


def test_difference_is_described_by_place_and_text(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text("let a\nlet  é\n  = 1")
    line = describe(Difference(path, "missing", (6, 19)))
    assert line == f"{path}:2: missing 6..19 (13 bytes): let é = 1"


def test_command_prints_figures_and_differences(
    sides: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--show", "1", str(sides)]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        f"{sides}: 2 files, 1 parsed without error, 2 spans: 1 equal, 1 missing, 1 extra, 33.3333 %"
    )
    assert second.startswith(f"  {sides}/good.ts:2: extra 6..9")


def test_command_ends_well_where_all_agrees(sides: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = frozenset({(0, 5), (6, 11)})
    monkeypatch.setattr(boundaries, "chunkflow_spans", lambda path: spans)
    assert main([str(sides / "good.ts")]) == 0


def test_command_names_what_it_cannot_compare(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nowhere"]) == 2
    assert capsys.readouterr().err.startswith("boundaries: nowhere is no source file")


def test_folder_stands_for_its_source_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.ts", "deep/a.tsx", "c.cjs", "d.json", "e"):
        (tmp_path / name).touch()
    found = files_of(str(tmp_path))
    assert [str(path.relative_to(tmp_path)) for path in found] == ["b.ts", "c.cjs", "deep/a.tsx"]


def test_file_that_is_no_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()
    with pytest.raises(FetchError, match=r"a\.json is no source file"):
        files_of(str(tmp_path / "a.json"))


def test_missing_node_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(OracleError, match="node is not on PATH"):
        ask_compiler([])


@pytest.mark.node
def test_compiler_and_chunkflow_agree_on_the_known_large_files() -> None:
    fixtures = Path(__file__).parents[3] / "fixtures"
    result = compare(sorted(fixtures.glob("*.ts")))
    assert result.parsed == result.files == 2
    assert [describe(difference) for difference in result.differences] == []
