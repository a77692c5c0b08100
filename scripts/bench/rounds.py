"""Runs commands in turn, round by round, and keeps what each run took: for tools.py."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.commands import Command
from bench.measure import Usage
from npm import find_program

_MEASURE = Path(__file__).with_name("measure.py")
_MEMORY_ROUNDS = 2
# They would change what is measured; without the second, Python keeps no compiled modules.
_LEFT_OUT = ("CHUNKFLOW_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")


class BenchError(Exception):
    """A command could not be measured; says which and why."""


class Measured(NamedTuple):
    """What is known of one command."""

    command: Command
    files: int | None
    """Files it looked at, as far as it says."""
    runs: tuple[Usage, ...]
    """One a round; the first round is left out."""
    peak_bytes: int | None

    @property
    def wall_s(self) -> float:
        """The median over the rounds."""
        return statistics.median(run.wall_s for run in self.runs)

    @property
    def cpu_s(self) -> float:
        """The median over the rounds."""
        return statistics.median(run.cpu_s for run in self.runs)


def bench(
    commands: Sequence[Command], *, rounds: int, tell: Callable[[str], None]
) -> list[Measured]:
    """Measure commands: one uncounted round, `rounds` for time, then some for memory.

    Args:
        commands: in the order in which they take turns.
        rounds: how often each is timed.
        tell: told what is being done.

    Raises:
        BenchError: a command failed.
        NpmError: there is no node for those that need it.
    """
    environment = _environment()
    timed = []
    for number in range(rounds + 1):
        tell(f"round {number} of {rounds}" if number else "the first round, which does not count")
        timed.append([run(command, "time", environment) for command in commands])
    tell("memory")
    watched = [[run(c, "memory", environment) for c in commands] for _ in range(_MEMORY_ROUNDS)]
    return [
        Measured(
            command,
            command.files(runs[-1][1]),
            tuple(usage for usage, _ in runs[1:]),
            max((usage.peak_bytes for usage, _ in looks if usage.peak_bytes), default=None),
        )
        for command, runs, looks in zip(
            commands, zip(*timed, strict=True), zip(*watched, strict=True), strict=True
        )
    ]


def ratio(above: Measured, below: Measured, *, factor: float = 1.0) -> float:
    """The median over the rounds of one wall time over another of the same round."""
    pairs = zip(above.runs, below.runs, strict=True)
    return factor * statistics.median(a.wall_s / b.wall_s for a, b in pairs)


def run(command: Command, what: str, environment: Mapping[str, str]) -> tuple[Usage, str]:
    """One run for `time` or `memory`, and what the command printed. Raises BenchError."""
    command.prepare()
    with tempfile.TemporaryDirectory() as folder:
        result, printed = Path(folder, "result.json"), Path(folder, "output")
        with printed.open("wb") as output:
            subprocess.run(
                [sys.executable, str(_MEASURE), str(result), what, *command.arguments],
                cwd=command.folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        said = printed.read_text(errors="replace")
        usage = Usage(**json.loads(result.read_bytes())) if result.is_file() else None
    if usage is None or usage.status not in command.statuses:
        status = "could not be started" if usage is None else f"ended with status {usage.status}"
        raise BenchError(f"{command.name} {status}: {said.strip()[-1000:]}")
    return usage, said


def clean_environment() -> dict[str, str]:
    """The environment of this process, without what would change the figures."""
    return {key: value for key, value in os.environ.items() if not key.startswith(_LEFT_OUT)}


def _environment() -> dict[str, str]:
    kept = clean_environment()
    # Tools from npm look for node there.
    path = os.pathsep.join([str(Path(find_program("node")).parent), kept.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "NO_COLOR": "1"}
