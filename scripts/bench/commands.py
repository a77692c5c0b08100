"""chunkflow and the floors below it as command lines: what tools.py measures besides the peers."""

import re
import shutil
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import NamedTuple

from bench.workspace import Editor, Workspace

JOBS = 2
"""Worker processes, where a command takes a number of them."""

# The least that could be done: the same files found, read and parsed, and nothing kept.
_PARSE = """\
import os
from concurrent.futures import ProcessPoolExecutor

import tree_sitter_typescript
from tree_sitter import Language, Parser

TYPESCRIPT = Parser(Language(tree_sitter_typescript.language_typescript()))
TSX = Parser(Language(tree_sitter_typescript.language_tsx()))
PARSERS = dict.fromkeys((".ts", ".mts", ".cts"), TYPESCRIPT)
PARSERS |= dict.fromkeys((".tsx", ".js", ".mjs", ".cjs", ".jsx"), TSX)


def parse(path):
    with open(path, "rb") as file:
        PARSERS[os.path.splitext(path)[1].lower()].parse(file.read())


if __name__ == "__main__":
    paths = [
        os.path.join(place, name)
        for place, _, names in os.walk(".")
        for name in names
        if os.path.splitext(name)[1].lower() in PARSERS
    ]
    with ProcessPoolExecutor(JOBS) as executor:
        print(sum(1 for _ in executor.map(parse, paths, chunksize=32)), "files")
"""
_FILES = re.compile(r"([\d,]+) files|scannedFileCount=(\d+)")


def nothing() -> None:
    """What most commands need before a run."""


def files_in_output(output: str) -> int | None:
    """The last number of files that is spoken of."""
    found = _FILES.findall(output)
    return int("".join(found[-1]).replace(",", "")) if found else None


class Command(NamedTuple):
    """One line of the table."""

    name: str
    label: str
    version: str
    arguments: tuple[str, ...]
    folder: Path
    """Where it runs, and what it looks at."""
    prepare: Callable[[], None] = nothing
    """Called before every run, outside of what is timed."""
    files: Callable[[str], int | None] = files_in_output
    """How many files it looked at; it is given the output."""
    statuses: tuple[int, ...] = (0, 1)
    """Exit statuses of a run that did its work; 1 stands for findings."""


def _python(workspace: Workspace) -> Command:
    arguments = (sys.executable, "-c", "pass")
    return Command("python", "`python -c pass`", python_version(), arguments, workspace.project)


def _parse(jobs: int, name: str, workspace: Workspace) -> Command:
    script = workspace.configuration / f"{name}.py"
    script.write_text(_PARSE.replace("JOBS", str(jobs)))
    label = f"bare tree-sitter parse, {jobs} process{'es' if jobs > 1 else ''}"
    arguments = (sys.executable, str(script))
    return Command(name, label, version("tree-sitter"), arguments, workspace.project)


def _cold(processor: str, jobs: int, name: str, workspace: Workspace) -> Command:
    # A folder that is not there: what removing the old one takes is not ours.
    prepare = partial(shutil.rmtree, workspace.caches / name, ignore_errors=True)
    label = f"chunkflow {processor}, cold, `--jobs {jobs}`"
    return _chunkflow(workspace, name, label, processor, jobs)._replace(prepare=prepare)


def _warm(workspace: Workspace) -> Command:
    return _chunkflow(workspace, "warm", "chunkflow metrics, warm", "metrics", JOBS)


def _edited(workspace: Workspace) -> Command:
    label = "chunkflow metrics, one function edited"
    command = _chunkflow(workspace, "edited", label, "metrics", JOBS)
    return command._replace(folder=workspace.edited, prepare=Editor(workspace.edited).edit)


def _chunkflow(workspace: Workspace, name: str, label: str, processor: str, jobs: int) -> Command:
    what = ("optimize-files", ".", "--processor", processor, "--jobs", str(jobs))
    arguments = (*chunkflow(), *what, "--cache-dir", str(workspace.caches / name))
    return Command(name, label, version("chunkflow"), arguments, workspace.project)


def chunkflow() -> tuple[str, ...]:
    """How chunkflow is started: as users do, where it is installed."""
    script = Path(sys.executable).with_name("chunkflow")
    return (str(script),) if script.is_file() else (sys.executable, "-m", "chunkflow")


FLOOR = "parse"
"""What everything is compared with."""

OURS: Mapping[str, Callable[[Workspace], Command]] = {
    "chunks": partial(_cold, "chunks", JOBS, "chunks"),
    "chunks-1": partial(_cold, "chunks", 1, "chunks-1"),
    "metrics": partial(_cold, "metrics", JOBS, "metrics"),
    "metrics-1": partial(_cold, "metrics", 1, "metrics-1"),
    "warm": _warm,
    "edited": _edited,
}
FLOORS: Mapping[str, Callable[[Workspace], Command]] = {
    "python": _python,
    FLOOR: partial(_parse, JOBS, FLOOR),
    "parse-1": partial(_parse, 1, "parse-1"),
}
