"""The pool of a run: in this process or in others, and if need be started before it is known."""

from collections.abc import Callable, Sequence

from chunkflow.errors import PoolError
from chunkflow.pool.protocol import Pool
from chunkflow.processors.table import is_built_in, preload_of

_PREPARE = "chunkflow.engine.worker.work:prepare"
_CHUNKER = "chunkflow.syntax.chunker:prepare"


class Pools:
    """Opens the pool of a run. Use it as a context manager; on leaving, no process is left.

    Args:
        names: of the processors.
        config: makes an encoded `WorkConfig`; asked when there is work.
        jobs: how many processes there may be.
        memory_limit_bytes: what each may take; None is no limit.
    """

    def __init__(
        self,
        names: Sequence[str],
        config: Callable[[], bytes],
        *,
        jobs: int,
        memory_limit_bytes: int | None,
    ) -> None:
        self._config = config
        self._jobs = jobs
        self._memory_limit_bytes = memory_limit_bytes
        self._preload = [_CHUNKER, *(one for name in names for one in preload_of(name))]
        # Whether all processors may run in this process.
        self._trusted = all(map(is_built_in, names))
        self._begun: Pool | None = None

    def begin(self, *, fork: bool = False) -> None:
        """Start processes that will probably be needed: they get ready while files are listed.

        Args:
            fork: as for `ProcessPool`.
        """
        if self._jobs > 1 or not self._trusted:
            try:
                self._begun = self._processes(fork=fork)
            except PoolError:
                return  # who opens the pool meets it again, and says so

    def open(self, *, small: bool) -> Pool:
        """A pool: in-line where that is quicker and nothing can go wrong in it."""
        # Here and not above: a run that finds everything in the cache needs neither a syntax tree
        # nor another process; and one with other processes needs no syntax tree here.
        if self._trusted and (small or self._jobs == 1):
            from chunkflow.engine.worker.work import prepare  # noqa: PLC0415
            from chunkflow.pool.inline import InlinePool  # noqa: PLC0415

            return InlinePool(prepare, self._config())
        begun, self._begun = self._begun, None
        return self._processes() if begun is None else begun

    def __enter__(self) -> "Pools":
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._begun is not None:
            self._begun.close()

    def _processes(self, *, fork: bool = False) -> Pool:
        from chunkflow.pool.processes import ProcessPool  # noqa: PLC0415

        return ProcessPool(
            _PREPARE,
            self._config,
            jobs=self._jobs,
            memory_limit_bytes=self._memory_limit_bytes,
            preload=self._preload,
            fork=fork,
        )
