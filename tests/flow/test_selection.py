"""The processors of a run, and where they run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chunkflow.engine.worker.work import prepare
from chunkflow.errors import SettingsError, UnknownProcessor
from chunkflow.flow.selection import Selection
from chunkflow.pool.inline import InlinePool
from chunkflow.pool.protocol import Task
from chunkflow.settings import Settings, load_settings

Rules = Callable[[str], Path]

SHOUT = "def shout(chunk): return chunk.text.upper()\n"


@pytest.fixture
def settings_with(project: Path) -> Callable[..., Settings]:
    return lambda **given: load_settings(str(project), environ={}, overrides=given)


def fingerprint(selection: Selection) -> bytes:
    (processor,) = selection.processors
    return processor.run


def test_without_processors_files_are_only_cut(settings_with: Callable[..., Settings]) -> None:
    selection = Selection([], settings_with())
    assert [processor.name for processor in selection.processors] == ["chunks"]


def test_processor_named_twice_runs_once(settings_with: Callable[..., Settings]) -> None:
    selection = Selection(["metrics", "chunks", "metrics"], settings_with())
    assert [processor.name for processor in selection.processors] == ["metrics", "chunks"]


def test_unknown_processor_is_told(settings_with: Callable[..., Settings]) -> None:
    with pytest.raises(UnknownProcessor, match='"metrix"; did you mean "metrics"'):
        Selection(["metrix"], settings_with())


@pytest.mark.parametrize(
    "change", [{"suites": ["group"]}, {"processors": {"metrics": {"max_sloc": 5}}}]
)
def test_settings_that_change_results_change_the_key(
    settings_with: Callable[..., Settings], change: dict[str, Any]
) -> None:
    one = fingerprint(Selection(["metrics"], settings_with()))
    assert fingerprint(Selection(["metrics"], settings_with(**change))) != one


def test_other_settings_do_not_change_the_key(settings_with: Callable[..., Settings]) -> None:
    other = settings_with(timeout=5, parallel_operations=7, processors={"chunks": {}})
    one = fingerprint(Selection(["metrics"], settings_with()))
    assert fingerprint(Selection(["metrics"], other)) == one


def test_source_of_a_processor_changes_the_key(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    from chunkflow.processors import fingerprint as sources

    rules(SHOUT)
    one = fingerprint(Selection(["rules:shout"], settings_with()))
    assert fingerprint(Selection(["rules:shout"], settings_with())) == one
    rules(SHOUT.replace("upper", "lower"))
    # A module is loaded once a process; so is its source.
    sources._source_digest.cache_clear()
    assert fingerprint(Selection(["rules:shout"], settings_with())) != one


def test_processor_that_sees_the_path_says_so(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    declared = "from chunkflow import processor\n@processor(context=('path',))\n"
    rules(declared + SHOUT)
    (processor,) = Selection(["rules:shout"], settings_with()).processors
    assert processor.sees_path


def test_only_processors_of_ours_are_trusted(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules(SHOUT)
    selection = Selection(["metrics", "rules:shout"], settings_with())
    assert [processor.trusted for processor in selection.processors] == [True, False]


def test_settings_that_cannot_be_sent_are_refused(project: Path) -> None:
    (project / "chunkflow.toml").write_text('[processors."rules:shout"]\nsince = 2020-01-01\n')
    settings = load_settings(str(project), environ={}, overrides={})
    with pytest.raises(SettingsError, match=r"\[processors\.rules:shout\].* date "):
        Selection(["rules:shout"], settings)


def test_functions_of_users_are_called_chunk_by_chunk_unless_they_say_otherwise(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules(
        SHOUT + "from chunkflow import processor\n"
        "@processor(expensive=False)\ndef quick(chunk): pass\n"
    )
    selection = Selection(["metrics", "rules:shout", "rules:quick"], settings_with())
    assert [processor.expensive for processor in selection.processors] == [False, True, False]


def test_limit_of_the_settings_holds_for_functions_of_users_without_one(
    settings_with: Callable[..., Settings], rules: Rules
) -> None:
    rules(
        SHOUT + "from chunkflow import processor\n"
        "@processor(max_chunk_bytes=70)\ndef own(chunk): pass\n"
    )
    names = ["metrics", "rules:shout", "rules:own"]
    limited = Selection(names, settings_with(max_chunk_bytes=500)).processors
    assert [processor.max_chunk_bytes for processor in limited] == [None, 500, 70]
    free = Selection(names, settings_with()).processors
    same = [one.run == other.run for one, other in zip(limited, free, strict=True)]
    assert same == [True, False, True]


def test_worker_refuses_a_processor_that_changed_since_the_run_began(
    settings_with: Callable[..., Settings], rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection = Selection(["chunks"], settings_with())
    monkeypatch.setattr("chunkflow.processors.chunks.Chunks.fingerprint", lambda _: b"new")
    with InlinePool(prepare, selection.config()) as pool:
        (answer,) = pool.map([Task(1, b"", 0)])
    assert "has just been changed; run again" in str(answer.error)
