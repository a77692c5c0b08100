"""Names of a store's database files: one generation after another, never a name used twice.

A damaged database is renamed and the next generation begun. Were the name used again, a process
that still has the damaged one open would, on closing it, delete the journal of the new one, because
SQLite finds journals by name.
"""

import contextlib
import os

FORMAT = 1
"""The number of the database's layout; another layout is another file."""

_PREFIX = f"chunkflow-v{FORMAT}-"
_SUFFIX = ".sqlite3"
_DAMAGED = ".damaged"
_SIDE_FILES = ("-wal", "-shm", "-journal")


def database_path(directory: str, generation: int) -> str:
    """Return the path of a generation's database."""
    return os.path.join(directory, f"{_PREFIX}{generation}{_SUFFIX}")


def newest_generation(directory: str) -> tuple[int, bool]:
    """Return the generation to use, and whether its file is there already."""
    names = _names(directory)
    present = [_generation(name) for name in names if name.endswith(_SUFFIX)]
    if present:
        return max(present), True
    return 1 + max(map(_generation, names), default=0), False


def set_aside(directory: str, generation: int, *, keep_bytes: int) -> str | None:
    """Rename a damaged database, so that the next generation is begun; return the new path.

    At most `keep_bytes` of it are kept, and nothing of earlier generations. Returns None if
    another process was first. Raises OSError if it cannot be renamed.
    """
    path = database_path(directory, generation)
    try:
        os.rename(path, path + _DAMAGED)
    except FileNotFoundError:
        return None
    with contextlib.suppress(OSError):
        if os.stat(path + _DAMAGED).st_size > keep_bytes:
            os.truncate(path + _DAMAGED, keep_bytes)
    for suffix in _SIDE_FILES:
        _remove(path + suffix)
    forget_before(directory, generation)
    return path + _DAMAGED


def forget_before(directory: str, generation: int) -> None:
    """Remove what is left of the generations before `generation`."""
    for name in _names(directory):
        if _generation(name) < generation:
            _remove(os.path.join(directory, name))


def files_size_bytes(directory: str) -> int:
    """Return how many bytes the files of every generation take."""
    total = 0
    for name in _names(directory):
        with contextlib.suppress(OSError):
            total += os.stat(os.path.join(directory, name)).st_size
    return total


def _names(directory: str) -> list[str]:
    with contextlib.suppress(OSError):
        return [name for name in os.listdir(directory) if _generation(name)]
    return []


def _generation(name: str) -> int:
    """Return the generation that a file belongs to, or 0 if it is none of ours."""
    number = name.removeprefix(_PREFIX).partition(".")[0]
    return int(number) if name.startswith(_PREFIX) and _is_number(number) else 0


def _is_number(text: str) -> bool:
    # Longer ones are not ours, and could not be counted up within a file's name.
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
