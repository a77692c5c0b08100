"""A sample of what the cache holds is worked out again; what a user reads is in tests/cli."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runs import SUITES, Runner

from chunkflow.cache.keys import digest_content
from chunkflow.engine.audit.verify import Sample, verify_files
from chunkflow.engine.manifest import Manifest, Seen, signature_of
from chunkflow.engine.options import Cutting, RunOptions
from chunkflow.model.verification import Verification
from chunkflow.syntax import chunker

Save = Callable[..., Path]

ALL = Sample(100, "seed")


@pytest.fixture
def two(save: Save, runner: Runner) -> Runner:
    """Two files that were run."""
    for name in ("a", "b"):
        save(f"{name}.ts", f"function {name}() {{ return 1 }}\n")
    runner.run("a.ts", "b.ts")
    return runner


def verify(runner: Runner, *names: str, sample: Sample = ALL, **changes: Any) -> Verification:
    options: RunOptions = runner.options("metrics", **changes)
    cutting = Cutting(SUITES, runner.streaming_bytes)
    wanted = runner.wanted(*(names or ("a.ts", "b.ts")), named=bool(names))
    return verify_files(wanted, runner.tiers, options, cutting, sample)


def test_all_is_right(two: Runner) -> None:
    assert verify(two) == Verification(2, 2, 2, ())
    assert verify(two).is_sound


def test_progress_goes_through_the_sample(two: Runner) -> None:
    told: list[tuple[int, int]] = []
    verify(two, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_it_stops_when_asked(two: Runner) -> None:
    found = verify(two, should_stop=lambda: True)
    assert (found.files, found.checked) == (2, 0)


def test_groups_are_worked_out_one_after_the_other(
    two: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chunkflow.engine.audit.verify._GROUP_FILES", 1)
    before = len(two.small)
    assert verify(two) == Verification(2, 2, 2, ())
    assert len(two.small) == before + 2


def lie(runner: Runner, path: Path) -> None:
    """Note another content for a file than it has."""
    manifest = Manifest(runner.tiers, [str(path)])
    manifest.note(str(path), Seen(signature_of(os.stat(path)), digest_content(b"other")))
    manifest.save()


def test_content_that_is_not_what_was_seen_is_told(two: Runner, save: Save, project: Path) -> None:
    path = project / "a.ts"
    source = path.read_bytes()
    # The cache holds all of another content; the file is said to have it.
    save("a.ts", b"other")
    two.run("a.ts")
    save("a.ts", source)
    lie(two, path)
    (difference,) = verify(two).differences
    assert difference == ("a.ts", "", 1, 1, "content")


def test_file_that_changes_meanwhile_is_no_difference(two: Runner, project: Path) -> None:
    def change(*, small: bool) -> Any:
        (project / "a.ts").write_text("changed\n")
        return two.options("metrics").open_workers(small=small)

    found = verify(two, "a.ts", open_workers=change)
    assert found.differences == ()
    assert found.failed == ("cannot verify a.ts: it has just changed; run again",)


def test_file_that_vanishes_meanwhile_is_told(two: Runner, project: Path) -> None:
    def remove(*, small: bool) -> Any:
        (project / "a.ts").unlink()
        (project / "b.ts").unlink()
        return two.options("metrics").open_workers(small=small)

    found = verify(two, open_workers=remove)
    assert found.differences == ()
    assert len(found.failed) == 2


def test_file_that_vanishes_before_it_is_processed_is_told(two: Runner, project: Path) -> None:
    def remove() -> bool:
        (project / "a.ts").unlink(missing_ok=True)
        return False

    found = verify(two, should_stop=remove)
    assert found.differences == ()
    assert found.failed == ("cannot verify a.ts: it has just changed; run again",)


def test_file_that_is_gone_is_left_out_if_it_was_not_named(two: Runner, project: Path) -> None:
    (project / "a.ts").unlink()
    assert verify(two) == Verification(1, 1, 1, ())
    assert verify(two, "a.ts").failed == ("cannot read a.ts: no such file",)


def test_cache_that_is_cleared_meanwhile_is_no_difference(two: Runner) -> None:
    def clear(*, small: bool) -> Any:
        two.tiers.clear()
        return two.options("metrics").open_workers(small=small)

    assert verify(two, open_workers=clear) == Verification(2, 2, 0, ())


def test_file_that_takes_too_long_to_parse_is_told(
    two: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = chunker.Chunker.parse

    def slow(*arguments: Any, **options: Any) -> Any:
        return parse(*arguments, **options)._replace(note="it took too long")

    monkeypatch.setattr(chunker.Chunker, "parse", slow)
    (failed,) = verify(two, "a.ts").failed
    assert failed == "cannot verify a.ts: it could not be parsed in time; run again"
