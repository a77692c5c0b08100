"""Shows a progress bar, on a terminal only, once a run takes noticeably long."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_DELAY_S = 0.3

Advance = Callable[[int, int], None]


@contextmanager
def show_progress(
    *, enabled: bool, timer: Callable[[], float] = time.monotonic
) -> Iterator[Advance]:
    """Yield a function that takes the number of files done and the total."""
    if not enabled or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    bar = _Bar(timer)
    try:
        yield bar.advance
    finally:
        bar.stop()


class _Bar:
    def __init__(self, timer: Callable[[], float]) -> None:
        self._timer = timer
        self._due_s = timer() + _DELAY_S
        self._update: Advance | None = None
        self._stop: Callable[[], None] | None = None

    def advance(self, done: int, total: int) -> None:
        if self._update is None and self._timer() >= self._due_s:
            self._start()
        if self._update is not None:
            self._update(done, total)

    def stop(self) -> None:
        if self._stop is not None:
            self._stop()

    def _start(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - 60 ms, and most runs show no bar
        from rich.progress import Progress  # noqa: PLC0415

        bar = Progress(console=Console(stderr=True), transient=True)
        task = bar.add_task("files", total=None)
        bar.start()
        self._stop = bar.stop
        self._update = lambda done, total: bar.update(task, completed=done, total=total)
