"""Scenes on a disk that is full, or may not be written: real ones, of the child's own."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults import places
from faults.trial import Trial, run

_DISK_BYTES = 4 << 20
_Runs = list[Trial]


def runs_on_a_full_disk(
    project: str,
    directory: str,
    kind: str,
    rooms: list[int],
    filled: str | None = None,
    size: str = "1 GB",
) -> list[_Runs]:
    """Run where a disk has so many bytes of room, for each of `rooms` on a disk of its own.

    The cache is missing, or it is a copy of `filled`. Each time there is a run while the disk is
    full, and two when it no longer is.
    """
    found = []
    for room in rooms:
        disk = Path(directory, f"room-{room}")
        with _disk_with_room(disk, room, filled):
            runs = [run(project, disk / "cache", l3=kind, size=size)]
        runs += [run(project, disk / "cache", l3=kind, size=size) for _ in range(2)]
        found.append(runs)
    return found


@contextmanager
def _disk_with_room(disk: Path, room: int, filled: str | None) -> Iterator[None]:
    is_mounted = places.mount_small_disk(disk, _DISK_BYTES)
    if filled is not None:
        shutil.copytree(filled, disk / "cache")
    if not is_mounted:
        with places.short_files(room):
            yield
        return
    ballast = disk / "ballast"
    found = os.statvfs(disk)
    ballast.write_bytes(bytes(max(0, found.f_bavail * found.f_frsize - room)))
    yield
    ballast.unlink()


def run_where_the_disk_fills_up(project: str, disk: str, kind: str) -> list[Trial]:
    """Let the disk fill up between a run's last write and its end; then two when it no longer is.

    The journal is there, but there is no room to move it into the database.
    """
    cache, ballast = Path(disk, "cache"), Path(disk, "ballast")
    places.mount_small_disk(disk, _DISK_BYTES)

    def fill() -> None:
        found = os.statvfs(disk)
        ballast.write_bytes(bytes(found.f_bavail * found.f_frsize))

    runs = [run(project, cache, l3=kind, before_closing=fill)]
    runs.append(run(project, cache, l3=kind))
    ballast.unlink()
    return [*runs, run(project, cache, l3=kind)]


def read_only_runs(project: str, cache: str, kind: str) -> list[Trial]:
    """Two runs on a cache in a file system that may not be written."""
    places.mount_read_only(cache)
    return [run(project, cache, l3=kind), run(project, cache, l3=kind)]
