"""Reading source files: once, only regular ones, and with a clear word when it does not work."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO

from chunkflow.cache.keys import DIGEST_BYTES
from chunkflow.errors import SourceError, describe_os_error
from chunkflow.private import blake2b
from chunkflow.syntax import sizes

_PIECE_BYTES = 1024 * 1024


def read_source(path: str, shown: str) -> bytes:
    """The bytes of a regular file.

    Args:
        path: where it lies.
        shown: what messages call it.

    Raises:
        SourceError: it cannot be read, is not a regular file, or is not UTF-8.
    """
    source = read_if_small(path, shown, sys.maxsize)
    return b"" if source is None else source


def read_if_small(path: str, shown: str, most_bytes: int) -> bytes | None:
    """As `read_source`; None of a file that is larger than that."""
    descriptor = _open(path, shown)
    try:
        found = os.fstat(descriptor)
        check_regular(found, shown)
        if found.st_size > most_bytes:
            return None
        source = os.read(descriptor, found.st_size + 1)
        while len(source) != found.st_size:
            # It has grown or shrunk meanwhile, or not all came at once.
            piece = os.read(descriptor, _PIECE_BYTES)
            if not piece:
                break
            source += piece
    except OSError as exc:
        raise SourceError(f"cannot read {shown}: {describe_os_error(exc)}") from exc
    finally:
        os.close(descriptor)
    check_text(source, shown)
    return source


def bytes_to_hold(streaming_bytes: int | None) -> int:
    """Up to what size a file is held whole, given the setting that says so."""
    if streaming_bytes is None:
        return sizes.MOST_HELD_BYTES
    return min(max(streaming_bytes, sizes.WHOLE_BYTES), sizes.MOST_HELD_BYTES)


def read_digest(path: str, shown: str) -> bytes:
    """The digest of a regular file's content, which is not held in memory.

    Raises:
        SourceError: it cannot be read, or is not a regular file.
    """
    digest = blake2b(digest_size=DIGEST_BYTES)
    with open_source(path, shown) as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.digest()


@contextmanager
def open_source(path: str, shown: str) -> Iterator[FileIO]:
    """A regular file, open for reading; what goes wrong meanwhile is told as `SourceError`."""
    descriptor = _open(path, shown)
    try:
        check_regular(os.fstat(descriptor), shown)
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            yield file
    except OSError as exc:
        raise SourceError(f"cannot read {shown}: {describe_os_error(exc)}") from exc
    finally:
        os.close(descriptor)


def _open(path: str, shown: str) -> int:
    try:
        # Without O_NONBLOCK opening a FIFO would wait for a writer.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as exc:
        raise SourceError(f"cannot read {shown}: {describe_os_error(exc)}") from exc


def check_regular(found: os.stat_result, shown: str) -> None:
    """Raise `SourceError` where a path is not a regular file."""
    mode = found.st_mode
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise SourceError(f"cannot read {shown}: it is a directory; name files or use PATHS")
    raise SourceError(f"cannot read {shown}: it is not a regular file")


def check_text(source: bytes, shown: str, *, start_line: int = 1, start_byte: int = 0) -> None:
    """Raise `SourceError` where bytes are not UTF-8; they begin at that line and byte of a file."""
    if source.isascii():
        return
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = source.count(b"\n", 0, exc.start) + start_line
        raise SourceError(
            f"cannot read {shown}: line {line} is not UTF-8 (byte 0x{source[exc.start]:02x} at"
            f" offset {start_byte + exc.start}); save it as UTF-8"
        ) from exc
