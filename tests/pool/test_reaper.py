import os
import subprocess
import sys

import pytest

from chunkflow.pool import reaper

SCRIPT = """
import os, subprocess, sys
from chunkflow.pool import reaper
reaper.adopt_orphans()
for command in {commands!r}:
    subprocess.run(["sh", "-c", command], check=True)
reaper.kill_children()
"""


@pytest.mark.parametrize(
    "commands",
    [
        [],
        ["exit 0"],
        ["sleep 1000 &"],
        ["sleep 0 & sleep 1000 &", "sleep 1000 & sleep 1000 &"],
        ["(sleep 1000 & sleep 1000 & wait) &"],
        ["(trap '' HUP TERM INT; sleep 1000; :) &"],
    ],
)
def test_what_was_left_behind_ends(commands: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(commands=commands)],
        stdout=subprocess.PIPE,  # every process below holds it; it is read until the last has ended
        timeout=20,
        check=False,
    )
    assert done.returncode == 0


def test_a_process_that_ends_while_it_is_looked_at_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subprocess.Popen(["sleep", "1000"]) as child:
        monkeypatch.setattr(os, "listdir", lambda _: ["999999999", "self", str(child.pid)])
        reaper.kill_children()
        with pytest.raises(ProcessLookupError):
            os.kill(child.pid, 0)


def test_without_a_way_to_find_them_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sleep", "1000"]) as child:
        monkeypatch.setattr(os.path, "isdir", lambda _: False)
        reaper.kill_children()
        assert child.poll() is None
        child.kill()
