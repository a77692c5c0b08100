"""The processors of a run: how its keys see them, and the pool that they run in."""

from collections.abc import Sequence

from chunkflow.cache.keys import run_fingerprint
from chunkflow.engine.messages import WorkConfig
from chunkflow.engine.plan import RunProcessor
from chunkflow.errors import SettingsError
from chunkflow.pool.protocol import Pool
from chunkflow.processors.table import is_built_in, load
from chunkflow.settings import Settings
from chunkflow.syntax.versions import grammar_versions

_ONLY_CHUNKS = ("chunks",)


class Selection:
    """The processors that a run was asked for, loaded and checked; without any, files are cut only.

    Raises:
        UnknownProcessor: there is none of a name.
        UsageError: one cannot be loaded.
        SettingsError: a processor's settings are wrong.
    """

    def __init__(self, names: Sequence[str], settings: Settings) -> None:
        self._settings = settings
        self._named = tuple(
            (name, dict(settings.processor_settings.get(name, {})))
            for name in dict.fromkeys(names or _ONLY_CHUNKS)
        )
        for name, own in self._named:
            _check_plain(name, own)
        self.processors = tuple(self._described(name, own) for name, own in self._named)
        self.trusted = all(is_built_in(name) for name, _ in self._named)

    def open_pool(self, *, small: bool) -> Pool:
        """A pool for the run: in-line where that is quicker and nothing can go wrong in it."""
        # Here and not above: a run that finds everything in the cache needs neither a syntax tree
        # nor another process.
        from chunkflow.engine.work import prepare  # noqa: PLC0415

        settings = self._settings
        config = self._config().encode()
        if self.trusted and (small or settings.jobs == 1):
            from chunkflow.pool.inline import InlinePool  # noqa: PLC0415

            return InlinePool(prepare, config)
        from chunkflow.pool.processes import ProcessPool  # noqa: PLC0415

        limit_s = None if self.trusted else settings.timeout
        return ProcessPool(prepare, config, jobs=settings.jobs, timeout_s=limit_s)

    def _config(self) -> WorkConfig:
        return WorkConfig(self._settings.root, self._named, self._settings.suites)

    def _described(self, name: str, own: dict[str, object]) -> RunProcessor:
        settings = self._settings
        processor = load(name, own, root=settings.root)
        run = run_fingerprint(
            grammar=grammar_versions(),
            name=processor.name,
            version=processor.version,
            fingerprint=processor.fingerprint(),
            context=processor.context,
            max_chunk_bytes=processor.max_chunk_bytes,
            suites=settings.suites,
        )
        return RunProcessor(name, run, "path" in processor.context)


def _check_plain(name: str, own: dict[str, object]) -> None:
    """Refuse settings that cannot be sent to a worker; a TOML file can hold dates, say."""
    try:
        WorkConfig("", ((name, own),), ()).encode()
    except (TypeError, ValueError, RecursionError) as exc:
        raise SettingsError(
            f"the settings in [processors.{name}] cannot be handed to it: {exc};"
            " use texts, numbers, booleans, lists and tables"
        ) from exc
