"""The processors of a run: how its keys see them, and what its workers are told of them."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chunkflow.cache.keys import FORMAT, fingerprint
from chunkflow.engine.options import Cutting, RunProcessor
from chunkflow.errors import SettingsError
from chunkflow.processors.fingerprint import cutting_digest, digest_of, rules_digest
from chunkflow.processors.protocol import BuiltIn
from chunkflow.processors.table import is_function, load_built_in
from chunkflow.settings import Settings
from chunkflow.syntax.versions import grammar_versions

if TYPE_CHECKING:
    from chunkflow.cache.tiers import Tiers
    from chunkflow.processors.description import Description

_ONLY_CHUNKS = ("chunks",)
_DISTRIBUTION = "distribution "


class Selection:
    """The processors that a run was asked for, checked; without any, files are cut only.

    Args:
        names: of the processors.
        settings: of the project.
        described: what users' functions among them are, by name.
        tiers: where it was kept which code these load late.

    Raises:
        UnknownProcessor: there is none of a name.
        SettingsError: a processor's settings are wrong.
    """

    def __init__(
        self,
        names: Sequence[str],
        settings: Settings,
        described: "Mapping[str, Description]",
        tiers: "Tiers",
    ) -> None:
        self._settings = settings
        self._tiers = tiers
        self._described = described
        self._cutting = {"cutting": cutting_digest(), "suites": "\0".join(settings.suites)}
        self.processors = tuple(map(self._processor, selected(names)))

    @property
    def cutting(self) -> Cutting:
        """How files are cut, whatever the processor."""
        settings = self._settings
        return Cutting(settings.suites, settings.streaming_threshold_bytes)

    def config(self) -> bytes:
        """What workers are told: an encoded `WorkConfig`."""
        from chunkflow.engine.messages import ProcessorConfig, WorkConfig  # noqa: PLC0415 - as above

        settings = self._settings
        told = tuple(
            ProcessorConfig(p.name, self._own_settings(p.name), p.max_chunk_bytes, p.described)
            for p in self.processors
        )
        return WorkConfig(
            settings.root,
            told,
            settings.suites,
            settings.streaming_threshold_bytes,
            settings.timeout,
        ).encode()

    def _own_settings(self, name: str) -> dict[str, object]:
        return dict(self._settings.processor_settings.get(name, {}))

    def _processor(self, name: str) -> RunProcessor:
        own = self._own_settings(name)
        if own:
            _check_plain(name, own, self._settings)
        return self._function(name, own) if name in self._described else self._built_in(name, own)

    def _built_in(self, name: str, own: dict[str, object]) -> RunProcessor:
        built_in = _loaded(name, own, self._settings)
        parts = _parts(built_in.name, built_in.version, built_in.context) | built_in.parts()
        whole = parts | self._cutting | {"max_chunk_bytes": str(built_in.max_chunk_bytes)}
        return RunProcessor(
            name,
            run=fingerprint(whole),
            own=fingerprint(parts),
            context=built_in.context,
            max_chunk_bytes=built_in.max_chunk_bytes,
            expensive=built_in.expensive,
            alone=built_in.alone,
            parts=whole,
        )

    def _function(self, name: str, own: dict[str, object]) -> RunProcessor:
        from chunkflow.engine.late_code import find_late_code  # noqa: PLC0415 - few runs need it

        described, settings = self._described[name], self._settings
        _check_options(described, own, settings)
        before = fingerprint(_function_parts(described, own))
        late = find_late_code(self._tiers, before, settings.root)
        if late:
            described = described._replace(code=dict(described.code) | late)
        limit = described.max_chunk_bytes or settings.max_chunk_bytes
        parts = _function_parts(described, own)
        whole = parts | self._cutting | {"max_chunk_bytes": str(limit)}
        return RunProcessor(
            name,
            run=fingerprint(whole),
            own=fingerprint(parts),
            context=described.context,
            max_chunk_bytes=limit,
            expensive=described.expensive,
            alone=True,
            trusted=False,
            parts=whole,
            described=described.encode().decode(),
            base=before,
        )


def selected(names: Sequence[str]) -> Iterator[str]:
    """The names of the processors that run, each once."""
    return iter(dict.fromkeys(names or _ONLY_CHUNKS))


def functions_in(names: Sequence[str]) -> list[str]:
    """Those that are functions of users."""
    return [name for name in selected(names) if is_function(name)]


def _parts(name: str, version: str, context: Sequence[str]) -> dict[str, str]:
    return {
        "format": str(FORMAT),
        "rules": rules_digest(),
        "grammar": grammar_versions(),
        "name": name,
        "version": version,
        "declared_context": " ".join(context),
    }


def _function_parts(described: "Description", own: Mapping[str, object]) -> dict[str, str]:
    """What a function's results depend on besides the chunk that it is given."""
    code = described.code.items()
    return _parts(described.name, described.version, described.context) | {
        "settings": digest_of(own),
        "source": digest_of({n: d for n, d in code if not n.startswith(_DISTRIBUTION)}),
        "packages": digest_of({n: d for n, d in code if n.startswith(_DISTRIBUTION)}),
        "python": f"{sys.implementation.name} {sys.version.split()[0]} -O{sys.flags.optimize}",
    }


def _check_options(described: "Description", own: Mapping[str, object], settings: Settings) -> None:
    name = described.name
    if own and not described.takes_options:
        raise SettingsError(
            f'{_place(name, settings)}[processors."{name}"] has settings, but {name} takes none;'
            " give the function a parameter named options, or remove that table"
        )


def _loaded(name: str, own: dict[str, object], settings: Settings) -> BuiltIn:
    try:
        return load_built_in(name, own)
    except SettingsError as exc:
        raise SettingsError(f"{_place(name, settings)}{exc}") from exc


def _place(name: str, settings: Settings) -> str:
    """Where the settings of a processor stand."""
    from chunkflow.flow.sections import place_of  # noqa: PLC0415 - for a message alone

    return place_of(name, settings)


def _check_plain(name: str, own: dict[str, object], settings: Settings) -> None:
    """Refuse settings that cannot be sent to a worker; a TOML file can hold dates, say."""
    import json  # noqa: PLC0415 - few processors have settings

    try:
        json.dumps(own)
    except (TypeError, ValueError, RecursionError) as exc:
        raise SettingsError(
            f"{_place(name, settings)}the settings in [processors.{name}] cannot be handed to it:"
            f" {exc};"
            " use texts, numbers, booleans, lists and tables"
        ) from exc
