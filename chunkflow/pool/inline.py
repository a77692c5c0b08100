"""The pool for small jobs: tasks run in the caller's own process, one after the other."""

from collections.abc import Iterable, Iterator

from chunkflow.errors import PoolError, Terminated
from chunkflow.pool.execution import WorkOutput, prepare_work, run_work
from chunkflow.pool.protocol import Answer, Prepare, Task, Work

# In this process they come from the user, and are no failure of the work.
_PASSED_ON = (KeyboardInterrupt, Terminated)


class InlinePool:
    """Runs tasks in this process.

    The work itself must limit its time, whatever a task says; memory has no limit, and work that
    crashes its process takes the caller with it. Exceptions that signals raise pass through; every
    other exception becomes the task's error.
    """

    def __init__(self, prepare: Prepare, config: bytes) -> None:
        self._prepare = prepare
        self._config = config
        self._work: Work | None = None

    def map(self, tasks: Iterable[Task | None]) -> Iterator[Answer]:
        """Yield the answers in order; a task is taken and run when its answer is asked for."""
        has_paused = False
        for task in tasks:
            if task is not None:
                yield from self._run_task(task)
            elif has_paused:  # nothing is in flight that could bring more tasks
                return
            has_paused = task is None

    def close(self) -> None:
        """Drop what was prepared."""
        self._work = None

    def __enter__(self) -> "InlinePool":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _run_task(self, task: Task) -> Iterator[Answer]:
        if self._work is None:
            self._work = prepare_work(self._prepare, self._config, passed_on=_PASSED_ON)
        for output in run_work(self._work, task.payload, passed_on=_PASSED_ON):
            yield _build_answer(task, output)


def _build_answer(task: Task, output: WorkOutput) -> Answer:
    payload, failure, is_final, _ = output
    error = PoolError(failure) if failure is not None else None
    return Answer(task.id, payload, error, is_final)
