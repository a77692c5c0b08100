"""What signals do to a run: the first Ctrl-C lets it finish what is in hand, the rest end it."""

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
_NOTICE = b"chunkflow: stopping: finishing what is in hand; press Ctrl-C again to stop at once\n"
_ENDING = (signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """Whether a run was asked to stop."""

    def __init__(self) -> None:
        self._is_asked = False

    def is_asked(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._is_asked

    def ask(self) -> None:
        """Ask for it, and say so; asked a second time, raises KeyboardInterrupt."""
        if self._is_asked:
            raise KeyboardInterrupt
        self._is_asked = True
        # Not `print`: the signal may have come in the middle of one, which takes no second.
        if sys.__stderr__ is not None:
            with suppress(OSError):
                os.write(_STDERR, _NOTICE)


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Signals for as long as the context lasts; handlers are restored after it.

    The first SIGINT is only noted, the second raises KeyboardInterrupt; SIGTERM and SIGHUP raise
    `Terminated`. One that the process was started to ignore, as nohup does, stays ignored. In
    another thread than the main one signals stay as they are.
    """
    stop = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    handlers: dict[int, Callable[[int, FrameType | None], None]] = {
        signal.SIGINT: lambda _number, _frame: stop.ask(),
        **dict.fromkeys(_ENDING, _terminate),
    }
    before: dict[int, Any] = {}
    try:
        for number, handler in handlers.items():
            # None: something else than Python handles it.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, handler)
        yield stop
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)
