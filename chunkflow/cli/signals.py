"""Handles signals: the first Ctrl-C lets a run finish the files in work, other signals end it."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from chunkflow.errors import Terminated

_STDERR = 2
_NOTICE = b"chunkflow: stopping after the files in work; press Ctrl-C again to stop at once\n"
_ENDING = (signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """Whether the user has asked the run to stop."""

    def __init__(self) -> None:
        self._is_made = False

    def is_made(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._is_made

    def make(self) -> None:
        """Make the request and print a notice; the second time, raise KeyboardInterrupt."""
        if self._is_made:
            raise KeyboardInterrupt
        self._is_made = True
        # Not `print`: the signal may have interrupted one, and it cannot be re-entered.
        if sys.__stderr__ is not None:
            with suppress(OSError):
                os.write(_STDERR, _NOTICE)


@contextmanager
def handle_signals() -> Iterator[StopRequest]:
    """Handle signals while the context lasts; earlier handlers are restored after it.

    The first SIGINT is only noted, the second raises KeyboardInterrupt; SIGTERM and SIGHUP raise
    `Terminated`. Signals that the process was started to ignore, as by nohup, stay ignored.
    Outside the main thread nothing is handled.
    """
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    handlers: dict[int, Callable[[int, FrameType | None], None]] = {
        signal.SIGINT: lambda _number, _frame: stop.make(),
        **dict.fromkeys(_ENDING, _terminate),
    }
    before: dict[int, Any] = {}
    try:
        for number, handler in handlers.items():
            # None: it is handled outside Python.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, handler)
        yield stop
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)
