"""How bytes are framed on the pipes between a pool and its workers: a length, then the body."""

import os

HEADER_BYTES = 8
READ_BYTES = 1 << 20
"""Most that one read asks for; a pipe holds 64 KiB unless somebody widened it."""

HELLO = 0
"""A worker's first frame: its process id in decimal digits."""
READY = 1
"""A worker's second frame: what it runs is prepared, tasks begin."""
DONE = 2
"""A task's result."""
RAISED = 3
"""Why a task has no result, in UTF-8."""


def frame(*parts: bytes) -> bytes:
    """Join `parts` to one frame."""
    length = sum(map(len, parts))
    return b"".join((length.to_bytes(HEADER_BYTES, "little"), *parts))


def write_all(fd: int, data: bytes) -> None:
    """Write `data` to a blocking descriptor."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def read_frame(fd: int) -> bytes:
    """Read one frame from a blocking descriptor; `EOFError` when the other side is gone."""
    return _read_exactly(fd, int.from_bytes(_read_exactly(fd, HEADER_BYTES), "little"))


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
    """Collects what a non-blocking descriptor gives until frames are whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take `data` in; return the frames it completed, in order."""
        self._buffer += data
        frames: list[bytes] = []
        while (end := self._end_of_frame()) <= len(self._buffer):
            frames.append(bytes(memoryview(self._buffer)[HEADER_BYTES:end]))
            del self._buffer[:end]
        return frames

    def _end_of_frame(self) -> int:
        return HEADER_BYTES + int.from_bytes(self._buffer[:HEADER_BYTES], "little")
