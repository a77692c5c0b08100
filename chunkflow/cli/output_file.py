"""Writes a file as a whole: earlier content is replaced, or stays as it was.

A file that cannot be replaced is written in place: one that is mounted, one in a directory without
write permission, a device, a pipe.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

_ATTEMPTS = 100
_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_STREAM_FOLDERS = ("/dev/fd/", "/proc/self/fd/")


def write_file(path: str, data: Iterable[bytes]) -> None:
    """Write a file. A link stays a link, and its target is written; the mode is kept.

    Raises:
        OSError: it cannot be written. It is as it was, unless it is no regular file, or the system
            failed while it was restored.
    """
    stream = _find_stream(path)
    if stream is not None:
        _write_stream(os.dup(stream), data)
        return
    before = _stat(path)
    if before is not None and not stat.S_ISREG(before.st_mode):
        _write_stream(os.open(path, os.O_WRONLY | os.O_CLOEXEC), data)
        return
    target = os.path.realpath(path) if os.path.islink(path) else path
    if before is not None:
        # Fails without permission to write the file, even if its directory allows replacing it.
        os.close(os.open(target, os.O_WRONLY | os.O_CLOEXEC))
    _write_regular(target, data, before)


def _find_stream(path: str) -> int | None:
    """The descriptor of this process that a path names. It may be shared, and is not closed."""
    if path in _STREAMS:
        return _STREAMS[path]
    for folder in _STREAM_FOLDERS:
        number = path.removeprefix(folder)
        if number != path and number.isascii() and number.isdigit() and len(number) < 10:
            return int(number)
    return None


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _write_stream(file: int, data: Iterable[bytes]) -> None:
    # The reader of a pipe may stop early.
    with suppress(BrokenPipeError), open(file, "wb") as stream:
        stream.writelines(data)


def _write_regular(target: str, data: Iterable[bytes], before: os.stat_result | None) -> None:
    with _create_temporary(target) as temporary:
        if temporary is None:
            _write_in_place(target, b"".join(data))
            return
        descriptor, name = temporary
        with open(descriptor, "w+b") as file:
            file.writelines(data)
            file.flush()
            if not _replace(name, file.fileno(), target, before):
                file.seek(0)
                _write_in_place(target, file.read())


@contextmanager
def _create_temporary(target: str) -> Iterator[tuple[int, str] | None]:
    """Create a file in the target's directory; yield its descriptor and name, and remove it.

    Its name contains nothing of the target's, which may have the maximum length. Yields None if no
    such file can be created.
    """
    # Not `tempfile`, whose import takes longer than the rest; and this respects the umask.
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    for _ in range(_ATTEMPTS):
        name = os.path.join(os.path.dirname(target), f".chunkflow-{os.urandom(8).hex()}.tmp")
        try:
            descriptor = os.open(name, flags, 0o666)
        except FileExistsError:
            continue
        except OSError:
            break
        try:
            yield descriptor, name
        finally:
            with suppress(OSError):
                os.unlink(name)
        return
    yield None


def _replace(name: str, file: int, target: str, before: os.stat_result | None) -> bool:
    """Replace the target, keeping its mode and owner; returns whether that succeeded."""
    try:
        if before is not None:
            owner, made = (before.st_uid, before.st_gid), os.fstat(file)
            if owner != (made.st_uid, made.st_gid):
                os.fchown(file, *owner)
            os.fchmod(file, stat.S_IMODE(before.st_mode))
        os.replace(name, target)
    except OSError:
        return False
    return True


def _write_in_place(target: str, data: bytes) -> None:
    """Overwrite a file, and restore it if that fails."""
    is_new = _stat(target) is None
    file = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        old = _read_all(file)
        try:
            _overwrite(file, data)
        except BaseException:
            with suppress(OSError):
                _overwrite(file, old)
            if is_new:
                with suppress(OSError):
                    os.unlink(target)
            raise
    finally:
        os.close(file)


def _read_all(file: int) -> bytes:
    with open(file, "rb", closefd=False) as stream:
        return stream.read()


def _overwrite(file: int, data: bytes) -> None:
    # Truncated last: until then the disk space of the old content still belongs to the file.
    view = memoryview(data)
    written = 0
    while written < len(data):
        written += os.pwrite(file, view[written:], written)
    os.ftruncate(file, len(data))
