"""A test that CI does not run is no test: in CI a skip fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SKIPS = {
    "a test": "import pytest\ndef test_it():\n    pytest.skip('no tool')\n",
    "a mark": "import pytest\n@pytest.mark.skipif(True, reason='no tool')\ndef test_it(): pass\n",
    "a file": "import pytest\npytest.skip('no tool', allow_module_level=True)\n",
}


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("text", SKIPS.values(), ids=SKIPS)
@pytest.mark.parametrize("ci", ["", "true"])
def test_skip_fails_in_ci_alone(text: str, ci: str, tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(text)
    (tmp_path / "test_b.py").write_text("def test_other(): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "-c", os.devnull, "--rootdir=.", "."],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == bool(ci), done.stdout + done.stderr
    assert ("skipped in CI" in done.stdout) == bool(ci)
