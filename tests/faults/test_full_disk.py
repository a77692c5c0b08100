import shutil
from pathlib import Path

from faults.nursery import Nursery, as_trials
from faults.trial import Trial, run

KB = 1024
# From no room at all to enough for a whole run, so that it runs out at every stage: in making the
# directory, its marks, the database and its journal, in storing, and in moving the journal.
ROOMS = [0, 4 * KB, *range(8 * KB, 360 * KB, 16 * KB)]


# So little that each new record drives out others.
SMALL = {"sqlite": "70 KB", "diskcache": "90 KB"}


def assert_lawful(scratch: Trial, runs: list[Trial]) -> None:
    full, *later = runs
    assert full.outcome == scratch.outcome
    assert len(full.warnings) <= 1, full.warnings
    for trial in later:
        assert trial.outcome == scratch.outcome
        assert not trial.warnings
    assert later[-1].is_healthy


def test_disk_without_room_for_a_new_cache_costs_a_warning_at_most(
    nursery: Nursery, sources: Path, scratch: Trial, in_memory: Path, kind: str
) -> None:
    found = nursery.play("full_disk:runs_on_a_full_disk", sources, in_memory, kind, ROOMS)
    each = [as_trials(runs) for runs in found]
    for runs in each:
        assert_lawful(scratch, runs)
    # Else no disk was ever full, or all of them were.
    assert each[0][0].warnings
    assert each[0][1].reused == 0
    assert each[-1][1].is_healthy


def test_full_disk_is_no_hindrance_to_reading(
    nursery: Nursery, sources: Path, scratch: Trial, in_memory: Path, cache: Path, kind: str
) -> None:
    rooms = [0, 4 * KB, 32 * KB]
    for runs in nursery.play(
        "full_disk:runs_on_a_full_disk", sources, in_memory, kind, rooms, cache
    ):
        assert_lawful(scratch, as_trials(runs))
        assert as_trials(runs)[0].is_healthy


def test_disk_that_is_full_when_something_must_go_costs_a_warning_at_most(
    nursery: Nursery, in_memory: Path, caches: dict[str, Path], sources: Path, kind: str
) -> None:
    edited = shutil.copytree(sources, in_memory / "edited")
    with (edited / "functions.ts").open("a") as file:
        file.write("\nexport const more = (a: number) => (a ? 1 : 2);\n")
    scratch = run(edited, None)
    scene = "full_disk:runs_on_a_full_disk"
    small = (caches[kind], SMALL[kind])
    for runs in nursery.play(scene, edited, in_memory, kind, ROOMS[::2], *small):
        trials = as_trials(runs)
        assert all(trial.outcome == scratch.outcome for trial in trials)
        assert len(trials[0].warnings) <= 1
        assert not trials[1].warnings
        assert not trials[2].warnings


def test_journal_that_cannot_be_moved_on_a_full_disk_is_read_where_it_is(
    nursery: Nursery, sources: Path, scratch: Trial, in_memory: Path, kind: str
) -> None:
    runs = nursery.play("full_disk:run_where_the_disk_fills_up", sources, in_memory, kind)
    first, full, later = as_trials(runs)
    assert first.outcome == full.outcome == scratch.outcome
    assert not first.warnings
    assert full.is_healthy
    assert later.outcome == scratch.outcome
    assert later.is_healthy


def test_cache_that_may_not_be_written_is_read(
    nursery: Nursery, sources: Path, scratch: Trial, cache: Path, kind: str
) -> None:
    for trial in as_trials(nursery.play("full_disk:read_only_runs", sources, cache, kind)):
        assert trial.outcome == scratch.outcome
        assert trial.is_healthy
