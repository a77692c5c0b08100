"""Times chunkflow beside its peers on the same files; needs `node` and, once, `npm`.

    python scripts/bench/tools.py [FOLDER] [--corpus NAME] [--rounds N] [--only NAME…]
                            [--plot FILE.png] [--json FILE]

Without a folder, the source of viem is measured on. The files are copied to a temporary folder;
the peers are installed into the cache folder beside the corpora. It prints Markdown.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

if not __package__:  # run by its path: what the folders share lies one up
    sys.path[0] = str(Path(__file__).parents[1])

from bench.commands import FLOORS, OURS
from bench.peers import PEERS
from bench.plot import PlotError, plot, require_matplotlib
from bench.rounds import BenchError, Measured, bench
from bench.table import machine, report
from bench.workspace import Workspace, WorkspaceError, make_workspace, source_files_in
from fetch_corpus import CORPORA, FetchError, corpus_dir, source_files
from markdown_table import MEGABYTE
from npm import NpmError

COMMANDS = {**FLOORS, **OURS, **PEERS}
"""Name → what makes the command, in the order of the table."""


class Subject(NamedTuple):
    """What is measured on."""

    label: str
    folder: Path
    files: list[Path]


def subject(folder: Path | None, corpus: str) -> Subject:
    """A folder's source files, or else a corpus'. Raises FetchError."""
    if folder is not None:
        return Subject(folder.resolve().name, folder, source_files_in(folder))
    label = CORPORA[corpus].spec.replace("@", " ")
    return Subject(label, corpus_dir(corpus), source_files(corpus))


def compare(
    found: Subject, names: Sequence[str], *, rounds: int
) -> tuple[list[Measured], Workspace]:
    """Measures the named commands in a workspace that is gone afterwards.

    Raises BenchError, NpmError, WorkspaceError.
    """
    with tempfile.TemporaryDirectory(prefix="chunkflow-bench-") as root:
        workspace = make_workspace(Path(root), found.folder, found.files)
        tell("making the commands ready")
        commands = [COMMANDS[name](workspace) for name in names]
        return bench(commands, rounds=rounds, tell=tell), workspace


def tell(message: str) -> None:
    """Progress goes to standard error."""
    print(f"tools: {message}", file=sys.stderr, flush=True)


def raw(measured: Sequence[Measured]) -> str:
    """Every run, as JSON."""
    rows = [
        {
            "name": each.command.name,
            "label": each.command.label,
            "version": each.command.version,
            "files": each.files,
            "wall_s": [run.wall_s for run in each.runs],
            "cpu_s": [run.cpu_s for run in each.runs],
            "peak_bytes": each.peak_bytes,
        }
        for each in measured
    ]
    return json.dumps({"machine": machine(), "commands": rows}, indent=1)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="time chunkflow beside its peers")
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--corpus", default="viem", choices=CORPORA, metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="timed runs of each")
    parser.add_argument(
        "--only", nargs="+", choices=COMMANDS, metavar="NAME", help="leave others out"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a picture, PNG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single figure")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Prints the report; 2 if it could not be made."""
    options = _options(arguments)
    names = options.only or list(COMMANDS)
    try:
        if options.plot:
            require_matplotlib()
        found = subject(options.folder, options.corpus)
        measured, workspace = compare(found, names, rounds=options.rounds)
        what = f"{found.label}: {workspace.files:,} files, {workspace.size_bytes / MEGABYTE:.1f} MB"
        print(report(measured, what=what, arguments=arguments, rounds=options.rounds))
        if options.plot:
            plot(measured, options.plot, title=f"Wall time over {what}", note=machine())
        if options.json:
            options.json.write_text(raw(measured) + "\n")
    except (BenchError, FetchError, NpmError, PlotError, WorkspaceError) as exc:
        print(f"tools: {exc}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
