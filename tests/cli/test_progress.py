import io
import sys
from collections.abc import Callable

import pytest

from chunkflow.cli.progress import show_progress


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class HandTimer:
    """A timer that stands until it is moved."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Once called, standard error is a terminal; not before, as pytest sets it for each phase."""

    def replace() -> Terminal:
        stream = Terminal()
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return replace


def test_short_run_shows_no_bar(on_terminal: Callable[[], Terminal]) -> None:
    terminal = on_terminal()
    timer = HandTimer()
    with show_progress(enabled=True, timer=timer) as progress:
        progress(1, 2)
        timer.now_s += 0.1
        progress(2, 2)
    assert terminal.getvalue() == ""


def test_long_run_shows_how_far_it_is(on_terminal: Callable[[], Terminal]) -> None:
    terminal = on_terminal()
    timer = HandTimer()
    with show_progress(enabled=True, timer=timer) as progress:
        timer.now_s += 1
        progress(1, 2)
        progress(2, 2)
    assert "files" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_bar_is_gone_when_the_run_fails(on_terminal: Callable[[], Terminal]) -> None:
    terminal = on_terminal()
    timer = HandTimer()

    def fail_late() -> None:
        with show_progress(enabled=True, timer=timer) as progress:
            timer.now_s += 1
            progress(1, 2)
            raise LookupError

    with pytest.raises(LookupError):
        fail_late()
    # The cursor is shown again, and the line erased.
    assert terminal.getvalue().rstrip().endswith("\x1b[2K")
    assert "\x1b[?25h" in terminal.getvalue()


def test_quiet_run_shows_no_bar(on_terminal: Callable[[], Terminal]) -> None:
    terminal = on_terminal()
    with show_progress(enabled=False) as progress:
        progress(1, 2)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_log_shows_no_bar_even_in_colour(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "stderr", stream)
    timer = HandTimer()
    with show_progress(enabled=True, timer=timer) as progress:
        timer.now_s += 1
        progress(1, 2)
    assert stream is None or stream.getvalue() == ""
