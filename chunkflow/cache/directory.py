"""Prepares the cache's directory: private to its user, and marked as a cache."""

import contextlib
import os
import stat

from chunkflow.errors import CacheError

TAG_NAME = "CACHEDIR.TAG"
"""Makes backup programs skip the directory: https://bford.info/cachedir/."""

_TAG_TEXT = b"""Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by chunkflow.
# For information about cache directory tags, see https://bford.info/cachedir/
"""
_IGNORE_NAME = ".gitignore"
_IGNORE_TEXT = b"# Created by chunkflow.\n*\n"


def make_cache_error(directory: str, reason: object) -> CacheError:
    """Return the error for a cache directory that cannot be used."""
    text = getattr(reason, "strerror", None) or reason
    return CacheError(
        f"cannot use the cache in {directory}: {text};"
        " make it a directory of your own that you can read and write, or choose another"
    )


def prepare_directory(directory: str, *, inside: str | None = None) -> None:
    """Create `directory` if it is missing, private to its user, and mark it as a cache.

    Several processes may do so at the same time. Symbolic links are followed. If `inside` names a
    project, they must not lead out of it, because the author of the project's files may not choose
    where the user's cache is.

    Raises:
        CacheError: the directory cannot be created, or other users can write to it.
    """
    try:
        _check_inside(directory, inside)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        _check_inside(directory, inside)
        found = os.stat(directory)
        names = os.listdir(directory)
    except FileExistsError as exc:
        raise make_cache_error(directory, "it is not a directory") from exc
    except (OSError, ValueError) as exc:
        raise make_cache_error(directory, exc) from exc
    if found.st_uid != os.geteuid():
        raise make_cache_error(directory, "it belongs to another user")
    # A directory that holds something else stays as it is: it may be a project's root.
    if not names or TAG_NAME in names:
        _make_private(directory, found.st_mode)
        _write_missing(os.path.join(directory, TAG_NAME), _TAG_TEXT)
        _write_missing(os.path.join(directory, _IGNORE_NAME), _IGNORE_TEXT)
    elif found.st_mode & stat.S_IWOTH:
        raise make_cache_error(directory, "every user can write to it")


def _check_inside(directory: str, inside: str | None) -> None:
    if inside is None:
        return
    real, fence = os.path.realpath(directory), os.path.realpath(inside)
    if real == fence or os.path.commonpath((real, fence)) != fence:
        raise make_cache_error(
            directory, f"it leads to {real}, which is not below the project {inside}"
        )


def _make_private(directory: str, mode: int) -> None:
    # It fails in a read-only file system, where nobody else can write either.
    if mode & 0o077:
        with contextlib.suppress(OSError):
            os.chmod(directory, 0o700)


def _write_missing(path: str, text: bytes) -> None:
    # A full disk or a killed process may have left an empty file.
    try:
        found = os.lstat(path)
        if found.st_size or not stat.S_ISREG(found.st_mode):
            return
    except OSError:
        pass
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError:
        # If nothing can be written here, opening the store reports it.
        return
    with contextlib.suppress(OSError), open(file, "wb") as tag:
        tag.write(text)
