"""Tries the laws of edit_laws.py on real files; needs `node` and, once, `npm`.

    python scripts/compare/edits.py [--sites N] [--seed N] [--max-bytes N] [--show N] [TARGET…]

A TARGET is what boundaries.py takes: a corpus, a folder or a file. Without any, viem, effect,
rxjs and zod are used. The exit status is 1 if a law is broken: without `--max-bytes` by one edit,
with it by more than 1 % of the edits of a kind or where more is to process again than stated. The
last column counts the failures that no way of cutting avoids: a declaration was small enough to be
left whole, and the edit lifted it over the limit.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

if not __package__:  # run by its path: what the folders share lies one up
    sys.path[0] = str(Path(__file__).parents[1])

from compare.boundaries import MAIN_CORPORA, OracleError, files_of
from compare.edit_laws import LANGUAGE, LAWS, Edit, Effect, Law, effect_of, is_lifted
from compare.edit_sites import Sites, find_sites
from fetch_corpus import FetchError
from markdown_table import format_share, join_rows

from chunkflow.syntax.suffixes import SUFFIXES

SITES = 2000
LEAST_SHARE_IN_PARTS = 0.99
MOST_MEAN_BYTES_IN_PARTS = 1000
HEADER = (
    *("edit", "what may change", "edits", "kept"),
    *("bytes to process again", "lifted over limit"),
)


class Failure(NamedTuple):
    """An edit that broke its law."""

    law: str
    edit: Edit
    effect: Effect


class Verdict(NamedTuple):
    """How one law fared."""

    law: str
    promise: str
    sites: int
    mean_bytes: float
    """Bytes to process again after one edit."""
    failures: tuple[Failure, ...]
    lifted: int = 0
    """Failures where the edit lifted a whole declaration over the limit."""

    @property
    def share(self) -> float:
        """Edits that kept the law, of all."""
        return 1 - len(self.failures) / self.sites if self.sites else 1.0


def laws(
    files: Sequence[Sites], *, sites: int = SITES, seed: int = 0, max_bytes: int | None = None
) -> list[Verdict]:
    """Try every law that holds with this `max_bytes` on at most `sites` edits each."""
    tried = LAWS if max_bytes is None else [law for law in LAWS if law.keeps_in_parts is not None]
    return [_try(law, files, sites, seed, max_bytes) for law in tried]


def is_kept(verdict: Verdict, *, max_bytes: int | None) -> bool:
    """Whether a law held: always, or often enough where declarations are cut."""
    if max_bytes is None:
        return not verdict.failures
    often = verdict.share >= LEAST_SHARE_IN_PARTS
    return often and verdict.mean_bytes < MOST_MEAN_BYTES_IN_PARTS


def describe(failure: Failure) -> str:
    """The place of an edit and the chunks that it should have left alone, for people."""
    added, removed = failure.effect.added, failure.effect.removed
    lines = [f"{failure.edit.place}: {failure.law}: {len(added)} added, {len(removed)} removed"]
    for sign, chunks in (("+", added), ("-", removed)):
        for chunk in chunks:
            text = " ".join(chunk.text.split())
            lines.append(f"    {sign} {chunk.kind} {chunk.name}: {text[:70]}")
    return "\n".join(lines)


def table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts as a Markdown table."""
    return join_rows([HEADER, ("---", "---", *["--:"] * 4), *map(_cells, verdicts)])


def typescript_files(targets: Sequence[str]) -> list[Path]:
    """The TypeScript files that the targets stand for. Raises FetchError."""
    found = [path for target in targets for path in files_of(target)]
    return [path for path in found if SUFFIXES[path.suffix] == LANGUAGE]


def _cells(verdict: Verdict) -> tuple[str, ...]:
    share = format_share(verdict.share, 1, digits=2)
    sizes = f"{verdict.mean_bytes:,.0f}", str(verdict.lifted)
    return verdict.law, verdict.promise, str(verdict.sites), share, *sizes


def _try(law: Law, files: Sequence[Sites], sites: int, seed: int, max_bytes: int | None) -> Verdict:
    keeps = law.keeps if max_bytes is None else law.keeps_in_parts or law.keeps
    count = changed_bytes = lifted = 0
    failures = []
    for edit in islice(law.edits(files, Random(seed)), sites):
        effect = effect_of(edit, max_bytes=max_bytes)
        count += 1
        changed_bytes += sum(len(chunk.source) for chunk in effect.added)
        if not keeps(effect):
            failures.append(Failure(law.name, edit, effect))
            lifted += max_bytes is not None and is_lifted(edit, max_bytes=max_bytes)
    mean_bytes = changed_bytes / max(count, 1)
    return Verdict(law.name, law.promise, count, mean_bytes, tuple(failures), lifted)


def main(arguments: Sequence[str]) -> int:
    """Prints the table and what broke a law; 1 if one is broken, 2 if none could be tried."""
    parser = argparse.ArgumentParser(description="try the laws of edits on real files")
    parser.add_argument("targets", nargs="*", default=MAIN_CORPORA, metavar="NAME|FOLDER|FILE")
    parser.add_argument("--sites", type=int, default=SITES, metavar="N", help="edits of a kind")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which edits")
    parser.add_argument("--max-bytes", type=int, metavar="N", help="cut larger declarations")
    parser.add_argument("--show", type=int, default=sys.maxsize, metavar="N", help="failures")
    options = parser.parse_args(arguments)
    try:
        files = find_sites(typescript_files(options.targets))
    except (FetchError, OracleError) as exc:
        print(f"edits: {exc}", file=sys.stderr)
        return 2
    max_bytes = options.max_bytes
    verdicts = laws(files, sites=options.sites, seed=options.seed, max_bytes=max_bytes)
    print(table(verdicts))
    for failure in [failure for each in verdicts for failure in each.failures][: options.show]:
        print(describe(failure))
    return int(not all(is_kept(verdict, max_bytes=max_bytes) for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
