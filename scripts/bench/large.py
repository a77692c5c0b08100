"""Times chunkflow, and looks at its memory, on projects of up to 100,000 files.

    python scripts/bench/large.py [N…] [--corpus NAME] [--bytes MIN MAX] [--equal] [--no-git]
                                  [--root FOLDER]

The files are copies of a corpus' own, below a temporary folder that is gone afterwards, each with a
line of its own unless `--equal`; without numbers there are 10,000, 25,000, 50,000 and 100,000 of
them. It prints a Markdown table, a line a number of files.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

if not __package__:  # run by its path: what the folders share lies one up
    sys.path[0] = str(Path(__file__).parents[1])

from bench.commands import JOBS, Command, chunkflow, files_in_output
from bench.rounds import BenchError, clean_environment, run
from fetch_corpus import CORPORA, FetchError, source_files
from markdown_table import MEGABYTE, format_mebibytes, join_rows

STEPS = (10_000, 25_000, 50_000, 100_000)
FILES_A_FOLDER = 100
_BYTES = (1_000, 4_000)
_WARM_RUNS = 3
_RERUN = re.compile(r"([\d,]+) rerun")
_NO_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
_HEADER = (
    "files",
    "source (MB)",
    "cold (s)",
    "warm (s)",
    "warm, per 1,000 files (ms)",
    "cold, peak memory (MiB)",
    "warm, peak memory (MiB)",
    "cache (MB)",
)


class Line(NamedTuple):
    """What was measured on one number of files."""

    files: int
    source_bytes: int
    cold_s: float
    warm_s: float
    """The median."""
    cold_peak_bytes: int | None
    """Highest sum over all processes of their proportional set sizes; None if it is not told."""
    warm_peak_bytes: int | None
    cache_bytes: int


class Project:
    """A folder of numbered folders of numbered files, which can grow.

    Args:
        folder: where it is made.
        sources: what the files are copies of, in turn.
        equal: whether copies are exact; else each has one more line, of its own.
        git: whether it is a repository that tracks the files.
    """

    def __init__(self, folder: Path, sources: Sequence[Path], *, equal: bool, git: bool) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.files = 0
        self.size_bytes = 0
        self._texts = cycle([(path.read_bytes(), path.suffix) for path in sources])
        self._equal = equal
        self._git = git
        if git:
            subprocess.run(["git", "init", "--quiet", folder], check=True)

    def grow(self, files: int) -> None:
        """Make files until there are so many."""
        added = [self._add(number) for number in range(self.files, files)]
        self.files = max(files, self.files)
        if self._git:
            self._track(added)

    def _add(self, number: int) -> str:
        text, suffix = next(self._texts)
        own = b"" if self._equal else b"\nexport const file%d = %d;\n" % (number, number)
        name = f"{number // FILES_A_FOLDER:05}/file{number:07}{suffix}"
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text + own)
        self.size_bytes += len(text) + len(own)
        return name

    def _track(self, names: Iterable[str]) -> None:
        # Nobody asks for the files' objects, which would take longer than all that is measured.
        entries = "".join(f"100644 {_NO_BLOB} 0\t{name}\n" for name in names)
        command = ["git", "-C", str(self.folder), "update-index", "--add", "--index-info"]
        subprocess.run(command, input=entries.encode(), check=True)


def measure(project: Project, cache: Path, environment: Mapping[str, str]) -> Line:
    """Run over a project with an empty cache, then with a full one.

    Time and memory are measured in runs of their own, as looking at memory takes time.

    Raises:
        BenchError: a run failed, or was about other files or chunks than it should.
    """

    def measured(what: str, name: str) -> tuple[float, int | None]:
        if name == "cold":
            shutil.rmtree(cache, ignore_errors=True)
        usage, said = run(_command(project, cache, name), what, environment)
        _check(said, project.files, is_warm=name == "warm")
        return usage.wall_s, usage.peak_bytes

    cold_peak_bytes = measured("memory", "cold")[1]
    cold_s = measured("time", "cold")[0]
    warm_s = statistics.median(measured("time", "warm")[0] for _ in range(_WARM_RUNS))
    warm_peak_bytes = measured("memory", "warm")[1]
    cache_bytes = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
    sizes = (cold_peak_bytes, warm_peak_bytes, cache_bytes)
    return Line(project.files, project.size_bytes, cold_s, warm_s, *sizes)


def _command(project: Project, cache: Path, name: str) -> Command:
    what = ("optimize-files", ".", "--processor", "metrics", "--jobs", str(JOBS))
    arguments = (*chunkflow(), *what, "--cache-dir", str(cache))
    return Command(name, f"chunkflow metrics, {name}", "", arguments, project.folder)


def _check(said: str, files: int, *, is_warm: bool) -> None:
    found = _RERUN.findall(said)
    if files_in_output(said) != files or not found:
        raise BenchError(f"{files:,} files were to be looked at, but: {said.strip()[-1000:]}")
    if is_warm and found[-1] != "0":
        raise BenchError(f"a warm run called a processor on {found[-1]} chunks; is the cache full?")


def table(lines: Sequence[Line]) -> str:
    """A line a number of files, in Markdown."""
    rows: list[Sequence[str]] = [_HEADER, ["--:"] * len(_HEADER), *map(_cells, lines)]
    return join_rows(rows)


def slopes(first: Line, last: Line) -> str:
    """What one file more takes, told from the fewest files and the most."""
    files = last.files - first.files
    told = [f"From {first.files:,} to {last.files:,} files, one file more takes"]
    told.append(f"{(last.cold_s - first.cold_s) / files * 1e6:.0f} µs cold")
    told.append(f"and {(last.warm_s - first.warm_s) / files * 1e6:.0f} µs warm;")
    for name in ("cold", "warm"):
        before, after = (getattr(line, f"{name}_peak_bytes") for line in (first, last))
        if before is not None and after is not None:
            told.append(f"{(after - before) / files:,.0f} bytes of memory {name},")
    return " ".join(told).rstrip(",;") + "."


def _cells(line: Line) -> Sequence[str]:
    return (
        f"{line.files:,}",
        f"{line.source_bytes / MEGABYTE:.1f}",
        f"{line.cold_s:.2f}",
        f"{line.warm_s:.3f}",
        f"{line.warm_s / line.files * 1e6:.1f}",
        format_mebibytes(line.cold_peak_bytes, digits=1),
        format_mebibytes(line.warm_peak_bytes, digits=1),
        f"{line.cache_bytes / MEGABYTE:.1f}",
    )


def _sources(corpus: str, sizes: tuple[int, int]) -> list[Path]:
    """The corpus' files of such sizes. Raises FetchError, BenchError."""
    least, most = sizes
    found = [path for path in source_files(corpus) if least <= path.stat().st_size <= most]
    if not found:
        raise BenchError(f"{corpus} has no file of {least:,} to {most:,} bytes; see --bytes")
    return found


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="measure chunkflow on large projects")
    parser.add_argument("steps", nargs="*", type=int, metavar="N", help="numbers of files")
    parser.add_argument("--corpus", default="viem", choices=CORPORA, metavar="NAME")
    parser.add_argument("--bytes", nargs=2, type=int, default=_BYTES, metavar=("MIN", "MAX"))
    parser.add_argument("--equal", action="store_true", help="exact copies")
    parser.add_argument("--no-git", action="store_true", help="make no repository")
    parser.add_argument("--root", type=Path, metavar="FOLDER", help="where files are made")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Prints the table; 2 if it could not be made."""
    options = _options(arguments)
    environment = clean_environment()
    lines = []
    try:
        sources = _sources(options.corpus, tuple(options.bytes))
        with tempfile.TemporaryDirectory(prefix="chunkflow-large-", dir=options.root) as root:
            folder, cache = Path(root, "project"), Path(root, "cache")
            project = Project(folder, sources, equal=options.equal, git=not options.no_git)
            for files in sorted(set(options.steps or STEPS)):
                project.grow(files)
                print(f"large: {files:,} files", file=sys.stderr, flush=True)
                lines.append(measure(project, cache, environment))
    except (BenchError, FetchError) as exc:
        print(f"large: {exc}", file=sys.stderr)
        return 2
    print(table(lines))
    if len(lines) > 1:
        print(f"\n{slopes(lines[0], lines[-1])}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
