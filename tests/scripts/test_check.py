"""One command runs everything: what `pytest` leaves out is run by the command's last step."""

import tomllib
from pathlib import Path

import check
import pytest


def default_options() -> list[str]:
    settings = tomllib.loads((check.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    options: list[str] = settings["tool"]["pytest"]["ini_options"]["addopts"]
    return options


def test_what_is_left_out_by_default_is_what_the_last_step_runs() -> None:
    options = default_options()
    left_out = options[options.index("-m") + 1]
    assert left_out == " and ".join(f"not {marker}" for marker in check.markers())
    [command] = check.commands("marked")
    assert " or ".join([*check.markers(), "hypothesis"]) in command


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps that are run; `tests` fails."""
    run: list[str] = []

    def note(step: str) -> bool:
        run.append(step)
        return step != "tests"

    monkeypatch.setattr(check, "run", note)
    return run


def test_first_failure_ends_the_check(steps: list[str]) -> None:
    assert check.main([]) == 1
    assert steps == ["static", "tests"]


def test_steps_can_be_chosen_and_keep_their_order(steps: list[str]) -> None:
    assert check.main(["marked", "static"]) == 0
    assert steps == ["static", "marked"]


def test_unknown_step_is_refused_before_any_is_run(steps: list[str]) -> None:
    with pytest.raises(SystemExit, match="no step 'lint'; there are: static, tests, marked"):
        check.main(["static", "lint"])
    assert steps == []


@pytest.mark.parametrize(("statuses", "passed"), [((0, 0), True), ((0, 1), False), ((1, 0), False)])
def test_step_passes_if_each_command_does(
    statuses: tuple[int, ...],
    passed: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    lines = [("sh", "-c", f"echo said {n}; exit {s}") for n, s in enumerate(statuses)]
    monkeypatch.setattr(check, "BIN", Path("/bin"))
    monkeypatch.setattr(check, "STATIC", lines)
    assert check.run("static") is passed
    said = capfd.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("said")] == ["said 0", "said 1"]
