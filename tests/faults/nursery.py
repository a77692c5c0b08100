"""Forks a child for each scene from a process that has its imports behind it.

A scene is a function `module:name` of `faults`; it plays in the child, which may mount, lose its
rights or be killed, and what it returns comes back as JSON. Forked from the tests' own process, a
child would have its threads' locks and all that pytest holds.
"""

import functools
import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faults.trial import STORES, Trial, lay_out, run

from chunkflow.engine.worker import worker  # noqa: F401 - paid for once, in the parent

COVERAGE = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


class Nursery:
    """The process that forks; scenes are played one after another."""

    def __init__(self) -> None:
        # What is covered here is covered by other tests, at a third of the cost.
        environ = {name: value for name, value in os.environ.items() if name not in COVERAGE}
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )

    def play(self, scene: str, *arguments: object) -> Any:
        """Play a scene, and return what it returns.

        Raises:
            AssertionError: it raised, or was killed.
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([scene, arguments], default=os.fspath) + "\n")
        process.stdin.flush()
        is_done, result = json.loads(process.stdout.readline())
        assert is_done, result
        return result

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def as_trials(runs: list[list[Any]]) -> list[Trial]:
    """Take runs out of what a scene returned."""
    return [Trial(*fields) for fields in runs]


def in_child(action: Callable[[], Any]) -> tuple[bool, Any]:
    """Call in a forked child; return whether it came to its end, and its result or the trouble."""
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if pid == 0:
            _answer(action, said.fileno())
        _, status = os.waitpid(pid, 0)
        said.seek(0)
        text = said.read()
    if not text:
        return False, f"the child ended without a word, wait status {status}"
    is_done, result = json.loads(text)
    return is_done, result


def _answer(action: Callable[[], Any], file: int) -> None:
    try:
        answer = (True, action())
    except BaseException:  # noqa: BLE001 - it is told where the test is
        answer = (False, traceback.format_exc())
    os.write(file, json.dumps(answer).encode())
    os._exit(0)


def _warm_up() -> None:
    """Import all that a run imports on its way."""
    with tempfile.TemporaryDirectory() as directory:
        project = lay_out(Path(directory, "project"))
        for kind in STORES:
            run(project, os.path.join(directory, kind), l3=kind)


def _main() -> None:
    _warm_up()
    for line in sys.stdin:
        scene, arguments = json.loads(line)
        module, name = scene.split(":")
        action = getattr(importlib.import_module(f"faults.{module}"), name)
        print(json.dumps(in_child(functools.partial(action, *arguments))), flush=True)


if __name__ == "__main__":
    _main()
