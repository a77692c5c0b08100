import time
from pathlib import Path

import pytest
from faults.trial import Trial, run

YEAR_S = 365 * 86_400
JUMPS_S = {"back a year": -YEAR_S, "ahead ten years": 10 * YEAR_S}


@pytest.mark.parametrize("jump_s", JUMPS_S.values(), ids=JUMPS_S)
def test_clock_that_jumps_between_runs_changes_nothing(
    jump_s: float, cache: Path, kind: str, sources: Path, scratch: Trial
) -> None:
    def wrong() -> float:
        return time.time() + jump_s

    # And back again.
    for clock in (wrong, wrong, time.time, time.time):
        trial = run(sources, cache, l3=kind, clock=clock)
        assert trial.outcome == scratch.outcome
        assert trial.is_healthy


@pytest.mark.parametrize("jump_s", JUMPS_S.values(), ids=JUMPS_S)
def test_clock_that_jumps_during_a_run_changes_nothing(
    jump_s: float, kind: str, sources: Path, scratch: Trial, tmp_path: Path
) -> None:
    error_s = [0.0]
    first = run(
        sources,
        tmp_path / "cache",
        l3=kind,
        clock=lambda: time.time() + error_s[-1],
        before_closing=lambda: error_s.append(jump_s),
    )
    assert first.outcome == scratch.outcome
    assert not first.warnings
    # By the clock's new time, what was stored has not been used for ten years.
    renewed = run(sources, tmp_path / "cache", l3=kind)
    assert renewed.outcome == scratch.outcome
    assert not renewed.warnings
    assert run(sources, tmp_path / "cache", l3=kind).is_healthy
