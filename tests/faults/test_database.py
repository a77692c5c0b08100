import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from faults import ruins
from faults.conftest import database_in
from faults.trial import Trial, leave_in_the_middle, run

Attempt = Callable[[Path], Trial]
Ruin = Callable[[Path], None]

TABLES = {"sqlite": "records", "diskcache": "Cache"}
MARKS = {"CACHEDIR.TAG", ".gitignore"}


@pytest.mark.parametrize("ruin", ruins.REPLACED, ids=lambda ruin: ruin.__name__)
def test_replaced_database_is_a_warning_at_most(ruin: Ruin, cache: Path, attempt: Attempt) -> None:
    ruin(database_in(cache))
    assert len(attempt(cache).warnings) <= 1


@pytest.mark.parametrize("ruin", ruins.REPLACED, ids=lambda ruin: ruin.__name__)
def test_database_of_a_killed_run_that_was_replaced_is_a_warning_at_most(
    ruin: Ruin, killed_cache: Path, attempt: Attempt
) -> None:
    ruin(database_in(killed_cache))
    assert len(attempt(killed_cache).warnings) <= 1


@pytest.mark.parametrize(
    "ruin",
    [ruins.garbage, ruins.fifo, ruins.dangling_link, ruins.loop],
    ids=lambda ruin: ruin.__name__,
)
def test_replaced_directory_of_a_database_is_a_warning_at_most(
    ruin: Ruin, caches: dict[str, Path], sources: Path, scratch: Trial, tmp_path: Path
) -> None:
    cache = shutil.copytree(caches["diskcache"], tmp_path / "cache")
    generation = database_in(cache).parent
    shutil.rmtree(generation)
    ruin(generation)
    faulty = run(sources, cache, l3="diskcache")
    assert faulty.outcome == scratch.outcome
    assert len(faulty.warnings) == 1
    assert run(sources, cache, l3="diskcache").is_healthy


@pytest.mark.parametrize("ruin", ruins.REPLACED, ids=lambda ruin: ruin.__name__)
@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_replaced_file_beside_the_database_is_a_warning_at_most(
    ruin: Ruin, suffix: str, killed_cache: Path, attempt: Attempt
) -> None:
    database = database_in(killed_cache)
    beside = database.with_name(database.name + suffix)
    if not beside.exists():
        shutil.copyfile(database, beside)
    ruin(beside)
    assert len(attempt(killed_cache).warnings) <= 1


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_garbage_beside_a_closed_database_hides_nothing_of_it(
    suffix: str, cache: Path, attempt: Attempt
) -> None:
    database = database_in(cache)
    database.with_name(database.name + suffix).write_bytes(os.urandom(40_000))
    faulty = attempt(cache)
    assert faulty.is_healthy


def test_database_without_its_journal_is_an_older_one(killed_cache: Path, attempt: Attempt) -> None:
    database = database_in(killed_cache)
    database.with_name(database.name + "-wal").unlink()
    assert not attempt(killed_cache).warnings


def test_old_journal_beside_a_new_database_is_a_warning_at_most(
    cache: Path, interrupted: dict[str, Path], kind: str, attempt: Attempt
) -> None:
    old, new = database_in(interrupted[kind]), database_in(cache)
    for suffix in ("-wal", "-shm"):
        shutil.copyfile(old.with_name(old.name + suffix), new.with_name(new.name + suffix))
    assert len(attempt(cache).warnings) <= 1


def test_journal_of_another_project_beside_a_database_is_a_warning_at_most(
    cache: Path, kind: str, attempt: Attempt, tmp_path: Path
) -> None:
    # The pages in it belong to tables that are cut up in another way.
    other, left = tmp_path / "other", tmp_path / "left"
    other.mkdir()
    for number in range(60):
        (other / f"{number}.ts").write_text(f"export const a{number} = () => {number};\n" * 9)
    leave_in_the_middle(other, tmp_path / "open", kind, left)
    old, new = database_in(left), database_in(cache)
    shutil.copyfile(old.with_name(old.name + "-wal"), new.with_name(new.name + "-wal"))
    assert len(attempt(cache).warnings) <= 1


def test_journal_without_its_database_is_nothing(killed_cache: Path, attempt: Attempt) -> None:
    database_in(killed_cache).unlink()
    assert not attempt(killed_cache).warnings


def test_values_under_each_others_keys_are_misses(cache: Path, kind: str, attempt: Attempt) -> None:
    table = TABLES[kind]
    with closing(sqlite3.connect(database_in(cache), isolation_level=None)) as connection:
        keys = [key for (key,) in connection.execute(f"SELECT key FROM {table} ORDER BY key")]
        values = dict(connection.execute(f"SELECT key, value FROM {table}"))
        for key, other in zip(keys, keys[1:] + keys[:1], strict=True):
            update = f"UPDATE {table} SET value = ? WHERE key = ?"
            connection.execute(update, (values[other], key))
    faulty = attempt(cache)
    assert faulty.reused == 0
    assert len(faulty.warnings) == 1
    assert "damaged records" in faulty.warnings[0]


def test_index_that_leads_to_others_rows_gives_no_wrong_value(
    cache: Path, kind: str, attempt: Attempt
) -> None:
    # A flipped bit in the index alone; the rows are as they were.
    database = database_in(cache)
    table = TABLES[kind]
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        rows = connection.execute(f"SELECT rowid, key FROM {table} ORDER BY rowid").fetchall()
    content = bytearray(database.read_bytes())
    for (_, key), (other, _) in zip(rows, rows[1:] + rows[:1], strict=True):
        at = content.find(bytes(key))
        while at >= 0:
            end = at + len(key)
            # An entry of the index ends in the number of the row; behind a record's key is more.
            if content[end : end + 1] and content[end] < 64:
                content[end] = other
            at = content.find(bytes(key), end)
    database.write_bytes(content)
    attempt(cache)


def test_command_over_a_ruined_database_ends_as_it_does_without(
    caches: dict[str, Path], sources: Path, tmp_path: Path
) -> None:
    cache = shutil.copytree(caches["sqlite"], tmp_path / "cache")
    ruins.garbage(database_in(cache))

    def command(*more: str) -> "subprocess.CompletedProcess[str]":
        words = [sys.executable, "-m", "chunkflow", "optimize-files", "--processor", "metrics"]
        return subprocess.run(
            [*words, *more], cwd=sources, capture_output=True, text=True, check=False
        )

    without = command("--no-cache", "--quiet")
    faulty = command("--cache-dir", str(cache))
    assert faulty.returncode == without.returncode == 0
    assert faulty.stdout.startswith(without.stdout)
    (warning,) = faulty.stderr.splitlines()
    assert "was damaged" in warning
