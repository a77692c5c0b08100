"""Time and memory are those of a command and of everything that it starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "bench" / "measure.py"
BURN = "sum(i * i for i in range(3_000_000))"


def measure(tmp_path: Path, what: str, code: str, *arguments: str) -> dict[str, float]:
    result = tmp_path / "result.json"
    command = [sys.executable, str(SCRIPT), str(result), what]
    subprocess.run([*command, sys.executable, "-c", code, *arguments], check=True, timeout=60)
    found: dict[str, float] = json.loads(result.read_text())
    return found


def test_status_is_the_commands_own(tmp_path: Path) -> None:
    assert measure(tmp_path, "time", "import sys; sys.exit(3)")["status"] == 3
    assert measure(tmp_path, "time", "")["peak_bytes"] is None


@pytest.mark.slow
def test_cpu_time_of_descendants_counts(tmp_path: Path) -> None:
    own = measure(tmp_path, "time", BURN)
    below = measure(
        tmp_path,
        "time",
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])",
    )
    idle = measure(tmp_path, "time", "")
    assert below["cpu_s"] > (own["cpu_s"] + idle["cpu_s"]) / 2


@pytest.mark.slow
def test_orphan_is_waited_for_and_counts(tmp_path: Path) -> None:
    done = tmp_path / "done"
    orphan = f"{BURN}; open({str(done)!r}, 'w').close()"
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]])"
    found = measure(tmp_path, "time", code, orphan)
    assert done.exists()
    assert found["cpu_s"] > measure(tmp_path, "time", BURN)["cpu_s"] / 2


def test_orphan_that_stays_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    orphan = f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    code = (
        "import os, subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', sys.argv[1]])\n"
        f"while not os.path.exists({str(told)!r}): pass"
    )
    measuring = "import measure, sys\nmeasure.measure(sys.argv[1:], memory=False, patience_s=0.1)"
    subprocess.run(
        [sys.executable, "-c", measuring, sys.executable, "-c", code, orphan],
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parent)},
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


@pytest.mark.slow
def test_memory_is_that_of_all_processes_together(tmp_path: Path) -> None:
    hold = "import time; held = b'x' * 60_000_000; time.sleep(0.3)"
    pair = (
        "import subprocess, sys\n"
        "both = [subprocess.Popen([sys.executable, '-c', sys.argv[1]]) for _ in range(2)]\n"
        "[each.wait() for each in both]"
    )
    one = measure(tmp_path, "memory", hold)["peak_bytes"]
    two = measure(tmp_path, "memory", pair, hold)["peak_bytes"]
    assert one > 60_000_000
    assert two > 1.7 * one
