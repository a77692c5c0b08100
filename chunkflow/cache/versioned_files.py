"""Names a store's files by format and generation, so that no name is ever used twice.

A damaged database is renamed, and the next generation is begun under a new name. If the name were
used again, a process that still has the damaged database open would delete the new one's journal on
closing, because SQLite finds journals by name. Nothing here follows a symbolic link.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from chunkflow.cache.keys import FORMAT

SIDE_SUFFIXES = ("-wal", "-shm", "-journal")
"""What SQLite appends to a database's name to name the files beside it."""

_PREFIX = "chunkflow-v"
_DAMAGED = ".damaged"
_MAX_DIGITS = 9
_CREATION_S = 60
"""A file that is younger may belong to a store that another process is about to open."""
_SHARED_START, _SHARED_BYTES = 0x40000002, 510
"""The range of a database in WAL mode on which every process that has it open holds a lock."""


class _Name(NamedTuple):
    """The parts of a file's name: `chunkflow-v2-7.sqlite3-wal` has 2, 7 and `.sqlite3-wal`."""

    path: str
    format: int
    generation: int
    ending: str


class VersionedFiles:
    """The files of one kind of store in a directory, which may hold other files as well.

    Each generation is a file, or a directory that holds `inner_name`.

    Args:
        directory: where the files are.
        suffix: what the names of the files end in.
        inner_name: the name of the database inside a generation's directory; "" if generations are
            files.
    """

    def __init__(self, directory: str, suffix: str, inner_name: str = "") -> None:
        self._directory = directory
        self._suffix = suffix
        self._inner_path = os.sep + inner_name if inner_name else ""

    def locate_database(self, generation: int) -> str:
        """Return the path of a generation's database."""
        return self._locate(generation) + self._inner_path

    def find_newest(self) -> tuple[int, bool]:
        """Return the generation to use, and whether it exists."""
        own = self._list_own()
        present = [name.generation for name in own if name.ending == self._suffix]
        if present:
            return max(present), True
        return 1 + max((name.generation for name in own), default=0), False

    def create_directory(self, generation: int) -> None:
        """Create a generation's directory, if generations have one. Raises OSError."""
        if self._inner_path:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._locate(generation), 0o700)

    def is_sound(self, generation: int) -> bool:
        """Return False if a generation should be a directory, but is a link or another file."""
        return not self._inner_path or _is_directory(self._locate(generation))

    def quarantine(self, generation: int, *, keep_bytes: int) -> str | None:
        """Rename a damaged generation, so that the next one is begun; return its new path.

        The database is truncated to `keep_bytes`, and earlier generations are removed. Returns None
        if another process was faster. Raises OSError if the generation cannot be renamed.
        """
        path = self._locate(generation)
        damaged_path = path + _DAMAGED
        try:
            os.rename(path, damaged_path)
        except FileNotFoundError:
            return None
        if not self._inner_path or _is_directory(damaged_path):
            _truncate(damaged_path + self._inner_path, keep_bytes)
            # The side files of a database that is itself the generation have kept their names.
            beside = damaged_path + self._inner_path if self._inner_path else path
            for suffix in SIDE_SUFFIXES:
                _remove(beside + suffix)
        self.remove_before(generation)
        return damaged_path

    def remove_before(self, generation: int) -> None:
        """Remove what is left of the generations before `generation`."""
        for name in self._list_own():
            if name.generation < generation:
                _remove(name.path)

    def remove_leftovers(self, generation: int, *, now_s: float, keep_s: float) -> None:
        """Remove what no store uses any more, now that `generation` is in use.

        That is what older formats and other kinds of store have left, unless a process has it open
        or has just created it; and what was quarantined, if it has not changed for `keep_s`.
        """
        others: dict[tuple[int, int], list[str]] = {}
        for name in _list_names(self._directory):
            if self._is_own(name):
                is_old = name.generation < generation or name.ending.endswith(_DAMAGED)
                if is_old and _is_older(name.path, now_s - keep_s):
                    _remove(name.path)
            elif name.format <= FORMAT:
                others.setdefault((name.format, name.generation), []).append(name.path)
        for paths in others.values():
            if not _is_used(paths, now_s):
                for path in paths:
                    _remove(path)

    def measure_bytes(self) -> int:
        """Return the size of the files of all generations."""
        return sum(_measure_bytes(name.path) for name in self._list_own())

    def _locate(self, generation: int) -> str:
        return os.path.join(self._directory, f"{_PREFIX}{FORMAT}-{generation}{self._suffix}")

    def _list_own(self) -> list[_Name]:
        return [name for name in _list_names(self._directory) if self._is_own(name)]

    def _is_own(self, name: _Name) -> bool:
        return name.format == FORMAT and name.ending.startswith(self._suffix)


def _list_names(directory: str) -> Iterator[_Name]:
    with contextlib.suppress(OSError):
        for text in os.listdir(directory):
            if text.startswith(_PREFIX):
                number, _, rest = text.removeprefix(_PREFIX).partition("-")
                generation, dot, ending = rest.partition(".")
                # A longer number is not ours, and could not be counted up within a file's name.
                if all(
                    part.isascii() and part.isdecimal() and len(part) <= _MAX_DIGITS
                    for part in (number, generation)
                ):
                    path = os.path.join(directory, text)
                    yield _Name(path, int(number), int(generation), dot + ending)


def _is_used(paths: list[str], now_s: float) -> bool:
    """Return whether a process has one of the files open, or has just created it."""
    files = [file for path in paths for file in (path, *_list_files(path))]
    # A file that is being created is not open yet, and must not lose its journal.
    is_new = not all(_is_older(file, now_s - _CREATION_S) for file in files)
    return is_new or any(map(_is_open, files))


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _list_files(path: str) -> list[str]:
    """Return the path itself, or the paths of what is in it if it is a directory."""
    if not _is_directory(path):
        return [path]
    with contextlib.suppress(OSError):
        return [os.path.join(path, name) for name in os.listdir(path)]
    return []


def _measure_bytes(path: str) -> int:
    total = 0
    for file in _list_files(path):
        with contextlib.suppress(OSError):
            total += os.lstat(file).st_size
    return total


def _remove(path: str) -> None:
    for file in _list_files(path):
        with contextlib.suppress(OSError):
            os.unlink(file)
    if _is_directory(path):
        with contextlib.suppress(OSError):
            os.rmdir(path)


@contextlib.contextmanager
def _open_file(path: str) -> Iterator[int]:
    # Does not wait for the other end of a FIFO.
    file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield file
    finally:
        os.close(file)


def _truncate(path: str, size_bytes: int) -> None:
    with contextlib.suppress(OSError), _open_file(path) as file:
        found = os.fstat(file)
        # A file with another name as well is not ours to change.
        if found.st_nlink == 1 and found.st_size > size_bytes:
            os.ftruncate(file, size_bytes)


def _is_older(path: str, time_s: float) -> bool:
    """Return whether a file has not changed since then. One that is gone has not."""
    try:
        return os.lstat(path).st_mtime < time_s
    except OSError:
        return True


def _is_open(file: str) -> bool:
    """Return whether the file is a database that another process has open."""
    with contextlib.suppress(OSError), _open_file(file) as descriptor:
        return _is_locked(descriptor)
    return False


def _is_locked(file: int) -> bool:
    import fcntl  # noqa: PLC0415 - only for leftovers

    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_BYTES, _SHARED_START)
    except OSError:
        return True
    return False
