"""Replays a history on one cache, and tells how much of it was processed again; needs `git`.

    python scripts/replay/run.py REPOSITORY [--commits N] [--path FOLDER…] [options]
    python scripts/replay/run.py --npm PACKAGE [--releases N] [options]
    options: [--processor metrics|expensive] [--max-bytes N] [--check-every N] [--json FILE]

Every commit that changes source is checked out in a temporary clone, and chunkflow runs over it.
What it reports is compared with what the files say, every tenth step with a run from scratch. The
exit status is 1 if anything differs. Releases of a package are put into a repository first, a
commit each; that needs `npm`. It prints Markdown.
"""

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

if not __package__:  # run by its path: what the folders share lies one up
    sys.path[0] = str(Path(__file__).parents[1])

from markdown_table import join_rows
from npm import NpmError
from replay.history import History, HistoryError
from replay.releases import ReleaseError, make_repository
from replay.runner import PROCESSORS, Run, RunError, Runner, difference
from replay.tree import Amount, Key, Step, Tree, amount

_TIERS = ("l1", "l2", "l3")


class Totals(NamedTuple):
    """Sums over the steps; the first state, which is processed as a whole, is no step."""

    steps: int = 0
    ours: Amount = Amount()
    whole_files: Amount = Amount()
    everything: Amount = Amount()
    unseen: Amount = Amount()
    added_bytes: int = 0
    """Of the lines that `git diff` shows as added."""
    unchanged: int = 0
    unchanged_in_changed: int = 0
    needless: int = 0
    """Chunks that were processed though the state before had them."""
    hits: tuple[int, ...] = (0,) * len(_TIERS)
    seconds: float = 0.0
    wall_s: float = 0.0
    checked: int = 0
    """Steps that were compared with a run from scratch."""

    @property
    def hit_rate(self) -> float:
        """Chunks that did not change and were not processed, of all that did not change."""
        return 1 - self.needless / max(1, self.unchanged)

    @property
    def hit_rate_in_changed(self) -> float:
        """The same within files that changed."""
        return 1 - self.needless / max(1, self.unchanged_in_changed)


class Replay:
    """One history, one cache.

    Args:
        history: what to go through.
        runner: what runs over it.
        tree: what looks at the same files.
        built_in: whether the processor is, so that a file's results are kept together.
    """

    def __init__(self, history: History, runner: Runner, tree: Tree, *, built_in: bool) -> None:
        self._history = history
        self._runner = runner
        self._tree = tree
        self._built_in = built_in

    def replay(self, *, check_every: int, tell: Callable[[str], None]) -> Totals:
        """Go through all commits. Raises RunError, HistoryError."""
        first, *later = self._history.commits
        run, step, _ = self._step(first)
        tell(f"{first[:12]}: the first state: {step.chunks:,} chunks")
        totals, before = Totals(), first
        for number, commit in enumerate(later, start=1):
            run, step, processed = self._step(commit)
            totals = _added(totals, run, step, processed)
            added_bytes = self._history.added_bytes(before, commit)
            totals = totals._replace(added_bytes=totals.added_bytes + added_bytes)
            if number % check_every == 0:
                self._compare(run, commit)
                totals = totals._replace(checked=totals.checked + 1)
            tell(f"{commit[:12]}: {number} of {len(later)}: {len(processed)} chunks processed")
            before = commit
        return totals

    def _step(self, commit: str) -> tuple[Run, Step, list[Key]]:
        """Run over a commit; also what the files say, and what was processed."""
        self._history.check_out(commit)
        run = self._runner.run(self._present())
        self._refuse_failures(run, commit)
        paths = [file["path"] for file in run.report["files"]]
        step = self._tree.advance(self._history.folder, paths)
        for file in run.report["files"]:
            expected = self._tree.chunks(file["path"])
            _agree(commit, f"chunks of {file['path']}", file["chunks"], expected)
        processed = step.within_files if self._built_in else run.calls
        _agree(commit, "chunks rerun", run.report["totals"]["reran"], len(processed))
        return run, step, processed

    def _present(self) -> list[str]:
        folder = self._history.folder
        return [path for path in self._history.paths if (folder / path).exists()]

    def _refuse_failures(self, run: Run, commit: str) -> None:
        for file in run.report["files"]:
            if file["error"]:
                raise RunError(f"{commit}: {file['path']}: {file['error']}")

    def _compare(self, run: Run, commit: str) -> None:
        found = difference(run.report, self._runner.run_from_scratch(self._present()))
        if found:
            raise RunError(f"{commit}: a run from scratch gives something else:\n{found}")


def _agree(commit: str, what: str, reported: int, expected: int) -> None:
    if reported != expected:
        raise RunError(f"{commit}: {what}: {reported} reported, {expected} seen")


