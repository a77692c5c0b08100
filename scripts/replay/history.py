"""A git history, checked out commit by commit in a clone of its own: for run.py."""

import io
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from chunkflow.syntax.suffixes import SUFFIXES

_HUNK = re.compile(rb"@@ -\d+(?:,\d+)? \+\d+(?:,(\d+))? @@")


class HistoryError(Exception):
    """There is no such history, or git failed; says what git said."""


class History:
    """A clone of a repository, which itself is only read. Every method raises HistoryError.

    Args:
        repository: where to clone from; may be bare or shallow.
        clone: the folder to make.
        paths: folders of it; commits that change no source file below them are left out.
        commits: how many steps at most, the last ones of the first parents of HEAD; None: all.
    """

    def __init__(
        self,
        repository: Path,
        clone: Path,
        *,
        paths: Sequence[str] = (".",),
        commits: int | None = None,
    ) -> None:
        self.folder = clone
        self.paths = paths
        self._specs = [spec for path in paths for spec in _source_specs(path)]
        git(None, "clone", "--quiet", "--no-checkout", "--shared", str(repository), str(clone))
        # One commit more: where the first step begins.
        limit = [] if commits is None else [f"--max-count={commits + 1}"]
        listed = git(
            clone, "rev-list", "--first-parent", "--reverse", *limit, "HEAD", "--", *self._specs
        )
        self.commits: Sequence[str] = listed.decode().split()
        if not self.commits:
            raise HistoryError(f"no commit changes source below {', '.join(paths)}; name others")

    def check_out(self, commit: str) -> None:
        """Make the folder what the commit is. Files that do not change keep their times."""
        git(self.folder, "reset", "--quiet", "--hard", commit)

    def added_bytes(self, before: str, after: str) -> int:
        """The bytes of the lines, ends included, that `git diff` shows as added in source files."""
        found = git(
            self.folder,
            *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--unified=0"),
            *("--find-renames", before, after, "--", *self._specs),
        )
        return sum(map(_size_of_added, _added_lines(found)))


def _source_specs(path: str) -> list[str]:
    start = "" if path == "." else f"{path.strip('/')}/"
    return [f":(glob,icase){start}**/*{suffix}" for suffix in SUFFIXES]


def _added_lines(diff: bytes) -> list[bytes]:
    added = []
    remaining = 0
    # Not by splitlines, which ends a line at CR too.
    for line in io.BytesIO(diff):
        if remaining and line.startswith(b"+"):
            added.append(line)
            remaining -= 1
        elif hunk := _HUNK.match(line):
            remaining = int(hunk[1] or 1)
    return added


def _size_of_added(line: bytes) -> int:
    return len(line) - len(b"+")


def git(folder: Path | None, *arguments: str) -> bytes:
    """What git prints. Raises HistoryError."""
    # The variables of a git that runs us, as in a hook, name another repository.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-c", "core.autocrlf=false", *arguments],
            cwd=folder,
            env=kept,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as exc:
        raise HistoryError(f"cannot run git: {exc.strerror}; install it") from exc
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise HistoryError(f"git {arguments[0]} failed: {said}")
    return done.stdout
