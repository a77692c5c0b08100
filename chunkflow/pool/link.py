"""The pool's side of one worker: its pipes, the tasks it has been given, and its time limit."""

import os
import signal
from collections import deque
from contextlib import suppress

from chunkflow.pool.launch import Ends, Zygote
from chunkflow.pool.protocol import Task
from chunkflow.pool.wire import HELLO, READ_BYTES, READY, FrameBuffer, frame


class Link:
    """One worker, from its launch to its end.

    Nothing here blocks. `tasks` are those without an answer, oldest first: the first is being
    worked on, the others wait in the pipe.
    """

    def __init__(self, zygote: Zygote, ends: Ends) -> None:
        self.zygote = zygote
        self.tasks_fd, self.answers_fd = ends
        self.tasks: deque[Task] = deque()
        self.pid: int | None = None
        self.is_ready = False
        self.due_s: float | None = None
        """When its time is up, on the pool's clock; None for never."""
        self.is_overdue = False
        self._unsent: deque[memoryview] = deque()
        self._received = FrameBuffer()

    def send(self, *payloads: bytes) -> None:
        """Queue frames for the worker, and write as much as its pipe takes."""
        self._unsent += (memoryview(frame(payload)) for payload in payloads)
        self.flush()

    @property
    def is_sending(self) -> bool:
        """Whether something waits until the pipe has room."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Write as much of what waits as the pipe takes."""
        try:
            while self._unsent:
                written = os.write(self.tasks_fd, self._unsent[0])
                self._unsent[0] = self._unsent[0][written:]
                if not self._unsent[0]:
                    self._unsent.popleft()
        except BlockingIOError:
            return
        except BrokenPipeError:  # it has ended; reading will tell
            self._unsent.clear()

    def receive(self) -> list[bytes] | None:
        """Take in what there is to read: answers, or None when the worker has ended."""
        data = os.read(self.answers_fd, READ_BYTES)
        if not data:
            return None
        return [body for body in self._received.feed(data) if self._is_answer(body)]

    def kill(self) -> None:
        """End the worker's process, and the commands it runs."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close the pipes, by which an idle worker ends."""
        os.close(self.tasks_fd)
        os.close(self.answers_fd)

    def _is_answer(self, body: bytes) -> bool:
        if body[0] == HELLO:
            self.pid = int(body[1:])
        elif body[0] == READY:
            self.is_ready = True
        return body[0] not in (HELLO, READY)
