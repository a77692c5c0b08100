"""The pool of a run: in this process or in others, which may start before the work is known."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chunkflow.errors import PoolError
from chunkflow.processors.table import is_built_in, list_preloads
from chunkflow.settings import Settings

if TYPE_CHECKING:
    from chunkflow.engine.workers import Workers
    from chunkflow.flow.processor_set import ProcessorSet
    from chunkflow.pool.processes import ProcessPool

_PREPARE = "chunkflow.engine.worker.worker:prepare"
_CHUNKER = "chunkflow.syntax.chunker:prepare"


class Pools:
    """Opens the pool of a run. Use it as a context manager; leaving it ends every process.

    Args:
        names: the processors.
        settings: the number of processes, and the memory limit of each.
    """

    def __init__(self, names: Sequence[str], settings: Settings) -> None:
        self.processors: ProcessorSet | None = None
        """To be set before a pool is opened."""
        self._names = names
        self._jobs = settings.jobs
        self._memory_limit_bytes = settings.memory_limit
        # Whether every processor may run in this process.
        self._is_trusted = all(map(is_built_in, names))
        self._started: ProcessPool | None = None

    def start(self, *, fork: bool = False) -> None:
        """Start processes that the run will probably need: they get ready while files are listed.

        Args:
            fork: as for `ProcessPool`.
        """
        if self._jobs > 1 or not self._is_trusted:
            try:
                self._started = self._start_processes(fork=fork)
            except PoolError:
                return  # `open` fails in the same way, and its caller reports it

    def open(self, *, small: bool) -> "Workers":
        """Open workers: in this process if that is quicker and every processor is built in."""
        assert self.processors is not None
        config = self.processors.build_config()
        # Imported here: a run that finds everything in the cache needs neither a syntax tree nor
        # another process, and a run with other processes needs no syntax tree in this one.
        if self._is_trusted and (small or self._jobs == 1):
            from chunkflow.engine.worker.worker import Worker  # noqa: PLC0415
            from chunkflow.engine.workers import LocalWorker  # noqa: PLC0415

            return LocalWorker(Worker(self.processors.built_in, config))
        from chunkflow.engine.workers import PoolWorkers  # noqa: PLC0415

        pool, self._started = self._started or self._start_processes(), None
        pool.configure(config.encode())
        return PoolWorkers(pool)

    def __enter__(self) -> "Pools":
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._started is not None:
            self._started.close()

    def _start_processes(self, *, fork: bool = False) -> "ProcessPool":
        from chunkflow.pool.processes import ProcessPool  # noqa: PLC0415 - see `open`

        return ProcessPool(
            _PREPARE,
            jobs=self._jobs,
            memory_limit_bytes=self._memory_limit_bytes,
            preload=[_CHUNKER, *(one for name in self._names for one in list_preloads(name))],
            fork=fork,
        )
