"""Everything that must pass: format, lint, types, import contract, and all tests with coverage.

    python scripts/check.py [static] [tests] [marked]

Without arguments all three are run. `static` stands for what runs no test; `tests` for what `pytest
--cov` runs, in which no test needs more than this machine; `marked` for all other tests, which
bring packages from npm and take minutes, and for properties on many more examples. Coverage is that
of `tests` and `marked` together.
"""

import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sysconfig.get_path("scripts"))
LEAST_COVERAGE_PERCENT = 97

STEPS = ("static", "tests", "marked")
STATIC = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("lint-imports",),
)
# As the README has it: this folder is tested, not what is installed.
PYTEST = ("python", "-m", "pytest")


def markers() -> list[str]:
    """Names of the markers in pyproject.toml: each is for tests that `pytest` leaves out."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines: list[str] = settings["tool"]["pytest"]["ini_options"]["markers"]
    return [line.partition(":")[0] for line in lines]


def commands(step: str) -> Sequence[Sequence[str]]:
    """The commands of a step; those of one step may run at the same time."""
    match step:
        case "static":
            return STATIC
        case "tests":
            return [(*PYTEST, "--cov")]
        case "marked":
            # Properties were tried on few examples; hypothesis marks them itself.
            what = ("-m", " or ".join([*markers(), "hypothesis"]), "--hypothesis-profile=thorough")
            coverage = ("--cov", "--cov-append", f"--cov-fail-under={LEAST_COVERAGE_PERCENT}")
            return [(*PYTEST, *what, *coverage)]
    raise SystemExit(f"check: no step {step!r}; there are: {', '.join(STEPS)}")


def run(step: str) -> bool:
    """Run a step's commands; whether all passed."""
    started = []
    for program, *rest in commands(step):
        # Where several run at the same time, each one's output is kept until it is its turn.
        output = subprocess.PIPE if step == "static" else None
        process = subprocess.Popen(
            [BIN / program, *rest], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, text=True
        )
        started.append((process, " ".join([program, *rest])))
    return all([_end(process, line) for process, line in started])  # noqa: C419 - waits for all


def _end(process: "subprocess.Popen[str]", line: str) -> bool:
    print(f"$ {line}", flush=True)
    said, _ = process.communicate()
    print(said or "", end="", flush=True)
    return process.returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Run the steps in their order; stop at the first that fails."""
    chosen = arguments or STEPS
    for name in chosen:
        commands(name)
    return 0 if all(run(step) for step in STEPS if step in chosen) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
