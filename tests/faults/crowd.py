"""Scenes with many runs at the same moment, each in a process of its own."""

import multiprocessing
import os
import shutil
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from threading import Barrier
from typing import Any

from faults.trial import Trial, run

from chunkflow.cache import connection, keys, record, versioned_files
from chunkflow.cache.keys import FORMAT as _FORMAT

Wrong = list[Any]

DEADLINE_S = 300.0
"""When the others are no longer waited for: one of them has died."""

_fork = multiprocessing.get_context("fork")


def rounds(project: str, directory: str, kind: str, count: int, lists: list[list[str]]) -> Wrong:
    """Start a run a list of files on a missing cache, `count` times; return what was not right.

    The runs of a round start together, and each must be what a run without a cache is.
    """
    right = [run(project, None, paths=paths).outcome for paths in lists]

    def play(number: int, barrier: Barrier) -> Wrong:
        wrong = []
        for turn in range(count):
            cache = Path(directory, str(turn))
            barrier.wait()
            trial = run(project, cache, l3=kind, paths=lists[number])
            if trial.outcome != right[number] or trial.warnings:
                wrong.append([turn, number, trial])
            if barrier.wait() == 0:
                wrong += _not_whole(project, cache, kind, lists)
        return wrong

    return together(len(lists), play)


def two_versions(project: str, directory: str, kind: str, count: int) -> Wrong:
    """Let runs of this version and of a later one start together on a missing cache, four each."""
    right = run(project, None).outcome

    def play(number: int, barrier: Barrier) -> Wrong:
        if number % 2:
            become_later_version()
        wrong = []
        for turn in range(count):
            barrier.wait()
            trial = run(project, Path(directory, str(turn)), l3=kind)
            if trial.outcome != right or trial.warnings:
                wrong.append([turn, number, trial])
        return wrong

    return together(8, play)


def checkouts(projects: list[str], directory: str, kind: str, count: int) -> Wrong:
    """Let runs over two projects start together on one missing cache, four each."""
    right = [run(project, None).outcome for project in projects]

    def play(number: int, barrier: Barrier) -> Wrong:
        which = number % 2
        wrong = []
        for turn in range(count):
            barrier.wait()
            trial = run(projects[which], Path(directory, f"cache-{turn}"), l3=kind)
            barrier.wait()
            after = run(projects[which], Path(directory, f"cache-{turn}"), l3=kind)
            if trial.outcome != right[which] or trial.warnings or not after.is_healthy:
                wrong.append([turn, number, trial, after])
        return wrong

    return together(8, play)


def later_version(project: str, cache: str, kind: str) -> Trial:
    """A run of a version of chunkflow with the next format."""
    become_later_version()
    return run(project, cache, l3=kind)


def become_later_version() -> None:
    """Give this process's stores and records the next format's number."""
    for module in (connection, keys, record, versioned_files):
        module.FORMAT = _FORMAT + 1  # type: ignore[attr-defined]


def _not_whole(project: str, cache: Path, kind: str, lists: list[list[str]]) -> Wrong:
    """What the next run finds amiss in a cache, or it leaves there; the cache goes."""
    every = sorted({path for paths in lists for path in paths})
    trial = run(project, cache, l3=kind, paths=every)
    left = sorted(os.listdir(cache))
    shutil.rmtree(cache)
    return [] if trial.is_healthy and len(left) == 3 else [["next", trial, left]]


def together(count: int, play: Callable[[int, Barrier], Wrong]) -> Wrong:
    """Call `play` in so many children at once, with a number and a barrier; join what is wrong."""
    barrier = _fork.Barrier(count, timeout=DEADLINE_S)
    children = []
    for number in range(count):
        here, there = _fork.Pipe(duplex=False)
        child = _fork.Process(target=lambda n=number, p=there: p.send(play(n, barrier)))
        child.start()
        # The only end left is the child's: where it dies, there is no more to be read.
        there.close()
        children.append((child, here))
    return [each for child, pipe in children for each in _answer(child, pipe)]


def _answer(child: ForkProcess, pipe: "Connection[Any, Wrong]") -> Wrong:
    try:
        answer = pipe.recv()
    except EOFError:
        answer = ["a child ended without a word"]
    child.join()
    return answer