def _added(totals: Totals, run: Run, step: Step, processed: Sequence[Key]) -> Totals:
    files = run.report["files"]
    hits = [sum(file["hits"][tier] for file in files) for tier in _TIERS]
    return totals._replace(
        steps=totals.steps + 1,
        ours=totals.ours.plus(amount(processed)),
        whole_files=totals.whole_files.plus(step.whole_files),
        everything=totals.everything.plus(step.everything),
        unseen=totals.unseen.plus(step.unseen),
        unchanged=totals.unchanged + step.unchanged,
        unchanged_in_changed=totals.unchanged_in_changed + step.unchanged_in_changed,
        needless=totals.needless + step.needless(processed),
        hits=tuple(a + b for a, b in zip(totals.hits, hits, strict=True)),
        seconds=totals.seconds + run.report["totals"]["seconds"],
        wall_s=totals.wall_s + run.wall_s,
    )


def table(totals: Totals) -> str:
    """What was processed, in Markdown."""
    rows = [
        ("**chunkflow**", totals.ours),
        ("a cache per file", totals.whole_files),
        ("no cache", totals.everything),
        ("chunks never seen before, each once", totals.unseen),
    ]
    lines = [("processed", "chunks", "bytes", "x the limit"), ("---", "--:", "--:", "--:")]
    lines += [
        (label, f"{found.chunks:,}", f"{found.bytes:,}", _times(found.bytes, totals))
        for label, found in rows
    ]
    limit = "the limit: lines that `git diff` shows as added"
    return join_rows([*lines, (limit, "", f"{totals.added_bytes:,}", "1.00")])


def summary(totals: Totals) -> str:
    """What the table does not say, as a list in Markdown."""
    hits = ", ".join(
        f"{tier.upper()} {count:,}" for tier, count in zip(_TIERS, totals.hits, strict=True)
    )
    return "\n".join(
        [
            f"- hits: {hits}",
            f"- of {totals.unchanged:,} chunks that the state before had, {totals.needless:,} were"
            f" processed: hit rate {_rate(totals.hit_rate)}; within files that changed"
            f" {_rate(totals.hit_rate_in_changed)} of {totals.unchanged_in_changed:,}",
            f"- {totals.seconds:.1f} s within the program, {totals.wall_s:.1f} s from start to end",
            f"- {totals.checked} steps compared with a run from scratch: no difference",
        ]
    )


def _times(size_bytes: int, totals: Totals) -> str:
    return f"{size_bytes / totals.added_bytes:,.2f}" if totals.added_bytes else "-"


def _rate(share: float) -> str:
    # Rounded down: 1 means all.
    return f"{int(share * 10_000) / 10_000:.4f}"


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="replay a history on one cache")
    parser.add_argument("repository", nargs="?", type=Path, metavar="REPOSITORY")
    parser.add_argument("--npm", metavar="PACKAGE", help="releases of a package instead")
    parser.add_argument("--releases", type=int, default=60, metavar="N", help="how many of them")
    parser.add_argument("--commits", type=int, metavar="N", help="the last ones; default: all")
    parser.add_argument(
        "--path", nargs="+", default=["."], metavar="FOLDER", help="look only there"
    )
    parser.add_argument("--processor", choices=PROCESSORS, default="metrics")
    parser.add_argument("--max-bytes", type=int, metavar="N", help="cut what is larger")
    parser.add_argument("--check-every", type=int, default=10, metavar="N", help="from scratch")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(arguments)
    if (options.repository is None) == (options.npm is None):
        parser.error("name a repository, or a package with --npm")
    if options.max_bytes is not None and options.processor != "expensive":
        parser.error("--max-bytes goes with --processor expensive: built-in ones never cut")
    return options


def tell(message: str) -> None:
    """Progress goes to standard error."""
    print(f"replay: {message}", file=sys.stderr, flush=True)


def _replay(options: argparse.Namespace, root: Path) -> Totals:
    repository = options.repository
    if options.npm is not None:
        repository = root / "releases"
        versions = make_repository(options.npm, repository, releases=options.releases)
        tell(f"{options.npm} {versions[0]} to {versions[-1]}")
    history = History(repository, root / "clone", paths=options.path, commits=options.commits)
    work = root / "work"
    work.mkdir()
    runner = Runner(history.folder, work, options.processor, max_bytes=options.max_bytes)
    tree = Tree(max_bytes=options.max_bytes)
    built_in = options.processor == "metrics"
    replay = Replay(history, runner, tree, built_in=built_in)
    return replay.replay(check_every=options.check_every, tell=tell)


def main(arguments: Sequence[str]) -> int:
    """Prints the figures; 1 if something differs, 2 if the history is not to be had."""
    options = _options(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="chunkflow-replay-") as root:
            totals = _replay(options, Path(root))
    except RunError as exc:
        print(f"replay: {exc}", file=sys.stderr)
        return 1
    except (HistoryError, NpmError, ReleaseError) as exc:
        print(f"replay: {exc}", file=sys.stderr)
        return 2
    print(
        f"`{shlex.join(['python', 'scripts/replay/run.py', *arguments])}`: {totals.steps} steps\n"
    )
    print(f"{table(totals)}\n\n{summary(totals)}")
    if options.json:
        options.json.write_text(json.dumps(totals._asdict(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
