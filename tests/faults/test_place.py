import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from faults.conftest import database_in
from faults.trial import Trial, lay_out, run

RULES = """
import os, shutil
from chunkflow import processor

CACHE = {cache!r}
MOVED = CACHE + "-moved"

def deleted():
    shutil.rmtree(CACHE)

def moved():
    os.rename(CACHE, MOVED)

def a_file():
    deleted()
    open(CACHE, "w").close()

def emptied():
    for folder, _, names in os.walk(CACHE):
        for name in names:
            os.unlink(os.path.join(folder, name))

def without_its_journal():
    for folder, _, names in os.walk(CACHE):
        for name in names:
            if name.endswith(("-wal", "-shm")):
                os.unlink(os.path.join(folder, name))

def another():
    moved()
    shutil.copytree({other!r}, CACHE)

def truncated():
    for folder, _, names in os.walk(CACHE):
        for name in names:
            if name.endswith((".sqlite3", ".db")):
                os.truncate(os.path.join(folder, name), 0)

@processor(version="1")
def count(chunk):
    try:
        # Once, and in the middle of a run.
        os.unlink({once!r})
    except FileNotFoundError:
        pass
    else:
        {what}()
    return len(chunk.text)
"""
ACTS = "deleted moved a_file emptied without_its_journal another truncated".split()


@pytest.mark.parametrize("what", ACTS)
def test_cache_that_is_changed_during_a_run_costs_a_warning_at_most(
    what: str, cache: Path, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = lay_out(tmp_path / "project")
    once = tmp_path / "once"
    other = shutil.copytree(cache, tmp_path / "other")
    text = RULES.format(cache=str(cache), other=str(other), once=str(once), what=what)
    # Python finds a module once.
    module = f"{what}_with_{kind}"
    (project / f"{module}.py").write_text(text)
    processor = f"{module}:count"
    monkeypatch.setattr(sys, "path", [*sys.path])
    scratch = run(project, None, processor=processor)
    once.touch()
    faulty = run(project, cache, l3=kind, processor=processor)
    assert not once.exists()
    assert faulty.outcome == scratch.outcome
    assert len(faulty.warnings) <= 1
    if what == "a_file":
        cache.unlink()
    renewed = run(project, cache, l3=kind, processor=processor)
    assert renewed.outcome == scratch.outcome
    assert len(renewed.warnings) <= 1
    after = run(project, cache, l3=kind, processor=processor)
    assert after.outcome == scratch.outcome
    assert after.is_healthy
    with closing(sqlite3.connect(database_in(cache))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("mode", [0o500, 0o400, 0o100, 0])
def test_directory_whose_rights_are_gone_costs_a_warning_at_most(
    permissions_count: None, mode: int, cache: Path, kind: str, sources: Path, scratch: Trial
) -> None:
    cache.chmod(mode)
    faulty = run(sources, cache, l3=kind)
    cache.chmod(0o700)
    assert faulty.outcome == scratch.outcome
    assert len(faulty.warnings) <= 1
    after = run(sources, cache, l3=kind)
    assert after.outcome == scratch.outcome
    assert after.is_healthy


@pytest.mark.parametrize("mode", [0o400, 0o200, 0])
def test_database_whose_rights_are_gone_costs_a_warning_at_most(
    permissions_count: None, mode: int, cache: Path, kind: str, sources: Path, scratch: Trial
) -> None:
    database = database_in(cache)
    database.chmod(mode)
    faulty = run(sources, cache, l3=kind)
    database.chmod(0o600)
    assert faulty.outcome == scratch.outcome
    assert len(faulty.warnings) <= 1
    after = run(sources, cache, l3=kind)
    assert after.outcome == scratch.outcome
    assert after.is_healthy


def test_directory_of_another_user_is_not_used(
    cache: Path, kind: str, sources: Path, scratch: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.stat() for path in cache.rglob("*") if path.is_file()}
    make_anothers(cache, monkeypatch)
    faulty = run(sources, cache, l3=kind)
    assert faulty.outcome == scratch.outcome
    assert faulty.reused == 0
    assert len(faulty.warnings) == 1
    assert "belongs to another user" in faulty.warnings[0]
    after = {path: path.stat() for path in cache.rglob("*") if path.is_file()}
    assert after.keys() == before.keys()
    assert all(after[path].st_mtime_ns == before[path].st_mtime_ns for path in before)


def make_anothers(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give it away, or where that is not allowed become somebody else as far as can be seen."""
    if os.geteuid() == 0:
        os.chown(directory, 65534, 65534)
    else:
        uid = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: uid)


@pytest.mark.parametrize("name", ["CACHEDIR.TAG", ".gitignore"])
def test_mark_that_a_killed_run_left_empty_is_written(
    name: str, cache: Path, kind: str, sources: Path
) -> None:
    text = (cache / name).read_bytes()
    (cache / name).write_bytes(b"")
    assert run(sources, cache, l3=kind).is_healthy
    assert (cache / name).read_bytes() == text
