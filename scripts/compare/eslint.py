"""Compares cyclomatic complexity, function by function, with ESLint; needs `node` and `npm`.

    python scripts/compare/eslint.py [FOLDER|FILE]…

Without arguments, all .ts files of viem are compared. ESLint is installed beside the corpus on
first use. The exit status is 1 if more than one function in a thousand differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

if not __package__:  # run by its path: what the folders share lies one up
    sys.path[0] = str(Path(__file__).parents[1])

from fetch_corpus import FetchError, corpus_root, source_files
from npm import NpmError, find_program, install_packages

from chunkflow.model.chunk import Chunk
from chunkflow.processors.metrics import Metrics
from chunkflow.syntax.chunker import Chunker
from chunkflow.syntax.suffixes import language_of

Place: TypeAlias = tuple[int, int]
"""Line and column from 1, columns in UTF-16 units."""

PACKAGES = ("eslint@10", "@typescript-eslint/parser@8", "typescript@5.9.3")
ORACLE = Path(__file__).parent / "eslint_complexity.mjs"
LIMITS = {
    "max_cyclomatic": 0,
    "max_cognitive": 10**9,
    "max_nesting": 10**9,
    "max_parameters": 10**9,
    "max_sloc": 10**9,
}
ALLOWED_SHARE = 0.001


class EslintError(Exception):
    """ESLint could not be asked; says why and what to do."""


class EslintFile(NamedTuple):
    """What ESLint says of one file."""

    path: Path
    error: str | None
    functions: dict[Place, int]


class Difference(NamedTuple):
    """A function on which the two disagree; None stands for a side that does not have it."""

    path: Path
    place: Place
    eslint: int | None
    ours: int | None
    reason: str


class Comparison(NamedTuple):
    """How the two sides agree over one set of files."""

    files: int
    unparsed: int
    """Files that ESLint's parser does not take."""
    functions: int
    differences: tuple[Difference, ...]


def eslint_folder() -> Path:
    """The folder whose node_modules hold ESLint; installed first if need be.

    Raises EslintError, NpmError.
    """
    folder = corpus_root() / "npm"
    if not _is_installed(folder):
        corpus_root().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".install-", dir=corpus_root()) as place:
            install_packages(made := Path(place, "npm"), PACKAGES)
            _put(made, folder)
    return folder


def _is_installed(folder: Path) -> bool:
    return (folder / "node_modules" / "eslint").is_dir()


def _put(made: Path, folder: Path) -> None:
    """In one step, so that nobody finds half of it."""
    try:
        made.rename(folder)
    except OSError as exc:
        # Somebody else was faster, or an older installation was interrupted.
        if not _is_installed(folder):
            raise EslintError(f"cannot put ESLint at {folder}: {exc.strerror}; remove it") from exc


