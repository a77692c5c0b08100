"""The pool for small jobs: work runs in the caller's own process, one task after the other."""

from collections.abc import Iterable, Iterator

from chunkflow.errors import PoolError, Terminated
from chunkflow.pool.attempt import Outcome, attempt, prepared
from chunkflow.pool.protocol import Answer, Prepare, Task, Work

# Here it is the user's own signal, and no failure of the work.
_PASSING = (KeyboardInterrupt, Terminated)


class InlinePool:
    """Runs tasks where it stands, without a process of its own.

    What limits time here is the work itself, whatever a task says; there is no limit on memory, and
    work that crashes its process takes the caller with it. What signals raise passes through;
    every other exception becomes the task's error.
    """

    def __init__(self, prepare: Prepare, config: bytes) -> None:
        self._prepare = prepare
        self._config = config
        self._work: Work | None = None

    def map(self, tasks: Iterable[Task | None]) -> Iterator[Answer]:
        """Yield the answers in order; a task is taken, and worked on, when they are asked for."""
        has_paused = False
        for task in tasks:
            if task is not None:
                yield from self._answers(task)
            elif has_paused:  # nothing is in flight that could bring more
                return
            has_paused = task is None

    def close(self) -> None:
        """Forget what was prepared."""
        self._work = None

    def __enter__(self) -> "InlinePool":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _answers(self, task: Task) -> Iterator[Answer]:
        if self._work is None:
            self._work = prepared(self._prepare, self._config, passing=_PASSING)
        for outcome in attempt(self._work, task.payload, passing=_PASSING):
            yield _answer(task, outcome)


def _answer(task: Task, outcome: Outcome) -> Answer:
    payload, failure, is_final, _ = outcome
    error = PoolError(failure) if failure is not None else None
    return Answer(task.id, payload, error, is_final)
