"""File systems of a child's own, made the way the machine allows it."""

import ctypes
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def mount_small_disk(path: str | Path, size_bytes: int) -> bool:
    """Mount an empty file system of a size at `path`, for this process only.

    Returns False where nothing may be mounted. It is gone with the process.
    """
    os.makedirs(path, exist_ok=True)
    return _enter_mount_namespace() and _mount(
        "tmpfs", os.fspath(path), "tmpfs", 0, f"size={size_bytes}"
    )


def mount_read_only(path: str | Path) -> bool:
    """Make a directory read-only for this process only, also for root.

    Returns False where nothing may be mounted.
    """
    name = os.fspath(path)
    return (
        _enter_mount_namespace()
        and _mount(name, name, None, _MS_BIND)
        and _mount(None, name, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY)
    )


def mount_file(path: str | Path) -> bool:
    """Make a file a mount of its own, as containers do: it can be written, but not replaced.

    Returns False where nothing may be mounted.
    """
    name = os.fspath(path)
    return _enter_mount_namespace() and _mount(name, name, None, _MS_BIND)


@contextmanager
def short_files(limit_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: the next best where there is no mounting."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _enter_mount_namespace() -> bool:
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWNS) != 0:
        if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS) != 0:
            return False
        for name, text in (
            ("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")
        ):  # fmt: skip
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    return _mount(None, "/", None, _MS_REC | _MS_PRIVATE)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> bool:
    raw = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    return bool(_libc.mount(*raw, ctypes.c_ulong(flags), os.fsencode(data)) == 0)
