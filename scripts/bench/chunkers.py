"""Compares chunkflow's chunker with others on the same files; needs `node`, `npm` and pip once.

    python scripts/bench/chunkers.py [--corpus NAME…] [--limit FILES] [--repeat N] [--sites N]
                                    [--seed N] [--max-bytes N] [--only CONTENDER…] [--markdown FILE]

It prints a Markdown table. Peers are installed into an environment of their own, in the cache
folder beside the corpora. Every contender runs there, chunkflow too, with the same Python and
tree-sitter, in a process of its own, all on the same core, by turns. The speed is also given as a
ratio to a bare parse measured in the same process just before and after, which cancels noise.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from random import Random
from threading import Timer
from typing import Any, NamedTuple

if not __package__:  # run by its path: what the folders share lies one up
    sys.path[0] = str(Path(__file__).parents[1])

from bench.chunker_peers import CONTENDERS, Piece
from bench.chunker_quality import Marks, Quality, quality_of, total
from bench.chunker_venv import InstallError, peers_python, requirements
from compare.boundaries import OracleError, ask_compiler
from compare.edit_sites import (
    Insertion,
    Sites,
    find_sites,
    function_insertions,
    line_insertions,
    read,
)
from fetch_corpus import FetchError, source_files
from markdown_table import MEGABYTE, format_share, join_rows

from chunkflow.syntax.suffixes import SUFFIXES

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("chunker_peers.py")
MAX_BYTES = 1500
SITES = 2000
PATIENCE_S = 900

HEADER = (
    *("chunker", "version", "MB/s", "x parse", "refused", "lossless", "offsets right"),
    *("on boundaries", "size: median, 95 % (bytes)"),
    *("line inserted: one new", "to process again (bytes)"),
    *("function inserted: one new", "to process again (bytes)"),
)

LEGEND = """\
- MB/s: of the call that gives the chunks' texts, in a process of its own; median of the passes.
- x parse: its speed over that of a bare tree-sitter parse of the same files in the same process.
- refused: files it raised on; the other columns leave them out, but edits in them are not kept.
- lossless: files that its chunks give back, by its own offsets if it reports any; only white space
  and closing brackets may be missing.
- offsets right: chunks whose reported offsets lead to their text; - if it reports none.
- on boundaries: chunks that begin and end where the TypeScript compiler sees a statement, a class
  member or the header of a container begin and end, comments and brackets around them aside.
- one new: edits after which exactly one chunk has a text that was not there before, and at most one
  old text is gone; beside it, how many bytes the new chunks have on average."""


class Stability(NamedTuple):
    """What edits of one kind did."""

    edits: int = 0
    kept: int = 0
    """Edits after which exactly one chunk was new, and at most one old one was gone."""
    mean_bytes: float = 0.0
    """New chunks' bytes after one edit, over the edits that could be tried."""


class Row(NamedTuple):
    """What is known of one contender."""

    name: str
    version: str = ""
    setting: str = ""
    refused: int = 0
    speed: float = 0.0
    """MB/s; median over the passes."""
    ratio: float = 0.0
    """Times the speed of a bare parse; median over the passes."""
    quality: Quality = Quality()
    line: Stability = Stability()
    function: Stability = Stability()
    failure: str | None = None
    """Why there is nothing else."""


class Task(NamedTuple):
    """What every contender is given."""

    marks: Mapping[str, Marks]
    """What the compiler says, by path."""
    line_edits: Sequence[Insertion]
    function_edits: Sequence[Insertion]


class Process:
    """A contender at work, or the reason why it is not."""

    def __init__(self, name: str, popen: "subprocess.Popen[str]", complaints: Path) -> None:
        self.name = name
        self.failure: str | None = None
        self._popen = popen
        self._complaints = complaints

    def ask(self, **request: object) -> Any:
        """The answer to one request; None from its first failure on."""
        if self.failure is None:
            line = self._exchange(json.dumps(request) + "\n")
            if line:
                return json.loads(line)
            said = self._complaints.read_text(errors="replace").strip().splitlines()
            self.failure = said[-1] if said else f"no answer to {request['do']!r}"
        return None

    def _exchange(self, line: str) -> str:
        requests, answers = self._popen.stdin, self._popen.stdout
        assert requests is not None
        assert answers is not None
        timer = Timer(PATIENCE_S, self._popen.kill)
        timer.start()
        try:
            requests.write(line)
            requests.flush()
            return answers.readline()
        except OSError:
            return ""
        finally:
            timer.cancel()


@contextmanager
def contender(python: Path, name: str, *, max_bytes: int) -> Iterator[Process]:
    """A contender's process; it ends with the block."""
    # All on one core: they take turns, so none takes another's time.
    core = max(os.sched_getaffinity(0))
    command = [str(python), "-P", str(WORKER), name, str(max_bytes), str(core)]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with tempfile.NamedTemporaryFile() as complaints:
        popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        try:
            yield Process(name, popen, Path(complaints.name))
        finally:
            popen.kill()
            with suppress(OSError):
                popen.communicate()


def choose_files(corpora: Sequence[str], *, limit: int | None) -> list[Path]:
    """The corpora's TypeScript files, thinned out evenly to at most `limit`. Raises FetchError."""
    found = [
        path
        for corpus in corpora
        for path in source_files(corpus)
        if SUFFIXES.get(path.suffix) == "typescript"
    ]
    step = math.ceil(len(found) / limit) if limit else 1
    return found[::step]


