"""Runs chunkflow as users do, and sees what it says and what it calls: for run.py."""

import difflib
import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.commands import JOBS, chunkflow
from replay.tree import Key

PROCESSORS = ("metrics", "expensive")
EXEMPT = frozenset({"status", "reran", "reused", "hits", "seconds", "metrics"})
"""The parts of a JSON report that depend on what the cache held."""
_MODULE = "replay_expensive"
_LOG = "REPLAY_LOG"

# A line a call, written at once, so that those of several processes do not mix.
_EXPENSIVE = f'''\
"""A processor that tells every call of it."""

import os

from chunkflow import Chunk, processor


@processor(version="1", max_chunk_bytes=MAX_BYTES)
def expensive(chunk: Chunk) -> int:
    """The chunk's size in bytes."""
    size_bytes = len(chunk.source)
    line = f"{{chunk.language}} {{chunk.kind}} {{chunk.digest.hex()}} {{size_bytes}}\\n"
    log = os.open(os.environ["{_LOG}"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(log, line.encode())
    finally:
        os.close(log)
    return size_bytes
'''


class RunError(Exception):
    """chunkflow failed, or contradicts itself or what was seen; says where."""


class Run(NamedTuple):
    """One run."""

    report: Any
    """The JSON report, decoded."""
    wall_s: float
    """From the start of the process to its end."""
    calls: list[Key]
    """What the expensive processor was called on; empty for a built-in one."""


class Runner:
    """Runs one processor over a folder, always with the same cache.

    Args:
        folder: what to run over.
        work: a folder of the runner's own: the cache, the processor's module, its log.
        processor: of `PROCESSORS`.
        max_bytes: above which the expensive processor wants chunks to be cut.
    """

    def __init__(
        self, folder: Path, work: Path, processor: str, *, max_bytes: int | None = None
    ) -> None:
        self._folder = folder
        self._work = work
        self._log = work / "calls"
        self._logged_bytes = 0
        self._name = processor
        if processor == "expensive":
            text = _EXPENSIVE.replace("MAX_BYTES", repr(max_bytes))
            (work / f"{_MODULE}.py").write_text(text)
            self._name = f"{_MODULE}:expensive"

    def run(self, paths: Sequence[str]) -> Run:
        """Run with the cache. Raises RunError."""
        started_s = time.perf_counter()
        report = self._report(paths, self._log, "--cache-dir", str(self._work / "cache"))
        return Run(report, time.perf_counter() - started_s, self._new_calls())

    def run_from_scratch(self, paths: Sequence[str]) -> Any:
        """The report of a run without cache. Raises RunError."""
        return self._report(paths, Path(os.devnull), "--no-cache")

    def _report(self, paths: Sequence[str], log: Path, *more: str) -> Any:
        output = self._work / "report.json"
        arguments = (
            *("optimize-files", *paths, "--processor", self._name, "--jobs", str(JOBS)),
            *("--fail-on", "never", "--format", "json", "--output", str(output), *more),
        )
        output.unlink(missing_ok=True)
        done = subprocess.run(
            [*chunkflow(), *arguments],
            cwd=self._folder,
            env=_environment(log, self._work),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        # Where single files failed, the report says which.
        if not output.exists():
            said = done.stderr.decode("utf-8", "replace").strip()
            raise RunError(f"chunkflow ended with status {done.returncode}: {said}")
        return json.loads(output.read_bytes())

    def _new_calls(self) -> list[Key]:
        if not self._log.exists():
            return []
        with self._log.open("rb") as log:
            log.seek(self._logged_bytes)
            text = log.read()
        self._logged_bytes += len(text)
        return [_call(line) for line in text.decode().splitlines()]


def _call(line: str) -> Key:
    language, kind, digest, size_bytes = line.split()
    return Key(language, kind, bytes.fromhex(digest), int(size_bytes))


def _environment(log: Path, module_folder: Path) -> dict[str, str]:
    left_out = ("CHUNKFLOW_", "PYTHONDONTWRITEBYTECODE")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    path = os.pathsep.join(filter(None, [str(module_folder), kept.get("PYTHONPATH")]))
    return {**kept, "PYTHONPATH": path, _LOG: str(log)}


def difference(report: Any, scratch: Any) -> str:
    """How two reports differ apart from `EXEMPT`, as a unified diff; empty where they do not."""
    texts = [
        json.dumps(_comparable(each), indent=1, ensure_ascii=False) for each in (report, scratch)
    ]
    if texts[0] == texts[1]:
        return ""
    cached, fresh = (text.splitlines() for text in texts)
    found = difflib.unified_diff(cached, fresh, "with the cache", "from scratch", lineterm="")
    return "\n".join(found)


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _comparable(v) for k, v in value.items() if k not in EXEMPT}
    return [_comparable(each) for each in value] if isinstance(value, list) else value
