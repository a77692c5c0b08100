"""The processors of a run: how its keys see them, and what its workers are told of them."""

from collections.abc import Sequence

from chunkflow.cache.keys import FORMAT, run_fingerprint
from chunkflow.engine.plan import Cutting, RunProcessor
from chunkflow.errors import SettingsError
from chunkflow.processors.protocol import Processor
from chunkflow.processors.table import is_built_in, limit_of, load
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
            if own:
                _check_plain(name, own)
        loaded = [load(name, own, root=settings.root) for name, own in self._named]
        self._fingerprints = tuple(processor.fingerprint().hex() for processor in loaded)
        self.processors = tuple(map(self._described, loaded))

    @property
    def cutting(self) -> Cutting:
        """How files are cut, whatever the processor."""
        settings = self._settings
        return Cutting(settings.suites, settings.streaming_threshold_bytes)

    def config(self) -> bytes:
        """What workers are told: an encoded `WorkConfig`."""
        from chunkflow.engine.messages import WorkConfig  # noqa: PLC0415 - only with a pool

        settings = self._settings
        return WorkConfig(
            settings.root,
            self._named,
            settings.suites,
            settings.streaming_threshold_bytes,
            settings.max_chunk_bytes,
            self._fingerprints,
            settings.timeout,
        ).encode()

    def _described(self, processor: Processor) -> RunProcessor:
        settings = self._settings
        limit = limit_of(processor, settings.max_chunk_bytes)
        run = run_fingerprint(
            grammar=grammar_versions(),
            name=processor.name,
            version=processor.version,
            fingerprint=processor.fingerprint(),
            context=processor.context,
            max_chunk_bytes=limit,
            suites=settings.suites,
        )
        return RunProcessor(
            processor.name,
            run,
            "path" in processor.context,
            limit,
            processor.expensive,
            is_built_in(processor.name),
            processor.context,
            self._parts(processor, limit),
        )

    def _parts(self, processor: Processor, limit: int | None) -> dict[str, str]:
        """What goes into `run_fingerprint`, apart."""
        parts = {
            "format": str(FORMAT),
            "grammar": grammar_versions(),
            "version": processor.version,
            "declared_context": " ".join(processor.context),
            "max_chunk_bytes": str(limit),
            "suites": "\0".join(self._settings.suites),
        }
        return parts | {name: digest.hex() for name, digest in processor.parts().items()}


def _check_plain(name: str, own: dict[str, object]) -> None:
    """Refuse settings that cannot be sent to a worker; a TOML file can hold dates, say."""
    import json  # noqa: PLC0415 - few processors have settings

    try:
        json.dumps(own)
    except (TypeError, ValueError, RecursionError) as exc:
        raise SettingsError(
            f"the settings in [processors.{name}] cannot be handed to it: {exc};"
            " use texts, numbers, booleans, lists and tables"
        ) from exc
