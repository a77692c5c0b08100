"""The processors of a run, and where they run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.late_code import keep_late_code
from chunkflow.engine.worker.worker import prepare
from chunkflow.errors import SettingsError, UnknownProcessor
from chunkflow.flow.processor_set import ProcessorSet, load_processors
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Task
from chunkflow.settings import Settings, load_settings

Rules = Callable[[str], Path]

SHOUT = "def shout(chunk): return chunk.text.upper()\n"


@pytest.fixture
def settings_with(project: Path) -> Callable[..., Settings]:
    return lambda **given: load_settings(str(project), environ={}, overrides=given)


@pytest.fixture
def tiers() -> Tiers:
    """A cache in memory."""
    return Tiers(MemoryTier(1 << 20), None, warn=lambda _: None)


def select(names: Sequence[str], settings: Settings, tiers: Tiers | None = None) -> ProcessorSet:
    """The processors of a run that begins now."""
    empty = Tiers(MemoryTier(0), None, warn=lambda _: None)
    return load_processors(names, settings, tiers or empty, fork=False)


def differing(one: ProcessorSet, other: ProcessorSet) -> set[str]:
    """The parts in which the keys of two runs differ."""
    (first,), (second,) = one.processors, other.processors
    assert first.run != second.run
    return {name for name, part in first.parts.items() if second.parts[name] != part}


def fingerprint(selection: ProcessorSet) -> bytes:
    (processor,) = selection.processors
    return processor.run


def test_without_processors_files_are_only_cut(settings_with: Callable[..., Settings]) -> None:
    selection = select([], settings_with())
    assert [processor.name for processor in selection.processors] == ["chunks"]


def test_processor_named_twice_runs_once(settings_with: Callable[..., Settings]) -> None:
    selection = select(["metrics", "chunks", "metrics"], settings_with())
    assert [processor.name for processor in selection.processors] == ["metrics", "chunks"]


def test_unknown_processor_is_told(settings_with: Callable[..., Settings]) -> None:
    with pytest.raises(UnknownProcessor, match='"metrix"; did you mean "metrics"'):
        select(["metrix"], settings_with())


@pytest.mark.parametrize(
    "change", [{"suites": ["group"]}, {"processors": {"metrics": {"max_sloc": 5}}}]
)
def test_settings_that_change_results_change_the_key(
    settings_with: Callable[..., Settings], change: dict[str, Any]
) -> None:
    one = fingerprint(select(["metrics"], settings_with()))
    assert fingerprint(select(["metrics"], settings_with(**change))) != one


def test_other_settings_do_not_change_the_key(settings_with: Callable[..., Settings]) -> None:
    other = settings_with(timeout=5, parallel_operations=7, processors={"chunks": {}})
    one = fingerprint(select(["metrics"], settings_with()))
    assert fingerprint(select(["metrics"], other)) == one


def test_source_of_a_processor_changes_the_key(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules(SHOUT)
    one = select(["rules:shout"], settings_with())
    assert fingerprint(select(["rules:shout"], settings_with())) == fingerprint(one)
    rules(SHOUT.replace("upper", "lower"))
    other = select(["rules:shout"], settings_with())
    assert fingerprint(other) != fingerprint(one)
    assert other.processors[0].own != one.processors[0].own
    assert differing(one, other) == {"source"}


def test_code_that_was_loaded_late_changes_the_key(
    settings_with: Callable[..., Settings], rules: Rules, project: Path, tiers: Tiers
) -> None:
    rules(SHOUT)
    (project / "late.py").write_text("x = 1")
    settings = settings_with()
    before = select(["rules:shout"], settings, tiers)
    (processor,) = before.processors
    code = {"module late": str(project / "late.py")}
    keep_late_code(tiers, processor, settings.root, code)
    first = select(["rules:shout"], settings, tiers)
    assert first.processors[0].base == processor.base
    assert differing(before, first) == {"source"}
    (project / "late.py").write_text("x = 2")
    assert differing(first, select(["rules:shout"], settings, tiers)) == {"source"}


def test_settings_of_a_function_that_takes_none_are_refused(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules(SHOUT)
    settings = settings_with(processors={"rules:shout": {"a": 1}})
    with pytest.raises(SettingsError, match="add a parameter named options to the function"):
        select(["rules:shout"], settings)


def test_settings_of_a_function_that_takes_them_change_the_key(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules("def shout(chunk, options): return options\n")
    one, other = (
        select(["rules:shout"], settings_with(processors={"rules:shout": {"a": number}}))
        for number in (1, 2)
    )
    assert differing(one, other) == {"settings"}


def test_processor_that_sees_the_path_says_so(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    declared = "from chunkflow import processor\n@processor(context=('path',))\n"
    rules(declared + SHOUT)
    (processor,) = select(["rules:shout"], settings_with()).processors
    assert processor.sees_path


def test_only_processors_of_ours_are_trusted(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules(SHOUT)
    selection = select(["metrics", "rules:shout"], settings_with())
    assert [processor.trusted for processor in selection.processors] == [True, False]


def test_settings_that_cannot_be_sent_are_refused(project: Path, rules: Rules) -> None:
    (project / "chunkflow.toml").write_text('[processors."rules:shout"]\nsince = 2020-01-01\n')
    rules(SHOUT)
    settings = load_settings(str(project), environ={}, overrides={})
    with pytest.raises(SettingsError, match=r"\[processors\.rules:shout\].* date "):
        select(["rules:shout"], settings)


def test_functions_of_users_are_called_chunk_by_chunk_unless_they_say_otherwise(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules(
        SHOUT + "from chunkflow import processor\n"
        "@processor(expensive=False)\ndef quick(chunk): pass\n"
    )
    selection = select(["metrics", "rules:shout", "rules:quick"], settings_with())
    assert [processor.expensive for processor in selection.processors] == [False, True, False]


def test_limit_of_the_settings_holds_for_functions_of_users_without_one(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules(
        SHOUT + "from chunkflow import processor\n"
        "@processor(max_chunk_bytes=70)\ndef own(chunk): pass\n"
    )
    names = ["metrics", "rules:shout", "rules:own"]
    limited = select(names, settings_with(max_chunk_bytes=500)).processors
    assert [processor.max_chunk_bytes for processor in limited] == [None, 500, 70]
    free = select(names, settings_with()).processors
    same = [one.run == other.run for one, other in zip(limited, free, strict=True)]
    assert same == [True, False, True]


def test_limit_is_no_matter_of_what_is_said_of_a_single_chunk(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules(SHOUT)
    limited = select(["rules:shout"], settings_with(max_chunk_bytes=500))
    free = select(["rules:shout"], settings_with())
    assert differing(limited, free) == {"max_chunk_bytes"}
    assert limited.processors[0].own == free.processors[0].own


def test_worker_refuses_a_processor_that_changed_since_the_run_began(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules(SHOUT)
    selection = select(["rules:shout"], settings_with())
    rules(SHOUT.replace("upper", "lower"))
    with ProcessPool(prepare, selection.build_config().encode(), jobs=1) as pool:
        (answer,) = pool.map([Task(1, b"", 0)])
    assert "has just been changed; run again" in str(answer.error)
