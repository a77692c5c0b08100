"""The pool for small jobs: work runs in the caller's own process, one task after the other."""

from collections.abc import Iterable, Iterator

from chunkflow.errors import PoolError
from chunkflow.pool.attempt import attempt, prepared
from chunkflow.pool.protocol import Answer, Prepare, Task, Work

# Here it is the user's own Ctrl-C, and no failure of the work.
_PASSING = (KeyboardInterrupt,)


class InlinePool:
    """Runs tasks where it stands, without a process of its own.

    There is no time limit, and work that crashes its process takes the caller with it.
    `KeyboardInterrupt` passes through; every other exception becomes the task's error.
    """

    def __init__(self, prepare: Prepare, config: bytes) -> None:
        self._prepare = prepare
        self._config = config
        self._work: Work | None = None

    def map(self, tasks: Iterable[Task]) -> Iterator[Answer]:
        """Yield one answer a task, in order; a task is taken when its answer is asked for."""
        for task in tasks:
            yield self._answer(task)

    def close(self) -> None:
        """Forget what was prepared."""
        self._work = None

    def __enter__(self) -> "InlinePool":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _answer(self, task: Task) -> Answer:
        if self._work is None:
            self._work = prepared(self._prepare, self._config, passing=_PASSING)
        result, failure = attempt(self._work, task.payload, passing=_PASSING)
        if failure is None:
            return Answer(task.id, result)
        return Answer(task.id, error=PoolError(failure))
