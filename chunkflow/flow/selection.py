"""The processors of a run: how its keys see them, and the pool that they run in."""

from collections.abc import Sequence

from chunkflow.cache.keys import run_fingerprint
from chunkflow.engine.plan import RunProcessor
from chunkflow.engine.work import WorkConfig, prepare
from chunkflow.pool.inline import InlinePool
from chunkflow.pool.protocol import Pool
from chunkflow.processors.table import is_built_in, load
from chunkflow.settings import Settings
from chunkflow.syntax.versions import grammar_versions

_ONLY_CHUNKS = ("chunks",)


class Selection:
    """The processors that a run was asked for, loaded and checked.

    Raises:
        UnknownProcessor: there is none of a name.
        SettingsError: a processor's settings are wrong.
    """

    def __init__(self, names: Sequence[str], settings: Settings) -> None:
        self._settings = settings
        self._named = tuple(
            (name, dict(settings.processor_settings.get(name, {})))
            for name in dict.fromkeys(names or _ONLY_CHUNKS)
        )
        self.processors = tuple(self._described(name, own) for name, own in self._named)
        self.trusted = all(is_built_in(name) for name, _ in self._named)

    def open_pool(self, small: bool) -> Pool:  # noqa: FBT001 - the engine's protocol
        """A pool for the run: in-line where that is quicker and nothing can go wrong in it."""
        settings = self._settings
        config = WorkConfig(settings.root, self._named, tuple(settings.suites)).encode()
        if self.trusted and (small or settings.jobs == 1):
            return InlinePool(prepare, config)
        from chunkflow.pool.processes import ProcessPool  # noqa: PLC0415 - a warm run needs none

        limit = None if self.trusted else settings.timeout
        return ProcessPool(prepare, config, jobs=settings.jobs, timeout_s=limit)

    def _described(self, name: str, own: dict[str, object]) -> RunProcessor:
        settings = self._settings
        processor = load(name, own, root=settings.root)
        run = run_fingerprint(
            grammar_versions(),
            processor.name,
            processor.version,
            processor.fingerprint(),
            processor.context,
            processor.max_chunk_bytes,
            settings.suites,
        )
        return RunProcessor(name, own, run, "path" in processor.context)
