"""The processors of a run: loaded, checked, and with the fingerprints that their keys hold."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from chunkflow.cache.keys import FORMAT, fingerprint
from chunkflow.engine.options import Cutting, RunProcessor
from chunkflow.errors import PoolError, SettingsError, UsageError
from chunkflow.processors.fingerprint import digest_cutting, digest_facts, digest_rules
from chunkflow.processors.table import is_function, load_built_in
from chunkflow.settings import Settings
from chunkflow.syntax.versions import grammar_versions

if TYPE_CHECKING:
    from chunkflow.cache.tiers import Tiers
    from chunkflow.engine.messages import WorkConfig
    from chunkflow.pool.protocol import Answer
    from chunkflow.processors.description import Description
    from chunkflow.processors.protocol import BuiltIn

_ONLY_CHUNKS = ("chunks",)
_DISTRIBUTION = "distribution "
_DESCRIBE = "chunkflow.processors.describer:prepare"


class ProcessorSet(NamedTuple):
    """The processors of a run, and the settings that they were loaded with."""

    processors: tuple[RunProcessor, ...]
    settings: Settings
    built_in: "tuple[BuiltIn, ...]" = ()
    """Those that are chunkflow's own, loaded; a worker in this process uses them."""

    @property
    def cutting(self) -> Cutting:
        """How files are cut, whatever the processor."""
        return Cutting(self.settings.suites, self.settings.streaming_threshold_bytes)

    def build_config(self) -> "WorkConfig":
        """What the run's workers are told."""
        # Imported here: a run that finds everything in the cache has no workers.
        from chunkflow.engine.messages import ProcessorConfig, WorkConfig  # noqa: PLC0415

        settings = self.settings
        processors = tuple(
            ProcessorConfig(
                processor.name,
                dict(settings.processor_settings.get(processor.name, {})),
                processor.max_chunk_bytes,
                processor.described,
            )
            for processor in self.processors
        )
        return WorkConfig(
            settings.root,
            processors,
            settings.suites,
            settings.streaming_threshold_bytes,
            settings.timeout,
        )


def load_processors(
    names: Sequence[str], settings: Settings, tiers: "Tiers", *, fork: bool
) -> ProcessorSet:
    """Load processors by name, each once; without a name, files are only cut.

    Args:
        names: built-in names, or `module:attr`.
        settings: the project's.
        tiers: where the code that users' functions load late is recorded.
        fork: as for `ProcessPool`, whose processes import the users' functions.

    Raises:
        UnknownProcessor: there is no processor of a name.
        UsageError: a function cannot be loaded.
        SettingsError: the settings of a processor are wrong.
    """
    names = tuple(dict.fromkeys(names or _ONLY_CHUNKS))
    cutting = {"cutting": digest_cutting(), "suites": "\0".join(settings.suites)}
    functions = [name for name in names if is_function(name)]
    descriptions: dict[str, Description] = {}
    if functions:
        descriptions = describe_functions(
            functions, root=settings.root, limit_s=settings.timeout, fork=fork
        )
    loaded: list[RunProcessor] = []
    built_in: list[BuiltIn] = []
    for name in names:
        if name in settings.processor_settings:
            from chunkflow.processors.sections import check_json  # noqa: PLC0415 - most have none

            check_json(name, settings)
        if name in descriptions:
            loaded.append(_build_function(descriptions[name], settings, cutting, tiers))
        else:
            built_in.append(_load_built_in(name, settings))
            loaded.append(_build_built_in(built_in[-1], cutting))
    return ProcessorSet(tuple(loaded), settings, tuple(built_in))


