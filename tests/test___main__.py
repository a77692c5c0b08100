"""How the program leaves: at once where nobody waits for it, and with all that it printed."""

import atexit
import gc
import os
import subprocess
import sys
import threading

import pytest

from chunkflow import __main__ as program

START = "import sys; sys.argv[1:] = ['--version']\nfrom chunkflow.__main__ import main\n"


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


class Left(BaseException):
    """The process would be gone."""


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The statuses with which the process was left; the command's is 3, and nobody waits."""
    statuses: list[int] = []

    def leave(status: int) -> None:
        statuses.append(status)
        raise Left

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(gc, "set_threshold", lambda _threshold: None)
    monkeypatch.setattr(program, "run", lambda: 3)
    monkeypatch.setattr(atexit, "_ncallbacks", lambda: 0)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    return statuses


def test_process_is_left_at_once(left: list[int]) -> None:
    with pytest.raises(Left):
        program.main()
    assert left == [3]


def test_process_with_closed_streams_is_left_at_once(
    left: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(Left):
        program.main()
    assert left == [3]


class FullStream:
    """A stream on a full disk."""

    def flush(self) -> None:
        raise OSError("no space left")


def test_what_cannot_be_written_is_left_for_python_to_tell(
    left: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", FullStream())
    assert program.main() == 3
    assert left == []


def test_who_asked_to_be_called_last_is_called() -> None:
    code = "import atexit; atexit.register(print, 'last')\nraise SystemExit(main())"
    assert run_python(START + code).endswith("last\n")


def test_other_threads_are_waited_for() -> None:
    late = "threading.main_thread().join(), print('late')"
    code = f"import threading; threading.Thread(target=lambda: ({late})).start()\nmain()"
    assert run_python(START + code).endswith("late\n")
