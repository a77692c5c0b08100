"""A queue of chunks that wait for a worker, the largest first; most of many wait on disk."""

import os
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from chunkflow.engine.messages import ChunkTask
from chunkflow.model.framing import join, split

# So much is held in memory. A large file's chunks are found much sooner than they are worked off.
_HELD_BYTES = 4 * 1024 * 1024
_KEY, _TRIES, _TASK = range(3)
_SIZE_BYTES = 8
_PLACE_BITS = _NUMBER_BITS = 48


class Pending(NamedTuple):
    """A chunk that waits for a worker, or is with one."""

    key: bytes
    task: ChunkTask
    tries: int = 0


class SpillQueue:
    """A queue of chunks, the largest first, in their order where they are equal in size.

    Args:
        held_bytes: how much text is held in memory; the rest waits on disk.
    """

    def __init__(self, *, held_bytes: int = _HELD_BYTES) -> None:
        self._most_held_bytes = held_bytes
        self.size_bytes = 0
        """Of all chunks' text."""
        # Each is one number, which takes a third of what a tuple does: of size, order, and where it
        # is in the file, from 1; 0 if it is held.
        self._heap: list[int] = []
        self._numbers = count()
        self._held: dict[int, Pending] = {}
        self._held_bytes = 0
        self._descriptor = -1
        self._end = 0

    def __del__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, one: Pending) -> None:
        """Let a chunk wait."""
        size_bytes, number = len(one.task.chunk), next(self._numbers)
        place = self._write(one) if self._held_bytes + size_bytes > self._most_held_bytes else 0
        if not place:
            self._hold(number, one)
        self.size_bytes += size_bytes
        heappush(self._heap, _order(size_bytes, number, place))

    def first(self) -> Pending:
        """The chunk that is next; it goes on waiting."""
        number, place = self._next()
        if number not in self._held:
            self._hold(number, self._read(place))
        return self._held[number]

    def pop(self) -> Pending:
        """Take the chunk that is next."""
        one = self.first()
        number, _ = self._next()
        heappop(self._heap)
        del self._held[number]
        size_bytes = len(one.task.chunk)
        self._held_bytes -= size_bytes
        self.size_bytes -= size_bytes
        if not self._heap:
            self.clear()
        return one

    def clear(self) -> None:
        """Forget all."""
        self._heap.clear()
        self._held.clear()
        self.size_bytes = self._held_bytes = self._end = 0
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _next(self) -> tuple[int, int]:
        first = self._heap[0]
        return first >> _PLACE_BITS & (1 << _NUMBER_BITS) - 1, first & (1 << _PLACE_BITS) - 1

    def _hold(self, number: int, one: Pending) -> None:
        self._held[number] = one
        self._held_bytes += len(one.task.chunk)

    def _write(self, one: Pending) -> int:
        """Where it is in the file, from 1; 0 if it cannot be written there."""
        data = join([one.key, b"%d" % one.tries, one.task.encode()])
        data = len(data).to_bytes(_SIZE_BYTES, "little") + data
        try:
            if self._descriptor < 0:
                self._descriptor = _open_nameless_file()
            if os.pwrite(self._descriptor, data, self._end) < len(data):
                return 0
        except OSError:
            return 0  # the disk is full, say
        place = self._end + 1
        self._end += len(data)
        return place

    def _read(self, place: int) -> Pending:
        start = place - 1 + _SIZE_BYTES
        size = os.pread(self._descriptor, _SIZE_BYTES, place - 1)
        key, tries, task = split(os.pread(self._descriptor, int.from_bytes(size, "little"), start))
        return Pending(key, ChunkTask.decode(task), int(tries))


def _order(size_bytes: int, number: int, place: int) -> int:
    return (-size_bytes << _NUMBER_BITS | number) << _PLACE_BITS | place


def _open_nameless_file() -> int:
    import tempfile  # noqa: PLC0415 - few runs have so much to do

    descriptor, path = tempfile.mkstemp(prefix="chunkflow-")
    os.unlink(path)  # nothing is left of it, however the run ends
    return descriptor
