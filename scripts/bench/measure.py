"""Runs one command and writes down what it took; tools.py starts it for every single run.

    python scripts/bench/measure.py RESULT.json time|memory COMMAND…

Time and memory are measured in runs of their own, as looking at memory takes time. The command's
output goes where this program's goes. On Linux, processes that outlive their parents are adopted,
so that they count too.
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER` of Linux' prctl(2)."""
_FIRST_INTERVAL_S = 0.002
_INTERVAL_S = 0.02
PATIENCE_S = 10.0
"""How long what a command leaves behind may run on."""


class Usage(NamedTuple):
    """What one run of a command took, its descendants included."""

    status: int
    wall_s: float
    """From the start of its process to the end of that process."""
    cpu_s: float
    """User and system time of all processes."""
    peak_bytes: int | None = None
    """Highest sum of the processes' proportional set sizes; None where it was not looked at."""


def measure(command: list[str], *, memory: bool, patience_s: float = PATIENCE_S) -> Usage:
    """Run a command to its end, and wait for what it leaves behind."""
    _adopt()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started_s = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    peak_bytes = _watch(process) if memory else None
    process.wait()
    wall_s = time.perf_counter() - started_s
    _wait_for_the_rest(patience_s)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Usage(process.returncode, wall_s, cpu_s, peak_bytes)


def _wait_for_the_rest(patience_s: float) -> None:
    """Until no descendant is left; one that stays, such as a server, is killed."""
    deadline_s = time.perf_counter() + patience_s
    with suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                if time.perf_counter() > deadline_s:
                    _kill(descendants(os.getpid()))
                time.sleep(_FIRST_INTERVAL_S)


def _kill(process_ids: Iterable[int]) -> None:
    for process_id in process_ids:
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)


def _adopt() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _watch(process: "subprocess.Popen[bytes]") -> int | None:
    """The highest sum that was seen; None where the system tells nothing."""
    peak_bytes, interval_s = 0, _FIRST_INTERVAL_S
    while process.poll() is None:
        peak_bytes = max(peak_bytes, sum(map(_size_bytes, descendants(os.getpid()))))
        time.sleep(interval_s)
        # A command of 20 ms would be over before the second look.
        interval_s = min(2 * interval_s, _INTERVAL_S)
    return peak_bytes or None


def descendants(ancestor: int) -> Iterator[int]:
    """Ids of the living processes below a process, without itself."""
    children: dict[int, list[int]] = {}
    for name in _listed():
        parent = _parent(name)
        if parent is not None:
            children.setdefault(parent, []).append(int(name))
    waiting = list(children.get(ancestor, ()))
    while waiting:
        process_id = waiting.pop()
        yield process_id
        waiting += children.get(process_id, ())


def _listed() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def _parent(name: str) -> int | None:
    try:
        # The second field, the program's name, is in brackets and may hold any character.
        fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[1])
    except (OSError, IndexError):
        return None


def _size_bytes(process_id: int) -> int:
    try:
        lines = Path("/proc", str(process_id), "smaps_rollup").read_bytes().splitlines()
    except OSError:
        return 0  # it has ended meanwhile
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:"))


def main(arguments: list[str]) -> int:
    """Runs the command; 2 if it cannot be started, 0 whatever its own status is."""
    result, what, *command = arguments
    try:
        usage = measure(command, memory=what == "memory" and sys.platform == "linux")
    except OSError as exc:
        print(f"{exc.filename}: {exc.strerror}")
        return 2
    Path(result).write_text(json.dumps(usage._asdict()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
