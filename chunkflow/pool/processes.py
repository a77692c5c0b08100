"""The pool for large jobs: tasks run in other processes, so that each risks only itself."""

from collections.abc import Iterable, Iterator, Sequence

from chunkflow.errors import PoolError
from chunkflow.pool.protocol import Answer, Prepare, Task
from chunkflow.pool.supervisor import Supervisor, WorkerSetup

IN_FLIGHT_BYTES = 8 << 20
_CLOSE_WAIT_S = 0.5
_END = object()


class ProcessPool:
    """Runs tasks in `jobs` processes, which start at once.

    `prepare` must be a module's own function, importable in another process by its module's name
    from the present `sys.path`; or that address, as `module:name`, so that the caller need not
    import it. The caller's main module is never imported there. `preload` names modules to import
    once, before the processes are forked, or functions to call there, as `module:name`; the module
    of `prepare` is always among them. A `config` that is not known yet is given to `configure`
    before the first `map`.

    A task that takes longer than its `limit_s` is killed with its process and the commands that it
    runs. `memory_limit_bytes` is what a process may take on top of what it holds when it is
    prepared; a task that needs more fails. What a task prints on standard output goes to standard
    error. When this process dies, however it dies, the others die with it.

    With `fork` the first processes are forked from this one, if it has a single thread and this is
    Linux; otherwise, and later, from a new interpreter, which takes some 50 ms more. Only a caller
    that knows everything that is open in this process may ask for it.

    Raises `PoolError` when no process can be started: here, and from `map` when none is left.
    """

    def __init__(
        self,
        prepare: Prepare | str,
        config: bytes = b"",
        *,
        jobs: int,
        memory_limit_bytes: int | None = None,
        in_flight_bytes: int = IN_FLIGHT_BYTES,
        preload: Sequence[str] = (),
        fork: bool = False,
        start_limit_s: float = 60.0,
    ) -> None:
        self._bound_bytes = in_flight_bytes
        self._bound_tasks = 4 * jobs  # in work, two at hand in the worker's pipe, and here
        self._is_running = self._is_closed = self._was_used = False
        self._config = config
        address = prepare if isinstance(prepare, str) else _resolve_address(prepare)
        modules = (*preload, address.partition(":")[0])
        setup = WorkerSetup(address, modules, memory_limit_bytes, start_limit_s, fork)
        self._supervisor = Supervisor(setup, jobs)

    def configure(self, config: bytes) -> None:
        """Set what `prepare` is called with, before the first `map`."""
        self._config = config

    def map(self, tasks: Iterable[Task | None]) -> Iterator[Answer]:
        """Yield each answer as soon as it arrives; one call at a time.

        A task is taken while fewer than `in_flight_bytes` are unanswered, and four tasks a
        process at most. Closing the iterator, or an exception in it, kills what is in work.
        Raises `PoolError` when no process is left and none can be started; answers may be missing
        then.
        """
        self._claim()
        try:
            source = iter(tasks)
            while self._take_tasks(source):
                while not (answers := self._supervisor.collect_answers()):
                    continue
                yield from answers
        finally:
            self._is_running = False
            if any(self._supervisor.measure_load()):
                self._supervisor.kill_all()

    def close(self) -> None:
        """End all processes; those that are busy, or not ready yet, are killed."""
        self._is_closed = True
        if self._was_used:
            self._supervisor.shut_down(_CLOSE_WAIT_S)
        else:
            self._supervisor.kill_all()

    def __enter__(self) -> "ProcessPool":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _claim(self) -> None:
        if self._is_running or self._is_closed:
            state = "closed" if self._is_closed else "busy with another call of map"
            raise PoolError(f"the pool is {state}; make another one for this work")
        self._is_running = self._was_used = True
        self._supervisor.prepare_workers(self._config)

    def _take_tasks(self, source: Iterator[Task | None]) -> bool:
        """Take tasks up to the bounds; say whether any is without an answer."""
        count, weight_bytes = self._supervisor.measure_load()
        has_paused = False
        while count < self._bound_tasks and weight_bytes < self._bound_bytes:
            task = next(source, _END)
            if isinstance(task, Task):
                self._supervisor.add_task(task)
                count += 1
                weight_bytes += task.weight_bytes
            elif task is _END or count or has_paused:
                break
            has_paused = task is None
        return count > 0


def _resolve_address(prepare: Prepare) -> str:
    name = getattr(prepare, "__qualname__", "")
    if prepare.__module__ == "__main__" or not name.isidentifier():
        raise PoolError(
            f"cannot run {prepare!r} in another process: it is no function of an importable module;"
            " move it to the top of one"
        )
    return f"{prepare.__module__}:{name}"
