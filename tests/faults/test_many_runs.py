import os
import random
import time
from pathlib import Path

import pytest
from faults.nursery import Nursery, as_trials
from faults.trial import Trial, lay_out, run

RUNS = 8
HOUR_S = 3600
# Most rounds with the default store.
ROUNDS = {"sqlite": 90, "diskcache": 10}


def overlapping_lists(project: Path) -> list[list[str]]:
    """For each run some of the files, each of which several have."""
    names = sorted(path.name for path in project.glob("*.ts"))
    some = random.Random(8)
    return [sorted(some.sample(names, 3)) for _ in range(RUNS)]


def test_runs_that_start_together_on_a_missing_cache_do_not_disturb_each_other(
    nursery: Nursery, sources: Path, in_memory: Path, kind: str
) -> None:
    lists = overlapping_lists(sources)
    assert nursery.play("crowd:rounds", sources, in_memory, kind, ROUNDS[kind], lists) == []


def test_runs_of_two_versions_that_start_together_do_not_disturb_each_other(
    nursery: Nursery, sources: Path, in_memory: Path, kind: str
) -> None:
    assert nursery.play("crowd:two_versions", sources, in_memory, kind, 10) == []


@pytest.mark.parametrize("is_old", [False, True])
def test_versions_read_only_what_is_their_own(
    nursery: Nursery, sources: Path, scratch: Trial, cache: Path, kind: str, is_old: bool
) -> None:
    def later() -> Trial:
        (trial,) = as_trials([nursery.play("crowd:later_version", sources, cache, kind)])
        return trial

    written_s = time.time() + (-HOUR_S if is_old else HOUR_S)
    for path in (*cache.rglob("*"), cache):
        os.utime(path, (written_s, written_s))
    first = later()
    assert first.outcome == scratch.outcome
    assert first.reused == 0
    assert not first.warnings
    # What the older version left is taken only when nobody has written it just now.
    older = run(sources, cache, l3=kind)
    assert older.outcome == scratch.outcome
    assert not older.warnings
    assert (older.reused == 0) == is_old
    # Never the other way about.
    again = later()
    assert again.outcome == scratch.outcome
    assert again.is_healthy


def test_checkouts_of_one_repository_share_what_is_equal(
    sources: Path, scratch: Trial, cache: Path, kind: str, tmp_path: Path
) -> None:
    other = lay_out(tmp_path / "other")
    there = run(other, cache, l3=kind)
    assert there.outcome == scratch.outcome
    assert there.is_healthy
    edited = other / "functions.ts"
    edited.write_text(edited.read_text() + "\nexport const added = 1;\n")
    changed = run(other, cache, l3=kind)
    assert changed.outcome == run(other, None).outcome
    assert changed.reran == 1
    # What one of them has seen of its files is nothing to the other.
    here = run(sources, cache, l3=kind)
    assert here.outcome == scratch.outcome
    assert here.is_healthy


def test_checkouts_may_run_at_the_same_moment(
    nursery: Nursery, sources: Path, in_memory: Path, kind: str
) -> None:
    other = lay_out(in_memory / "other")
    edited = other / "functions.ts"
    edited.write_text(edited.read_text().replace("function", "function "))
    assert nursery.play("crowd:checkouts", [sources, other], in_memory, kind, 10) == []
