"""A report arrives whole, or what was there before stays, and the user is told."""

from pathlib import Path

import pytest
from faults.nursery import Nursery
from faults.outputs import NEW, OLD


def told(played: list[str] | None) -> list[str]:
    if played is None:
        pytest.skip("nothing may be mounted here")
    return played


def test_file_that_is_a_mount_is_written_in_place(nursery: Nursery, tmp_path: Path) -> None:
    played = nursery.play("outputs:on_a_mounted_file", tmp_path / "report")
    assert told(played) == ["", NEW + "\n", "report"]


def test_read_only_disk_is_told(nursery: Nursery, tmp_path: Path) -> None:
    said, *left = told(nursery.play("outputs:on_a_read_only_disk", tmp_path / "report"))
    assert said.endswith("report: read-only file system; name another file")
    assert left == [OLD, "report"]


@pytest.mark.parametrize("room", [0, 4096, 100_000])
@pytest.mark.parametrize(
    "scene", ["outputs:on_a_full_disk", "outputs:on_a_mounted_file_of_a_full_disk"]
)
def test_full_disk_costs_nothing_that_was_there(
    nursery: Nursery, tmp_path: Path, scene: str, room: int
) -> None:
    said, *left = told(nursery.play(scene, tmp_path / "disk", room))
    assert said.endswith("report: no space left on device; name another file")
    assert left == [OLD, "ballast", "report"]


@pytest.mark.parametrize("limit_bytes", [len(OLD), 100_000])
def test_limit_on_the_size_of_files_is_told(
    nursery: Nursery, tmp_path: Path, limit_bytes: int
) -> None:
    said, *left = nursery.play("outputs:with_short_files", tmp_path / "report", limit_bytes)
    assert said.endswith("report: file too large; name another file")
    assert left == [OLD, "report"]
