"""Explains what the cache holds for files, and prefetches it."""

from collections.abc import Iterable, Sequence

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.audit.explain import explain_files
from chunkflow.engine.discover.search import Problem
from chunkflow.engine.options import Cutting, RunProcessor, Wanted
from chunkflow.model.explanation import FileExplanation


def explain(
    files: Sequence[Wanted],
    problems: Iterable[Problem],
    tiers: Tiers,
    processors: Sequence[RunProcessor],
    cutting: Cutting,
) -> tuple[FileExplanation, ...]:
    """An explanation a file, by path; of those that cannot be taken, why."""
    found = explain_files(files, tiers, processors, cutting)
    found += (FileExplanation(problem.path, error=problem.message) for problem in problems)
    return tuple(sorted(found, key=lambda file: file.path))
