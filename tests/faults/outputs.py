"""Scenes with a report that is written to a file, where the file system gets in the way."""

import os
from pathlib import Path

from faults import places

from chunkflow.cli.output import write_lines
from chunkflow.errors import UsageError

_DISK_BYTES = 1 << 20
OLD, NEW = "old" * 1000, "new" * 100_000


def written(path: str | Path) -> list[str]:
    """What writing says, what is in the file then, and the names beside it."""
    said = ""
    try:
        write_lines([NEW], os.fspath(path))
    except UsageError as exc:
        said = str(exc)
    return [said, Path(path).read_text(), *sorted(os.listdir(Path(path).parent))]


def on_a_mounted_file(path: str) -> list[str] | None:
    """Write to a file that is a mount; None where nothing may be mounted."""
    Path(path).write_text(OLD)
    return written(path) if places.mount_file(path) else None


def on_a_read_only_disk(path: str) -> list[str] | None:
    """Write to a file on a disk that may not be written; None where nothing may be mounted."""
    Path(path).write_text(OLD)
    return written(path) if places.mount_read_only(Path(path).parent) else None


def on_a_full_disk(directory: str, room: int) -> list[str] | None:
    """Write where the disk has so much room; None where nothing may be mounted."""
    if not places.mount_small_disk(directory, _DISK_BYTES):
        return None
    path = Path(directory, "report")
    path.write_text(OLD)
    found = os.statvfs(directory)
    Path(directory, "ballast").write_bytes(bytes(found.f_bavail * found.f_frsize - room))
    return written(path)


def on_a_mounted_file_of_a_full_disk(directory: str, room: int) -> list[str] | None:
    """Write in place where the disk has so much room, which is too little for what is new."""
    if not places.mount_small_disk(directory, _DISK_BYTES):
        return None
    path = Path(directory, "report")
    path.write_text(OLD)
    if not places.mount_file(path):
        return None
    found = os.statvfs(directory)
    Path(directory, "ballast").write_bytes(bytes(found.f_bavail * found.f_frsize - room))
    return written(path)


def with_short_files(path: str, limit_bytes: int) -> list[str]:
    """Write where no file may grow beyond a size."""
    Path(path).write_text(OLD)
    with places.short_files(limit_bytes):
        return written(path)
