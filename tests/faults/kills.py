"""Scenes with a run that is killed (-9) at a system call of its own.

The run is traced with ptrace(2), so that it dies between two calls that are chosen by number: in
opening, writing, committing, moving the journal, deleting, wherever it writes or asks for a lock.
"""

import ctypes
import os
import random
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from faults.trial import Trial, run

_TRACEME, _SYSCALL = 0, 24
ROOMY = "1 GB"
_NEVER = 1 << 60
_EDITED = "functions.ts"
_TURNS_A_CACHE = 5

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class Place(NamedTuple):
    """What is run over, and where its results are kept."""

    project: str
    cache: Path
    kind: str
    size: str

    def run(self) -> Trial:
        return run(self.project, self.cache, l3=self.kind, size=self.size)


def kills(
    project: str, directory: str, kind: str, size: str, count: int
) -> tuple[list[Any], dict[str, int]]:
    """Kill `count` runs one after another, all on one cache and now and then on a missing one.

    Returns what was not right after any of them, and how often the cache was in which state when
    the run died.
    """
    points = random.Random(kind)
    wrong = []
    states: Counter[str] = Counter()
    place = Place(project, Path(directory, "whole"), kind, size)
    # How long a run is, on a missing cache and on one that has most.
    cold, _ = _run_and_kill(place, _NEVER)
    _edit(project, count)
    warm, _ = _run_and_kill(place, _NEVER)
    for turn in range(count):
        if is_new := turn % _TURNS_A_CACHE == 0:
            place = place._replace(cache=Path(directory, f"cache-{turn}"))
        _edit(project, turn)
        last = points.randrange(cold if is_new else warm)
        _run_and_kill(place, last)
        states[_state(place)] += 1
        if amiss := _amiss_after(place):
            wrong.append([turn, last, amiss])
    return wrong, dict(states)


def _edit(project: str, turn: int) -> None:
    path = Path(project, _EDITED)
    text, _, _ = path.read_text().partition("\n// turn")
    path.write_text(f"{text}\n// turn\nexport const turn = {turn};\n")


def _run_and_kill(place: Place, last: int) -> tuple[int, bool]:
    """Run until the last stop; return how many there were, and whether it was killed there."""
    pid = os.fork()
    if pid == 0:
        _be_traced(place)
    os.waitpid(pid, 0)
    for stop in range(last):
        # A stop is the beginning or the end of a system call.
        assert _libc.ptrace(_SYSCALL, pid, None, None) == 0, os.strerror(ctypes.get_errno())
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            return stop, False
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return last, True


def _be_traced(place: Place) -> None:
    status = 1
    try:
        assert _libc.ptrace(_TRACEME, 0, None, None) == 0, os.strerror(ctypes.get_errno())
        os.kill(os.getpid(), signal.SIGSTOP)
        status = 0 if not place.run().warnings else 2
    finally:
        os._exit(status)


def _state(place: Place) -> str:
    """What the cache looks like at this moment."""
    sizes = {path.name: path.stat().st_size for path in place.cache.rglob("*") if path.is_file()}
    if not any(size for name, size in sizes.items() if name.endswith((".sqlite3", ".db"))):
        return "no database"
    journals = [size for name, size in sizes.items() if name.endswith("-wal")]
    if not journals:
        return "closed"
    return "open, written" if any(journals) else "open"


def _amiss_after(place: Place) -> list[Any]:
    right = run(place.project, None).outcome
    first = place.run()
    left = sorted(os.listdir(place.cache))
    checked = _quick_check(place.cache)
    again = place.run()
    is_right = first.outcome == again.outcome == right and not [*first.warnings, *again.warnings]
    # Where there is not room for all of it, some is processed again and again.
    is_right &= again.is_healthy or place.size != ROOMY
    is_clean = len(left) == 3 and checked == "ok" and _is_tagged(place.cache)
    return [] if is_right and is_clean else [first, again, left, checked]


def _quick_check(cache: Path) -> str:
    (database,) = (*cache.glob("*.sqlite3"), *cache.glob("*.diskcache/cache.db"))
    with closing(sqlite3.connect(database)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def _is_tagged(cache: Path) -> bool:
    return all((cache / name).read_bytes() for name in ("CACHEDIR.TAG", ".gitignore"))
