"""Compares chunkflow's declarations with those of the TypeScript compiler; needs `node` and `npm`.

    python scripts/compare/boundaries.py [--show N] [NAME|FOLDER|FILE]…

A NAME is one of fetch_corpus.CORPORA; without any, the four TypeScript ones are compared. Only
files that the compiler parses without error count. The exit status is 1 if any boundary differs.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

if not __package__:  # run by its path: what the folders share lies one up
    sys.path[0] = str(Path(__file__).parents[1])

from fetch_corpus import CORPORA, FetchError, corpus_dir, source_files
from npm import program

from chunkflow import chunk_source
from chunkflow.syntax.suffixes import SUFFIXES

Span: TypeAlias = tuple[int, int]

ORACLE = Path(__file__).parent / "oracle" / "oracle.mjs"
MAIN_CORPORA = ("viem", "effect", "rxjs", "zod")
EXCERPT_LENGTH = 70


class OracleError(Exception):
    """The compiler could not be asked; says why and what to do."""


class OracleFile(NamedTuple):
    """What the compiler says of one file; spans in bytes, ends exclusive."""

    path: Path
    error_count: int
    spans: frozenset[Span]


class Difference(NamedTuple):
    """A span that only one side has."""

    path: Path
    side: str
    """`missing`: only the compiler has it; `extra`: only chunkflow has it."""
    span: Span


class Comparison(NamedTuple):
    """How the two sides agree over one set of files."""

    files: int
    parsed: int
    """Files that the compiler parses without error; only their spans count."""
    spans: int
    equal: int
    differences: tuple[Difference, ...]

    @property
    def percent(self) -> float:
        """Spans that both have, of those that either has."""
        either = self.equal + len(self.differences)
        return 100 * self.equal / either if either else 100.0

    def count(self, side: str) -> int:
        """Differences of one side."""
        return sum(difference.side == side for difference in self.differences)


def ask_compiler(paths: Sequence[Path]) -> list[OracleFile]:
    """Declarations of each file as the TypeScript compiler sees them. Raises OracleError."""
    return [_oracle_file(record) for record in run_oracle(ORACLE, paths)]


def run_oracle(script: Path, paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """What a script that asks the compiler says of each file, in order. Raises OracleError."""
    node = program("node")
    if node is None:
        raise OracleError("cannot ask the compiler: node is not on PATH; install Node.js")
    done = subprocess.run(
        [node, str(script), str(corpus_dir("typescript"))],
        input=b"".join(os.fsencode(path) + b"\0" for path in paths),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise OracleError(done.stderr.decode("utf-8", "replace").strip())
    yield from map(json.loads, done.stdout.splitlines())


def chunkflow_spans(path: Path) -> frozenset[Span]:
    """Declarations of one file as chunkflow sees them."""
    chunks = chunk_source(path.read_bytes(), SUFFIXES[path.suffix])
    return frozenset(
        (chunk.decl_start_byte, chunk.decl_end_byte) for chunk in chunks if chunk.kind != "comment"
    )


def compare(paths: Sequence[Path]) -> Comparison:
    """Compares the two sides over files. Raises OracleError."""
    parsed = [file for file in ask_compiler(paths) if file.error_count == 0]
    equal = 0
    differences: list[Difference] = []
    for file in parsed:
        ours = chunkflow_spans(file.path)
        equal += len(ours & file.spans)
        differences += _differences(file, ours)
    span_count = sum(len(file.spans) for file in parsed)
    return Comparison(len(paths), len(parsed), span_count, equal, tuple(differences))


def describe(difference: Difference) -> str:
    """One line for people: place, side, and how the span's text begins."""
    source = difference.path.read_bytes()
    start, end = difference.span
    line = source.count(b"\n", 0, start) + 1
    text = " ".join(source[start:end].decode("utf-8", "replace").split())
    return (
        f"{difference.path}:{line}: {difference.side} {start}..{end} ({end - start} bytes):"
        f" {text[:EXCERPT_LENGTH]}"
    )


def files_of(argument: str) -> list[Path]:
    """The source files that an argument stands for. Raises FetchError."""
    if argument in CORPORA:
        return source_files(argument)
    path = Path(argument)
    if path.is_file() and path.suffix in SUFFIXES:
        return [path]
    if path.is_dir():
        found = path.rglob("*")
        return sorted(file for file in found if file.suffix in SUFFIXES and file.is_file())
    raise FetchError(f"{argument} is no source file, no folder and none of: {', '.join(CORPORA)}")


def _oracle_file(record: dict[str, object]) -> OracleFile:
    match record:
        case {"path": str(path), "errors": int(error_count), "spans": list(spans)}:
            spans_of_file = frozenset((start, end) for start, end, _ in spans)
            return OracleFile(Path(path), error_count, spans_of_file)
    raise OracleError(f"the oracle wrote a line that is not of its format: {record!r}")


def _differences(file: OracleFile, ours: frozenset[Span]) -> Iterable[Difference]:
    sides = dict.fromkeys(file.spans - ours, "missing")
    sides |= dict.fromkeys(ours - file.spans, "extra")
    return (Difference(file.path, side, span) for span, side in sorted(sides.items()))


def _print_comparison(name: str, result: Comparison, *, show: int) -> None:
    print(
        f"{name}: {result.files} files, {result.parsed} parsed without error,"
        f" {result.spans} spans: {result.equal} equal, {result.count('missing')} missing,"
        f" {result.count('extra')} extra, {result.percent:.4f} %",
        flush=True,
    )
    for difference in result.differences[:show]:
        print(f"  {describe(difference)}")


def main(arguments: Sequence[str]) -> int:
    """Prints one comparison an argument; 1 if any differs, 2 if one could not be made."""
    parser = argparse.ArgumentParser(description="compare chunkflow with the TypeScript compiler")
    parser.add_argument("targets", nargs="*", default=MAIN_CORPORA, metavar="NAME|FOLDER|FILE")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N differences")
    options = parser.parse_args(arguments)
    status = 0
    try:
        for target in options.targets:
            result = compare(files_of(target))
            _print_comparison(target, result, show=options.show)
            status |= bool(result.differences)
    except (FetchError, OracleError) as exc:
        print(f"boundaries: {exc}", file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
