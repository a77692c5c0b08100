"""Joins byte strings into one, for records and for messages to other processes."""

import struct
from collections.abc import Sequence
from typing import TypeVar

_COUNT = struct.Struct("<I")

_Bytes = TypeVar("_Bytes", bytes, memoryview)


def join(parts: Sequence[bytes | bytearray]) -> bytes:
    """Join parts into one byte string, which `split` splits again."""
    count = len(parts)
    head = struct.pack(f"<{count + 1}I", count, *map(len, parts))
    return b"".join((head, *parts))


def split(data: _Bytes) -> list[_Bytes]:
    """Split what `join` returned; the parts of a view are views.

    Raises:
        ValueError: the bytes do not come from `join`. Nothing is allocated by a length in them.
    """
    if len(data) < _COUNT.size:
        raise ValueError("too short to be framed")
    count = _COUNT.unpack_from(data)[0]
    place = _COUNT.size * (count + 1)
    if place > len(data):
        raise ValueError("the frame's head is cut off")
    parts = []
    for length in struct.unpack_from(f"<{count}I", data, _COUNT.size):
        parts.append(data[place : place + length])
        place += length
    if place != len(data):
        raise ValueError("the frame's lengths do not add up")
    return parts
