"""What tools.py prints: the table, the ratios that matter, and what it was measured on."""

import os
import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from bench.commands import FLOOR, OURS
from bench.rounds import Measured, ratio
from markdown_table import format_mebibytes, join_rows
from npm import find_program

_HEADER = ("", "version", "files", "wall (s)", "x bare parse", "CPU (s)", "peak memory (MiB)")
LEGEND = """\
- wall, CPU: medians, from the start of the process to its end; CPU is user and system time of all
  its processes. x bare parse: the median of the ratios within each round.
- peak memory: the highest sum over all processes of their proportional set size (PSS), looked at
  every 20 ms in runs of their own.
- files: how many the tool itself says that it looked at.
- cold: with an empty cache; the file system's own cache is warm, always."""


class Goal(NamedTuple):
    """A ratio of two commands' wall times, and what it should be, if that is in our hands."""

    label: str
    above: str
    below: str
    most: float | None = None
    least: float | None = None
    factor: float = 1.0

    @property
    def wanted(self) -> str:
        """The bound, for people."""
        if self.most is not None:
            return f"<= {self.most}"
        return f">= {self.least}" if self.least is not None else "-"


GOALS = (
    Goal("chunks, cold, over the bare parse", "chunks", FLOOR, most=1.3),
    Goal("metrics, cold, over the bare parse", "metrics", FLOOR, most=1.6),
    Goal("parallel efficiency, bare parse", "parse-1", FLOOR, factor=0.5),
    Goal("parallel efficiency, chunks", "chunks-1", "chunks", least=0.9, factor=0.5),
    Goal("parallel efficiency, metrics", "metrics-1", "metrics", least=0.9, factor=0.5),
    Goal("warm, over oxlint with one rule", "warm", "oxlint", most=1.0),
    Goal("ESLint with a warm cache, over ours", "eslint-warm", "warm", least=5.0),
)
"""Parallel efficiency is the time with one process over twice the time with two. That of the bare
parse shows what the machine gives: two processes share its memory, and perhaps a core."""


def table(measured: Sequence[Measured]) -> str:
    """A line a command, in Markdown; ours are bold."""
    floor = next((each for each in measured if each.command.name == FLOOR), None)
    lines: list[Sequence[str]] = [_HEADER, ("---", "---", *["--:"] * (len(_HEADER) - 2))]
    lines += [_cells(each, floor) for each in measured]
    return join_rows(lines)


def goals(measured: Sequence[Measured]) -> str:
    """The ratios for which both sides were measured, in Markdown."""
    known = {each.command.name: each for each in measured}
    lines = [("ratio", "measured", "wanted"), ("---", "--:", "--:")]
    lines += [
        (goal.label, f"{_found(goal, known):.2f}", goal.wanted)
        for goal in GOALS
        if goal.above in known and goal.below in known
    ]
    return join_rows(lines) if len(lines) > 2 else ""


def machine() -> str:
    """The machine in words."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    processor = _processor_model()
    told = subprocess.run(
        [find_program("node"), "--version"], capture_output=True, check=True, text=True
    )
    return (
        f"{os.cpu_count()} CPUs{f' ({processor})' if processor else ''},"
        f" {memory_bytes / (1 << 30):.0f} GiB of memory, {platform.system()},"
        f" Python {platform.python_version()}, Node.js {told.stdout.strip().removeprefix('v')}"
    )


def report(
    measured: Sequence[Measured], *, what: str, arguments: Sequence[str], rounds: int
) -> str:
    """All that is to be printed."""
    command = shlex.join(["python", "scripts/bench/tools.py", *arguments])
    facts = (
        f"{what}. {date.today().isoformat()}; {machine()}. `{command}`:"
        f" medians of {rounds} rounds in which every command has its turn."
    )
    return "\n\n".join(filter(None, [facts, table(measured), LEGEND, goals(measured)]))


def _found(goal: Goal, known: Mapping[str, Measured]) -> float:
    return ratio(known[goal.above], known[goal.below], factor=goal.factor)


def _cells(each: Measured, floor: Measured | None) -> Sequence[str]:
    label = each.command.label
    return (
        f"**{label}**" if each.command.name in OURS else label,
        each.command.version,
        "-" if each.files is None else f"{each.files:,}",
        f"{each.wall_s:.3f}",
        "-" if floor is None else f"{ratio(each, floor):.2f}",
        f"{each.cpu_s:.2f}",
        format_mebibytes(each.peak_bytes),
    )


def _processor_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")
