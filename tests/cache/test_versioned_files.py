import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import chunkflow.cache.database
from chunkflow.cache.connection import DamagedDatabase
from chunkflow.cache.database import open_store
from chunkflow.cache.store import AdminStore
from chunkflow.cache.versioned_files import VersionedFiles
from chunkflow.errors import CacheError

MakeStore = Callable[..., AdminStore]
Query = Callable[..., list[tuple[object, ...]]]
Start = Callable[..., Any]

ITEMS = [(b"key %d" % n, bytes(2000)) for n in range(100)]
KEYS = [key for key, _ in ITEMS]


def fill(store: AdminStore, count: int, name: bytes = b"filler") -> None:
    for start in range(0, count, 20):
        store.put_many((b"%s %d" % (name, n), bytes(2000)) for n in range(start, start + 20))


def damage(path: Path) -> None:
    """Overwrite all but the header, as a failing disk might."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * (size - 100))


def turn_into_garbage(path: Path) -> None:
    path.write_bytes(b"no database at all " * 1000)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def turn_into_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def turn_into_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def turn_into_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def turn_into_file(path: Path) -> None:
    path.rename(path.parent.parent / "away")
    path.write_bytes(b"no store at all")


def turn_into_elsewhere(path: Path) -> None:
    path.rename(path.parent.parent / "away")
    path.symlink_to("../away")


def turn_into_pipe(path: Path) -> None:
    path.rename(path.parent.parent / "away")
    os.mkfifo(path)


@pytest.mark.parametrize(
    "ruin", [turn_into_garbage, halve, turn_into_directory, turn_into_link, turn_into_fifo, damage]
)
def test_a_damaged_database_is_quarantined_with_one_warning(
    ruin: Callable[[Path], None],
    make_store: MakeStore,
    database: Path,
    generation: Path,
    warnings: list[str],
) -> None:
    ruin(database)
    store = make_store()
    assert store.get_many(KEYS) == {}
    store.put_many(ITEMS)
    store.close()
    assert len(warnings) == 1
    assert f"the cache in {generation.parent} was damaged" in warnings[0]
    assert os.path.lexists(f"{generation}.damaged")

    assert make_store().get_many(KEYS) == dict(ITEMS)
    assert len(warnings) == 1


def test_damage_met_in_a_run_is_reported_once_and_the_run_goes_on(
    make_store: MakeStore, warnings: list[str], database: Path
) -> None:
    store = make_store()
    damage(database)
    assert store.get_many(KEYS) == {}
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)
    assert len(warnings) == 1


def test_damage_met_twice_in_a_run_ends_the_use_of_the_store(
    make_store: MakeStore,
    warnings: list[str],
    directory: Path,
    find_database: Callable[[Path], Path],
) -> None:
    make_store().put_many(ITEMS)
    store = make_store()
    for _ in range(2):
        store.put_many(ITEMS)
        other = make_store()
        other.clear()
        other.put_many(ITEMS)
        other.close()
        path = find_database(directory)
        damage(path)
        (path.parent / (path.name + "-wal")).write_bytes(b"")
        assert store.get_many(KEYS) == {}
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == {}
    assert len(warnings) == 1


def test_two_runs_that_meet_the_same_damage_go_on_with_the_same_new_store(
    make_store: MakeStore, database: Path, warnings: list[str]
) -> None:
    first, second = make_store(), make_store()
    damage(database)
    assert first.get_many(KEYS) == {}
    first.put_many(ITEMS)
    assert second.get_many(KEYS) == dict(ITEMS)
    assert len(warnings) == 1


def test_a_store_quarantined_by_another_run_at_that_moment_is_no_trouble(
    make_store: MakeStore, database: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_run_is_faster(files: VersionedFiles) -> tuple[int, bool]:
        monkeypatch.undo()
        answer = files.find_newest()
        files.quarantine(answer[0], keep_bytes=0)
        return answer

    monkeypatch.setattr(VersionedFiles, "find_newest", other_run_is_faster)
    store = make_store()
    store.put_many(ITEMS)
    assert make_store().get_many(KEYS) == dict(ITEMS)
    assert warnings == []


def test_a_disk_that_damages_every_new_database_is_given_up(
    make_store: MakeStore, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(path: str, _layout: object, **_options: object) -> None:
        Path(path).touch()
        raise DamagedDatabase("broken")

    monkeypatch.setattr(chunkflow.cache.database, "open_database", damaged)
    with pytest.raises(CacheError, match="each new database in it is damaged"):
        make_store()


def test_a_large_damaged_database_is_cut_and_only_the_last_is_kept(
    make_store: MakeStore,
    directory: Path,
    warnings: list[str],
    find_database: Callable[[Path], Path],
    size_bytes: Callable[[Path], int],
) -> None:
    limit_bytes = 1 << 20
    for _ in range(3):
        store = make_store(limit_bytes=limit_bytes)
        fill(store, 200)
        store.close()
        turn_into_garbage(find_database(directory))
    make_store(limit_bytes=limit_bytes)
    (quarantined,) = directory.glob("*.damaged")
    assert 0 < size_bytes(quarantined) <= limit_bytes // 16
    assert len(warnings) == 3


def test_clear_removes_what_was_quarantined(
    make_store: MakeStore, database: Path, directory: Path
) -> None:
    turn_into_garbage(database)
    make_store().clear()
    assert list(directory.glob("*.damaged")) == []


def test_a_damaged_database_in_a_read_only_directory_is_an_error(
    permissions_count: None,
    read_only: Callable[[Path], None],
    make_store: MakeStore,
    database: Path,
    directory: Path,
    warnings: list[str],
) -> None:
    turn_into_garbage(database)
    read_only(directory)
    with pytest.raises(CacheError, match="Permission denied"):
        make_store()
    assert warnings == []


def test_damage_met_in_a_directory_that_became_read_only_is_one_warning(
    permissions_count: None,
    read_only: Callable[[Path], None],
    make_store: MakeStore,
    database: Path,
    directory: Path,
    warnings: list[str],
) -> None:
    store = make_store()
    damage(database)
    read_only(directory)
    assert store.get_many(KEYS) == {}
    store.put_many(ITEMS)
    assert len(warnings) == 1
    assert "Permission denied" in warnings[0]


@pytest.mark.parametrize("ruin", [turn_into_file, turn_into_elsewhere, turn_into_pipe])
def test_something_else_in_the_place_of_a_store_is_quarantined(
    ruin: Callable[[Path], None],
    make_store: MakeStore,
    generation: Path,
    warnings: list[str],
    tmp_path: Path,
) -> None:
    ruin(generation)
    store = make_store()
    store.put_many(ITEMS)
    assert store.get_many(KEYS) == dict(ITEMS)
    assert len(warnings) == 1
    assert os.path.lexists(f"{generation}.damaged")


def test_a_link_in_the_place_of_a_store_leaves_its_target_as_it_is(
    make_store: MakeStore, generation: Path, tmp_path: Path, kind: str
) -> None:
    """Not cut, not opened, not removed, neither now nor when the cache is cleared."""
    outside = tmp_path / "outside"
    outside.mkdir()
    precious = {name: bytes(5 << 20) for name in ("cache.db", "cache.db-wal", "precious")}
    for name, content in precious.items():
        (outside / name).write_bytes(content)
    target = outside if kind == "diskcache" else outside / "precious"
    generation.rename(tmp_path / "away")
    generation.symlink_to(target)
    for suffix in ("-wal", "-shm", ".damaged"):
        Path(f"{generation}{suffix}").symlink_to(target)
    store = make_store(limit_bytes=1 << 20)
    store.put_many(ITEMS)
    store.clear()
    store.close()
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == precious


def test_a_file_with_another_name_elsewhere_is_not_cut(
    make_store: MakeStore, database: Path, tmp_path: Path
) -> None:
    turn_into_garbage(database)
    os.link(database, tmp_path / "other name")
    make_store(limit_bytes=1024)
    assert (tmp_path / "other name").stat().st_size > 1024


def test_what_was_quarantined_goes_after_thirty_days(
    make_store: MakeStore, database: Path, directory: Path, clock: Any
) -> None:
    clock.now_s = database.stat().st_mtime
    turn_into_garbage(database)
    make_store().close()
    clock.move_days(29)
    make_store().close()
    assert len(list(directory.glob("*.damaged"))) == 1
    clock.move_days(2)
    make_store().close()
    assert list(directory.glob("*.damaged")) == []


def left_by_an_older_version(directory: Path) -> list[Path]:
    names = (
        "chunkflow-v1-3.sqlite3",
        "chunkflow-v1-3.sqlite3-wal",
        "chunkflow-v0-1.sqlite3.damaged",
    )
    paths = [directory / name for name in names]
    for path in paths:
        path.write_bytes(bytes(1000))
    folder = directory / "chunkflow-v1-1.diskcache"
    folder.mkdir()
    (folder / "cache.db").write_bytes(bytes(1000))
    let_age(directory)
    return [*paths, folder]


def let_age(directory: Path) -> None:
    """Make all files look as if nobody had written them for long."""
    for path in directory.rglob("*"):
        os.utime(path, (0, 0), follow_symlinks=False)


def test_older_formats_go_and_newer_ones_and_strangers_stay(
    make_store: MakeStore, database: Path, directory: Path, warnings: list[str]
) -> None:
    older = left_by_an_older_version(directory)
    stay = ["chunkflow-v99-1.sqlite3", "chunkflow-vx-1.sqlite3", "notes-1.sqlite3", "chunkflow-v1"]
    for name in stay:
        (directory / name).write_bytes(b"stays")
    assert make_store().get_many(KEYS) == dict(ITEMS)
    assert [path for path in older if path.exists()] == []
    assert [name for name in stay if not (directory / name).exists()] == []
    assert warnings == []


def test_an_older_format_that_a_process_has_open_stays_until_it_is_closed(
    make_store: MakeStore, database: Path, directory: Path, start: Start
) -> None:
    older = directory / "chunkflow-v1-1.sqlite3"
    program = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("CREATE TABLE records (key)")
print("open", flush=True)
sys.stdin.readline()
"""
    process = start(program, older)
    process.stdout.readline()
    let_age(directory)
    make_store().close()
    assert older.exists()
    process.communicate("end\n")
    let_age(directory)
    make_store().close()
    assert not older.exists()


