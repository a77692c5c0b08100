"""Frames bytes on the pipes between a pool and its workers.

A frame is a mark, its kind, the length of its body, and the body. Foreign code runs next to these
pipes and may write to them; a missing mark shows where the bytes can no longer be trusted.
"""

import os
import struct
from collections.abc import Iterator

READ_BYTES = 1 << 20
"""The most that one read asks for; a pipe holds 64 KiB unless it was widened."""
MOST_BYTES = (1 << 32) - 1
"""The longest body that a frame can have."""

TASK = 0
"""To a worker: its setup, and then its tasks."""
HELLO = 1
"""A worker's first frame: its process id in decimal digits."""
READY = 2
"""A worker's second frame: it is prepared, and tasks may begin."""
PART = 3
"""A part of a task's result; more follows."""
RESULT = 4
"""A task's result, or the end of its parts."""
RAISED = 5
"""Why a task has no result, in UTF-8."""
LAST = 6
"""The same, after which the worker ends: it cannot do another task."""
SPOILED = 7
"""Why the worker ends in the middle of the task, in UTF-8."""

_MARK = 0x9DC3F7
"""Three bytes that no text holds: none of them is ASCII, and together they are no UTF-8."""
_HEADER = struct.Struct("<II")
HEADER_BYTES = _HEADER.size


class CorruptFrameError(ValueError):
    """The bytes read are not a frame."""


def frame(kind: int, body: bytes) -> bytes:
    """Make a frame; raises `struct.error` if `body` is longer than `MOST_BYTES`."""
    return _HEADER.pack(_MARK << 8 | kind, len(body)) + body


def write_all(fd: int, data: bytes) -> None:
    """Write `data` to a blocking descriptor."""
    written = os.write(fd, data)
    while written < len(data):
        written += os.write(fd, memoryview(data)[written:])


def read_frame(fd: int) -> tuple[int, bytes]:
    """Read one frame from a blocking descriptor: its kind and its body.

    Raises:
        EOFError: the other side is gone.
        CorruptFrameError: the bytes are not a frame.
    """
    kind, length = _read_header(_read_exactly(fd, HEADER_BYTES))
    return kind, _read_exactly(fd, length)


def _read_header(data: bytes | bytearray, offset: int = 0) -> tuple[int, int]:
    head, length = _HEADER.unpack_from(data, offset)
    if head >> 8 != _MARK:
        raise CorruptFrameError("the mark is missing")
    return head & 0xFF, length


def _read_exactly(fd: int, length: int) -> bytes:
    data = os.read(fd, min(length, READ_BYTES)) if length else b""
    if len(data) == length:
        return data
    buffer = bytearray(data)
    while data and len(buffer) < length:
        data = os.read(fd, min(length - len(buffer), READ_BYTES))
        buffer += data
    if len(buffer) < length:
        raise EOFError
    return bytes(buffer)


class FrameBuffer:
    """Collects what a non-blocking descriptor gives until frames are complete.

    It allocates nothing in advance, whatever a length says.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Add `data`; yield the kind and body of each frame that it completes, in order.

        Exhaust the iterator before the next call. Raises `CorruptFrameError` at bytes that are not
        a frame.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= HEADER_BYTES:
            kind, length = _read_header(buffer, start)
            end = start + HEADER_BYTES + length
            if end > len(buffer):
                break
            with memoryview(buffer) as view:
                body = bytes(view[start + HEADER_BYTES : end])
            start = end
            yield kind, body
        del buffer[:start]