def describe_functions(
    names: Sequence[str], *, root: str, limit_s: float | None, fork: bool
) -> "dict[str, Description]":
    """Import each function in a process of its own, and learn what it declares and is made of.

    No code of users runs in this process.

    Args:
        names: the functions, as `module:attr`.
        root: the project's root.
        limit_s: how long an import may take; None is no limit.
        fork: as for `ProcessPool`.

    Raises:
        UnknownProcessor: there is no such function.
        UsageError: a function cannot be loaded, or its import ends the process or never ends.
    """
    # Imported here: most runs have no functions of users.
    from chunkflow.pool.processes import ProcessPool  # noqa: PLC0415
    from chunkflow.pool.protocol import Task  # noqa: PLC0415
    from chunkflow.processors.description import encode_request  # noqa: PLC0415

    requests = [
        Task(number, encode_request(name, root), 0, limit_s) for number, name in enumerate(names)
    ]
    with ProcessPool(_DESCRIBE, b"", jobs=len(names), fork=fork) as pool:
        try:
            answers = {names[answer.id]: answer for answer in pool.map(requests)}
        except PoolError as exc:
            raise UsageError(f"cannot load the processors: {exc}") from exc
    return {name: _read_description(name, answers[name]) for name in names}


def _read_description(name: str, answer: "Answer") -> "Description":
    from chunkflow.processors.description import decode_answer  # noqa: PLC0415 - see above

    failure = f'cannot load processor "{name}": importing {name.partition(":")[0]} failed'
    if answer.error is not None:
        raise UsageError(f"{failure}: {answer.error}") from answer.error
    try:
        return decode_answer(answer.payload)
    except (ValueError, TypeError, LookupError) as exc:  # its module has tampered with the answer
        raise UsageError(f"{failure}: its process sent an answer that cannot be read") from exc


def _load_built_in(name: str, settings: Settings) -> "BuiltIn":
    try:
        return load_built_in(name, settings.processor_settings.get(name, {}))
    except SettingsError as exc:
        from chunkflow.processors.sections import locate_table  # noqa: PLC0415 - only for an error

        raise SettingsError(f"{locate_table(name, settings)}{exc}") from exc


def _build_built_in(built_in: "BuiltIn", cutting: Mapping[str, str]) -> RunProcessor:
    parts = _list_key_parts(built_in.name, built_in.version, built_in.context) | built_in.parts()
    whole = {**parts, **cutting, "max_chunk_bytes": str(built_in.max_chunk_bytes)}
    return RunProcessor(
        built_in.name,
        run=fingerprint(whole),
        own=fingerprint(parts),
        context=built_in.context,
        max_chunk_bytes=built_in.max_chunk_bytes,
        expensive=built_in.expensive,
        alone=built_in.alone,
        parts=whole,
    )


def _build_function(
    described: "Description", settings: Settings, cutting: Mapping[str, str], tiers: "Tiers"
) -> RunProcessor:
    from chunkflow.engine.late_code import find_late_code  # noqa: PLC0415 - see above
    from chunkflow.processors.sections import check_takes_options  # noqa: PLC0415

    name = described.name
    check_takes_options(name, settings, takes_options=described.takes_options)
    options = settings.processor_settings.get(name, {})
    base = fingerprint(_list_function_parts(described, options))
    late_code = find_late_code(tiers, base, settings.root)
    if late_code:
        described = described._replace(code=dict(described.code) | late_code)
    limit = described.max_chunk_bytes or settings.max_chunk_bytes
    parts = _list_function_parts(described, options)
    whole = {**parts, **cutting, "max_chunk_bytes": str(limit)}
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
        base=base,
    )


def _list_key_parts(name: str, version: str, context: Sequence[str]) -> dict[str, str]:
    return {
        "format": str(FORMAT),
        "rules": digest_rules(),
        "grammar": grammar_versions(),
        "name": name,
        "version": version,
        "declared_context": " ".join(context),
    }


def _list_function_parts(described: "Description", options: Mapping[str, object]) -> dict[str, str]:
    """What a function's results depend on besides the chunk."""
    code = described.code.items()
    return _list_key_parts(described.name, described.version, described.context) | {
        "settings": digest_facts(options),
        "source": digest_facts({n: d for n, d in code if not n.startswith(_DISTRIBUTION)}),
        "packages": digest_facts({n: d for n, d in code if n.startswith(_DISTRIBUTION)}),
        "python": f"{sys.implementation.name} {sys.version.split()[0]} -O{sys.flags.optimize}",
    }