def test_what_a_store_of_another_kind_left_goes(
    make_store: MakeStore, directory: Path, kind: str, warnings: list[str]
) -> None:
    other = "sqlite" if kind == "diskcache" else "diskcache"
    store = open_store(directory, l3=other, limit_bytes=64 << 20, warn=warnings.append)
    store.put_many(ITEMS)
    store.close()
    # Another process may be about to open it.
    make_store().close()
    assert len(list(directory.glob("chunkflow-*"))) == 2
    let_age(directory)
    store = make_store()
    store.put_many(ITEMS)
    store.close()
    (left,) = directory.glob("chunkflow-*")
    assert left.name.endswith({"sqlite": ".sqlite3", "diskcache": ".diskcache"}[kind])
    assert warnings == []


@pytest.mark.parametrize("mode", [0, 0o400])
def test_what_is_left_in_a_directory_that_cannot_be_written_does_not_matter(
    permissions_count: None,
    mode: int,
    read_only: Callable[[Path], None],
    make_store: MakeStore,
    database: Path,
    directory: Path,
    warnings: list[str],
) -> None:
    older = left_by_an_older_version(directory)
    older[0].chmod(0)
    older[-1].chmod(mode)
    read_only(directory)
    assert make_store().get_many(KEYS) == dict(ITEMS)
    assert [path for path in older if not path.exists()] == []
    older[-1].chmod(0o700)
    assert warnings == []