def ask_eslint(paths: Sequence[Path]) -> Iterator[EslintFile]:
    """The complexity of each function of the files. Raises EslintError, NpmError."""
    done = subprocess.run(
        [find_program("node"), str(ORACLE), str(eslint_folder())],
        input=b"".join(os.fsencode(path) + b"\0" for path in paths),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise EslintError(done.stderr.decode("utf-8", "replace").strip())
    for line in done.stdout.splitlines():
        record = json.loads(line)
        functions = {(line, column): figure for line, column, figure in record["functions"]}
        yield EslintFile(Path(record["path"]), record["error"], functions)


class Measured(NamedTuple):
    """What chunkflow says of one file."""

    functions: dict[Place, int]
    chunks: list[Chunk]
    unread: list[tuple[int, int]]
    """First and last lines of what the grammar finds errors in."""


def measure(path: Path) -> Measured:
    """The complexity of each function of a file as chunkflow sees it."""
    source = path.read_bytes()
    parsed = Chunker(language_of(path.name) or "typescript").parse(source)
    functions: dict[Place, int] = {}
    outcomes = Metrics(LIMITS).process(parsed.chunks, source, parsed.roots)
    for chunk, outcome in zip(parsed.chunks, outcomes, strict=True):
        figures = outcome.value if isinstance(outcome.value, list) else []
        for finding, figure in zip(outcome.findings, figures, strict=True):
            assert isinstance(figure, dict)
            place = _in_file(source, chunk, finding.start_line, finding.start_column)
            functions[place] = int(str(figure["cyclomatic"]))
    broken = (root for root in parsed.roots if root.has_error)
    unread = [(_line(source, root.start_byte), _line(source, root.end_byte)) for root in broken]
    return Measured(functions, parsed.chunks, unread)


def _line(source: bytes, place: int) -> int:
    return source.count(b"\n", 0, place) + 1


def _in_file(source: bytes, chunk: Chunk, line: int, column: int) -> Place:
    line_start = chunk.start_byte
    for _ in range(line - 1):
        line_start = source.index(b"\n", line_start) + 1
    before = source[line_start:].decode("utf-8", "replace")[: column - 1]
    if line == 1:
        first = source.rfind(b"\n", 0, line_start) + 1
        before = source[first:line_start].decode("utf-8", "replace").lstrip("\ufeff") + before
    return chunk.start_line + line - 1, len(before.encode("utf-16-le")) // 2 + 1


def compare(paths: Sequence[Path]) -> Comparison:
    """Compares the two sides over files. Raises EslintError, NpmError."""
    functions = unparsed = 0
    differences: list[Difference] = []
    for file in ask_eslint(paths):
        if file.error is not None:
            unparsed += 1
            continue
        ours = measure(file.path)
        functions += len(ours.functions.keys() | file.functions.keys())
        differences += _differences(file, ours)
    return Comparison(len(paths), unparsed, functions, tuple(differences))


def _differences(file: EslintFile, ours: Measured) -> Iterator[Difference]:
    for place in sorted(ours.functions.keys() | file.functions.keys()):
        theirs, own = file.functions.get(place), ours.functions.get(place)
        if theirs != own:
            yield Difference(file.path, place, theirs, own, _reason(place[0], file, ours))


def _reason(line: int, file: EslintFile, ours: Measured) -> str:
    if any(first <= line <= last for first, last in ours.unread):
        return "the grammar cannot read this place"
    theirs, own = _on_line(line, file.functions), _on_line(line, ours.functions)
    if theirs == own:
        return "the same figure at another column"
    around = [chunk for chunk in ours.chunks if chunk.start_line <= line <= chunk.end_line]
    if len(own) < len(theirs) and any(c.decl_end_byte > c.end_byte for c in around):
        return "a suite's callback, which is split into chunks"
    return "unexplained"


def _on_line(line: int, functions: dict[Place, int]) -> list[int]:
    return sorted(figure for place, figure in functions.items() if place[0] == line)


def describe(difference: Difference) -> str:
    """One line for people."""
    line, column = difference.place
    sides = f"eslint {_shown(difference.eslint)}, chunkflow {_shown(difference.ours)}"
    return f"{difference.path}:{line}:{column}: {sides}: {difference.reason}"


def _shown(figure: int | None) -> str:
    return "has no function here" if figure is None else f"says {figure}"


def _paths(arguments: Sequence[str]) -> list[Path]:
    if not arguments:
        return source_files("viem")
    found: list[Path] = []
    for argument in map(Path, arguments):
        inside = argument.rglob("*.ts") if argument.is_dir() else [argument]
        found += sorted(path for path in inside if not path.name.endswith(".d.ts"))
    return found


def main(arguments: Sequence[str]) -> int:
    """Compare, print and tell the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("paths", nargs="*", metavar="FOLDER|FILE")
    try:
        result = compare(_paths(parser.parse_args(arguments).paths))
    except (EslintError, FetchError, NpmError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    for difference in result.differences:
        print(describe(difference))
    count, different = result.functions, len(result.differences)
    print(f"{result.files} files, {result.unparsed} of them not parsed by ESLint")
    print(f"{count} functions compared, {count - different} equal, {different} different")
    return int(different > ALLOWED_SHARE * count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