def prepare(paths: Sequence[Path], *, sites: int, seed: int) -> Task:
    """Asks the compiler once for everybody. Raises OracleError, FetchError."""
    files: list[Sites] = find_sites(paths)
    spans = {file.path: file for file in ask_compiler(paths)}
    marks = {
        str(file.path): Marks(spans[file.path].spans, file.opens)
        for file in files
        if file.error_count == 0 and spans[file.path].error_count == 0
    }
    return Task(
        marks,
        list(islice(line_insertions(files, Random(seed)), sites)),
        list(islice(function_insertions(files, Random(seed)), sites)),
    )


def bench(
    python: Path, names: Sequence[str], task: Task, *, repeat: int, max_bytes: int
) -> list[Row]:
    """A row for each contender; they take turns, pass by pass."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(contender(python, name, max_bytes=max_bytes)) for name in names
        ]
        loaded = [process.ask(do="load", paths=list(task.marks)) for process in processes]
        passes = [[process.ask(do="pass") for process in processes] for _ in range(repeat)]
        return [
            _row(process, facts, times, task)
            for process, facts, times in zip(
                processes, loaded, zip(*passes, strict=True), strict=True
            )
        ]


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [HEADER, ("---",) + ("--:",) * (len(HEADER) - 1), *map(_cells, rows)]
    return join_rows(lines)


def report(rows: Sequence[Row], task: Task, *, corpora: Sequence[str]) -> str:
    """The table, what it was measured on, and what its columns mean."""
    size_bytes = sum(len(read(Path(path))) for path in task.marks)
    measured = (
        f"{len(task.marks)} files ({size_bytes / MEGABYTE:.1f} MB) of {', '.join(corpora)};"
        f" Python {platform.python_version()}, {', '.join(requirements()[:2])};"
        f" {len(task.line_edits)} lines and {len(task.function_edits)} functions inserted."
    )
    settings = [f"- {row.name}: {row.failure or row.setting}" for row in rows]
    return "\n".join([measured, "", table(rows), "", LEGEND, "", "Settings:", "", *settings])


def _row(process: Process, facts: Any, times: Sequence[Any], task: Task) -> Row:
    quality = _quality(process, task)
    line, function = (
        _stability(process.ask(do="edits", edits=[_plain(edit) for edit in edits]))
        for edits in (task.line_edits, task.function_edits)
    )
    if process.failure is not None:
        return Row(process.name, failure=process.failure)
    return Row(
        process.name,
        facts["version"],
        facts["setting"],
        len(facts["refused"]),
        statistics.median(each["bytes"] / each["chunk_s"] / MEGABYTE for each in times),
        statistics.median(each["parse_s"] / each["chunk_s"] for each in times),
        quality,
        line,
        function,
    )


def _quality(process: Process, task: Task) -> Quality:
    answer = process.ask(do="pieces") or {}
    return total(
        [
            quality_of([Piece(*piece) for piece in pieces], read(Path(path)), task.marks[path])
            for path, pieces in answer.items()
        ]
    )


def _plain(edit: Insertion) -> tuple[str, int, str]:
    return str(edit.path), edit.offset, edit.text


def _stability(answer: Sequence[tuple[int, int, int] | None] | None) -> Stability:
    tried = [effect for effect in answer or () if effect is not None]
    kept = sum(added == 1 and removed <= 1 for added, removed, _ in tried)
    mean_bytes = statistics.fmean(size for _, _, size in tried) if tried else 0.0
    return Stability(len(answer or ()), kept, mean_bytes)


def _cells(row: Row) -> Sequence[str]:
    if row.failure is not None:
        return (row.name, "failed", *["-"] * (len(HEADER) - 2))
    speed = (row.name, row.version, f"{row.speed:.2f}", f"{row.ratio:.2f}", str(row.refused))
    if not row.quality.chunks:
        return (*speed, *["-"] * (len(HEADER) - len(speed)))
    return (*speed, *_quality_cells(row.quality), *_edit_cells(row.line, row.function))


def _quality_cells(quality: Quality) -> Iterator[str]:
    yield format_share(quality.lossless, quality.files)
    yield format_share(quality.right_offsets, quality.chunks) if quality.with_offsets else "-"
    yield format_share(quality.on_boundaries, quality.chunks)
    sizes = sorted(quality.sizes)
    yield f"{statistics.median(sizes):,.0f}, {sizes[int(0.95 * (len(sizes) - 1))]:,}"


def _edit_cells(*edits: Stability) -> Iterator[str]:
    for edit in edits:
        yield format_share(edit.kept, edit.edits)
        yield f"{edit.mean_bytes:,.0f}" if edit.edits else "-"


def main(arguments: Sequence[str]) -> int:
    """Prints the report; 2 if it could not be made."""
    parser = argparse.ArgumentParser(description="compare chunkflow's chunker with others")
    parser.add_argument("--corpus", nargs="+", default=["viem", "zod", "rxjs"], metavar="NAME")
    parser.add_argument("--limit", type=int, metavar="FILES", help="take every nth file")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="timed passes")
    parser.add_argument("--sites", type=int, default=SITES, metavar="N", help="edits of a kind")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which edits")
    parser.add_argument("--max-bytes", type=int, default=MAX_BYTES, metavar="N")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, metavar="CONTENDER")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the report here too")
    options = parser.parse_args(arguments)
    try:
        python = peers_python(requirements())
        paths = choose_files(options.corpus, limit=options.limit)
        task = prepare(paths, sites=options.sites, seed=options.seed)
    except (FetchError, InstallError, OracleError) as exc:
        print(f"chunkers: {exc}", file=sys.stderr)
        return 2
    names = options.only or list(CONTENDERS)
    rows = bench(python, names, task, repeat=options.repeat, max_bytes=options.max_bytes)
    text = report(rows, task, corpora=options.corpus)
    print(text)
    if options.markdown:
        options.markdown.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
