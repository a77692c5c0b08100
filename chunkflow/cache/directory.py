"""Where a store keeps its files: a directory of its user's own, marked as a cache."""

import os

from chunkflow.errors import CacheError

TAG_NAME = "CACHEDIR.TAG"
"""Tells backup programs to pass over the directory: https://bford.info/cachedir/."""

_TAG_TEXT = b"""Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by chunkflow.
# For information about cache directory tags, see https://bford.info/cachedir/
"""
_IGNORE_NAME = ".gitignore"
_IGNORE_TEXT = b"# Created by chunkflow.\n*\n"


def cache_error(directory: str, reason: object) -> CacheError:
    """Return the error for a cache directory that cannot be used."""
    text = getattr(reason, "strerror", None) or reason
    return CacheError(
        f"cannot use the cache in {directory}: {text};"
        " make it a directory of your own that you can read and write, or choose another"
    )


def prepare_directory(directory: str) -> None:
    """Make `directory` if it is missing, private to the user, and mark it as a cache.

    Several processes may do so at the same time. Raises CacheError if it cannot be made or belongs
    to somebody else, who could put there what they like; a symbolic link counts as its target.
    """
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        owner = os.stat(directory).st_uid
        names = os.listdir(directory)
    except FileExistsError as exc:
        raise cache_error(directory, "it is not a directory") from exc
    except (OSError, ValueError) as exc:
        raise cache_error(directory, exc) from exc
    if owner != os.geteuid():
        raise cache_error(directory, "it belongs to another user")
    # A directory that already held something else is not marked: it may be a project's root.
    if not names or TAG_NAME in names:
        _write_missing(os.path.join(directory, TAG_NAME), _TAG_TEXT)
        _write_missing(os.path.join(directory, _IGNORE_NAME), _IGNORE_TEXT)


def _write_missing(path: str, text: bytes) -> None:
    if os.path.lexists(path):
        return
    try:
        with open(path, "xb") as file:
            file.write(text)
    except OSError:
        # Another process was first, or nothing can be written here; opening the store will tell.
        return
