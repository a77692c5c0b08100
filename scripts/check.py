"""Everything that must pass: format, lint, types, import contract, and the tests with coverage.

python scripts/check.py [--static]
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sysconfig.get_path("scripts"))

STATIC = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("lint-imports",),
)
TESTS = (("pytest", "--cov"),)


def main(arguments: list[str]) -> int:
    """Run each step; stop at the first that fails."""
    for program, *rest in STATIC if "--static" in arguments else STATIC + TESTS:
        print(f"$ {program} {' '.join(rest)}", flush=True)
        done = subprocess.run([BIN / program, *rest], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
