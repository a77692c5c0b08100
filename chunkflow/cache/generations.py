"""Names of a store's files: one generation after another, never a name used twice.

A damaged database is renamed and the next generation begun. Were the name used again, a process
that still has the damaged one open would, on closing it, delete the journal of the new one, because
SQLite finds journals by name. Nothing here follows a link that stands where a file should.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

FORMAT = 2
"""The number of a database's layout and of its records'; of another number is another file."""

SIDE_SUFFIXES = ("-wal", "-shm", "-journal")
"""What SQLite puts behind a database's name to name the files beside it."""

_PREFIX = "chunkflow-v"
_DAMAGED = ".damaged"
_IN_THE_MAKING_S = 60
_SHARED_START, _SHARED_BYTES = 0x40000002, 510


class _Name(NamedTuple):
    """A file's name in parts: `chunkflow-v2-7.sqlite3-wal` is 2, 7 and `.sqlite3-wal`."""

    text: str
    format: int
    generation: int
    ending: str


class Generations:
    """The files of one kind of store in `directory`, where there may be others' as well.

    A generation is a file with the suffix, or a directory with it that holds `inner_name`.
    """

    def __init__(self, directory: str, suffix: str, inner_name: str = "") -> None:
        self._directory = directory
        self._suffix = suffix
        self._inner_name = inner_name

    def database_path(self, generation: int) -> str:
        """Return the path of a generation's database."""
        return self._database_in(self._path(generation))

    def newest(self) -> tuple[int, bool]:
        """Return the generation to use, and whether it is there already."""
        own = self._own()
        present = [name.generation for name in own if name.ending == self._suffix]
        if present:
            return max(present), True
        return 1 + max((name.generation for name in own), default=0), False

    def make(self, generation: int) -> None:
        """Make a generation's directory if it has one and it is missing. May raise OSError."""
        if self._inner_name:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._path(generation), 0o700)

    def is_sound(self, generation: int) -> bool:
        """Tell whether a generation's directory, if it has one, is a directory and no link."""
        return not self._inner_name or _is_directory(self._path(generation))

    def set_aside(self, generation: int, *, keep_bytes: int) -> str | None:
        """Rename a damaged generation, so that the next is begun; return the new path.

        At most `keep_bytes` of it are kept, and nothing of earlier generations. Returns None if
        another process was first. Raises OSError if it cannot be renamed.
        """
        path = self._path(generation)
        aside = path + _DAMAGED
        try:
            os.rename(path, aside)
        except FileNotFoundError:
            return None
        if not self._inner_name or _is_directory(aside):
            _cut(self._database_in(aside), keep_bytes)
            beside = self._database_in(aside if self._inner_name else path)
            for suffix in SIDE_SUFFIXES:
                _remove(beside + suffix)
        self.forget_before(generation)
        return aside

    def forget_before(self, generation: int) -> None:
        """Remove what is left of the generations before `generation`."""
        for name in self._own():
            if name.generation < generation:
                _remove(os.path.join(self._directory, name.text))

    def forget_left_over(self, generation: int, *, now_s: float, keep_s: float) -> None:
        """Remove what no store here will use again, now that `generation` is in use.

        That is what older formats and other kinds of store have left, unless a process has it
        open or is about to; and what was set aside, if it has not changed for `keep_s`.
        """
        for name in self._own():
            path = os.path.join(self._directory, name.text)
            is_left = name.generation < generation or name.ending.endswith(_DAMAGED)
            if is_left and _is_older(path, now_s - keep_s):
                _remove(path)
        for paths in self._others().values():
            files = [file for path in paths for file in (path, *_files(path))]
            # One that is being made is open to nobody yet, and must not lose its journal.
            is_used = not all(_is_older(file, now_s - _IN_THE_MAKING_S) for file in files)
            if not is_used and not any(map(_is_open, files)):
                for path in paths:
                    _remove(path)

    def size_bytes(self) -> int:
        """Return how many bytes the files of every generation take."""
        paths = [os.path.join(self._directory, name.text) for name in self._own()]
        return sum(map(_size_bytes, paths))

    def _path(self, generation: int) -> str:
        return os.path.join(self._directory, f"{_PREFIX}{FORMAT}-{generation}{self._suffix}")

    def _database_in(self, path: str) -> str:
        return os.path.join(path, self._inner_name) if self._inner_name else path

    def _own(self) -> list[_Name]:
        return [name for name in _names(self._directory) if self._is_own(name)]

    def _is_own(self, name: _Name) -> bool:
        return name.format == FORMAT and name.ending.startswith(self._suffix)

    def _others(self) -> dict[tuple[int, int], list[str]]:
        """Return the paths of each generation of another kind or an older format."""
        others: dict[tuple[int, int], list[str]] = {}
        for name in _names(self._directory):
            if name.format <= FORMAT and not self._is_own(name):
                paths = others.setdefault((name.format, name.generation), [])
                paths.append(os.path.join(self._directory, name.text))
        return others


def _names(directory: str) -> Iterator[_Name]:
    with contextlib.suppress(OSError):
        for text in os.listdir(directory):
            if text.startswith(_PREFIX):
                layout, _, rest = text.removeprefix(_PREFIX).partition("-")
                number, dot, ending = rest.partition(".")
                if _is_number(layout) and _is_number(number):
                    yield _Name(text, int(layout), int(number), dot + ending)


def _is_number(text: str) -> bool:
    # Longer ones are not ours, and could not be counted up within a file's name.
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _files(path: str) -> list[str]:
    """Return a file's own path, or those of the files in a directory."""
    if not _is_directory(path):
        return [path]
    with contextlib.suppress(OSError):
        return [os.path.join(path, name) for name in os.listdir(path)]
    return []


def _size_bytes(path: str) -> int:
    total = 0
    for file in _files(path):
        with contextlib.suppress(OSError):
            total += os.lstat(file).st_size
    return total


def _remove(path: str) -> None:
    for file in _files(path):
        with contextlib.suppress(OSError):
            os.unlink(file)
    if _is_directory(path):
        with contextlib.suppress(OSError):
            os.rmdir(path)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    # Without waiting for the other end of a FIFO.
    file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield file
    finally:
        os.close(file)


def _cut(path: str, size_bytes: int) -> None:
    with contextlib.suppress(OSError), _opened(path) as file:
        found = os.fstat(file)
        # What has another name as well is not ours to change.
        if found.st_nlink == 1 and found.st_size > size_bytes:
            os.ftruncate(file, size_bytes)


def _is_older(path: str, time_s: float) -> bool:
    """Tell whether a file has not changed since then; one that is gone has not."""
    try:
        return os.lstat(path).st_mtime < time_s
    except OSError:
        return True


def _is_open(file: str) -> bool:
    """Tell whether another process has a database open, if the file is one."""
    with contextlib.suppress(OSError), _opened(file) as descriptor:
        return _is_locked(descriptor)
    return False


def _is_locked(file: int) -> bool:
    import fcntl  # noqa: PLC0415 - only where something is left over

    try:
        # Whoever has a database in WAL mode open holds a lock on this range of it.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_BYTES, _SHARED_START)
    except OSError:
        return True
    return False
