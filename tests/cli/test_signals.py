import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from chunkflow.cli.signals import StopRequest, handle_signals
from chunkflow.errors import Terminated

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NOTICE = "chunkflow: stopping after the files in work; press Ctrl-C again to stop at once\n"


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_first_interruption_is_noted_and_the_second_ends(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def interrupt_twice() -> None:
        with handle_signals() as stop:
            assert not stop.is_made()
            signal.raise_signal(signal.SIGINT)
            assert stop.is_made()
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupt_twice()
    assert capfd.readouterr() == ("", NOTICE)


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [(signal.SIGTERM, 143, "ended by SIGTERM"), (signal.SIGHUP, 129, "ended by SIGHUP")],
)
def test_other_signals_unwind_the_run(number: signal.Signals, status: int, message: str) -> None:
    left = []

    def end() -> None:
        with handle_signals():
            try:
                signal.raise_signal(number)
            finally:
                left.append(number)

    with pytest.raises(Terminated) as caught:
        end()
    assert left == [number]
    assert (caught.value.status, str(caught.value)) == (status, message)


def test_handlers_are_as_before_afterwards() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    with handle_signals():
        assert all(signal.getsignal(number) not in before for number in NUMBERS)
    assert [signal.getsignal(number) for number in NUMBERS] == before


@pytest.mark.parametrize("number", NUMBERS)
def test_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    with handle_signals() as stop:
        signal.raise_signal(number)
    assert not stop.is_made()
    assert signal.getsignal(number) is signal.SIG_IGN


def test_other_threads_leave_signals_alone() -> None:
    seen = []

    def look() -> None:
        with handle_signals() as stop:
            seen.append((stop.is_made(), [signal.getsignal(number) for number in NUMBERS]))

    before = [signal.getsignal(number) for number in NUMBERS]
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [(False, before)]


def test_closed_standard_error_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # Its descriptor may be another file's by now.
    monkeypatch.setattr(sys, "__stderr__", None)
    stop = StopRequest()
    stop.make()
    assert stop.is_made()
    assert capfd.readouterr() == ("", "")
