"""Projects of many files are made as asked for, and a line tells what each number of them takes."""

import subprocess
from pathlib import Path

import pytest
from bench import large
from bench.large import Line, Project, main, slopes, table
from bench.rounds import BenchError

TEXT = "export function one() {\n  return 1;\n}\n"


@pytest.fixture
def sources(corpus_root: Path) -> list[Path]:
    """A corpus of two files that count, and of one that is too large."""
    folder = corpus_root / "viem-2.57.20"
    folder.mkdir(parents=True)
    for name, text in {"a.ts": TEXT, "b.ts": f"{TEXT}let b;\n", "c.ts": TEXT * 40}.items():
        (folder / name).write_text(text)
    return [folder / "a.ts", folder / "b.ts"]


def line(files: int, *, warm_s: float = 1.0, peak_bytes: int | None = 1 << 20) -> Line:
    return Line(files, 2_000_000, 10.0, warm_s, peak_bytes, peak_bytes, 500_000)


def tracked(folder: Path) -> list[str]:
    command = ("git", "-C", str(folder), "ls-files")
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()


def test_each_file_has_a_line_of_its_own(tmp_path: Path, sources: list[Path]) -> None:
    project = Project(tmp_path / "project", sources, equal=False, git=False)
    project.grow(4)
    texts = {path.read_text() for path in project.folder.rglob("*.ts")}
    assert len(texts) == 4
    assert all(text.startswith(TEXT) for text in texts)
    assert project.size_bytes == sum(map(len, texts))


def test_equal_files_are_exact_copies(tmp_path: Path, sources: list[Path]) -> None:
    project = Project(tmp_path / "project", sources, equal=True, git=False)
    project.grow(4)
    texts = [path.read_text() for path in project.folder.rglob("*.ts")]
    assert sorted(texts) == sorted([path.read_text() for path in sources] * 2)


def test_project_that_grows_keeps_its_files(
    tmp_path: Path, sources: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "FILES_A_FOLDER", 2)
    project = Project(tmp_path / "project", sources, equal=False, git=True)
    project.grow(2)
    first = tracked(project.folder)
    project.grow(3)
    assert first == ["00000/file0000000.ts", "00000/file0000001.ts"]
    assert tracked(project.folder) == [*first, "00001/file0000002.ts"]
    assert all((project.folder / name).is_file() for name in tracked(project.folder))


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--equal", "--no-git"]])
def test_line_a_number_of_files_is_printed(
    options: list[str], tmp_path: Path, sources: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sources
    bounds = ["--bytes", "1", "100", "--root", str(tmp_path)]
    assert main(["5", "3", *bounds, *options]) == 0
    output = capsys.readouterr().out
    rows = [row.split(" | ") for row in output.splitlines() if row.startswith("|")]
    assert [row[0] for row in rows] == ["| files", "| --:", "| 3", "| 5"]
    assert all(len(row) == len(rows[0]) for row in rows)
    assert "From 3 to 5 files, one file more takes" in output
    assert not list(tmp_path.glob("chunkflow-large-*"))


def test_warm_run_that_processes_anything_is_refused(
    tmp_path: Path, sources: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path / "project", sources, equal=False, git=False)
    project.grow(2)
    monkeypatch.setattr(large, "chunkflow", lambda: ("sh", "-c", "echo 2 files, 4 chunks: 4 rerun"))
    with pytest.raises(BenchError, match="a warm run called a processor on 4 chunks"):
        large.measure(project, tmp_path / "cache", {})


def test_run_over_other_files_is_refused(
    tmp_path: Path, sources: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path / "project", sources, equal=False, git=False)
    project.grow(3)
    monkeypatch.setattr(large, "chunkflow", lambda: ("echo", "2 files, 4 chunks: 4 rerun"))
    with pytest.raises(BenchError, match="3 files were to be looked at, but: 2 files"):
        large.measure(project, tmp_path / "cache", {})


def test_corpus_without_files_of_the_size_is_told(
    sources: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sources
    assert main(["3", "--bytes", "7000", "9000"]) == 2
    assert "viem has no file of 7,000 to 9,000 bytes" in capsys.readouterr().err


def test_table_tells_time_and_memory() -> None:
    assert table([line(2000), line(4000, peak_bytes=None)]).splitlines()[2:] == [
        "| 2,000 | 2.0 | 10.00 | 1.000 | 500.0 | 1.0 | 1.0 | 0.5 |",
        "| 4,000 | 2.0 | 10.00 | 1.000 | 250.0 | - | - | 0.5 |",
    ]


def test_slopes_are_told_a_file() -> None:
    last = line(2000, warm_s=1.5, peak_bytes=(1 << 20) + 400_000)
    assert slopes(line(1000), last) == (
        "From 1,000 to 2,000 files, one file more takes 0 µs cold and 500 µs warm;"
        " 400 bytes of memory cold, 400 bytes of memory warm."
    )
    assert slopes(line(1000, peak_bytes=None), last).endswith("and 500 µs warm.")
