"""The pool's side of one worker: its pipes, the tasks it has been given, and its time limit."""

import os
import signal
import time
from collections import deque
from contextlib import suppress

from chunkflow.errors import PoolError, WorkerSpoiled
from chunkflow.pool.launch import Ends, Zygote
from chunkflow.pool.protocol import Answer, Task
from chunkflow.pool.wire import (
    DONE,
    HELLO,
    LAST,
    PART,
    RAISED,
    READ_BYTES,
    READY,
    SPOILED,
    TASK,
    CorruptFrameError,
    FrameBuffer,
    frame,
)


class Link:
    """One worker, from its launch to its end.

    Nothing here blocks. `tasks` are those without a final answer, oldest first: the first is being
    worked on, the others wait in the pipe.
    """

    def __init__(self, zygote: Zygote, ends: Ends) -> None:
        self.zygote = zygote
        self.tasks_fd, self.answers_fd = ends
        self.tasks: deque[Task] = deque()
        self.pid: int | None = None
        self.is_ready = False
        self.is_over = False
        """Whether nothing more can be read from it."""
        self.is_corrupt = False
        """Whether it is over because what it wrote was no frame, or none that was due."""
        self.is_retired = False
        """Whether it said that it ends after the answer it gave last."""
        self.due_s: float | None = None
        """When its time is up, on the pool's clock; None for never."""
        self.overdue: Task | None = None
        """The task that it was killed for."""
        self._unsent: deque[bytes | memoryview] = deque()
        self._received = FrameBuffer()

    def give(self, task: Task) -> None:
        """Let it work on a task, after those that it has."""
        self.tasks.append(task)
        if self.is_ready and len(self.tasks) == 1:
            self._start_clock()
        self.send(task.payload)

    def send(self, *payloads: bytes) -> None:
        """Queue frames for the worker, and write as much as its pipe takes."""
        self._unsent += (frame(TASK, payload) for payload in payloads)
        self.flush()

    @property
    def is_sending(self) -> bool:
        """Whether something waits until the pipe has room."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Write as much of what waits as the pipe takes."""
        try:
            while self._unsent:
                data = self._unsent[0]
                written = os.write(self.tasks_fd, data)
                if written < len(data):
                    self._unsent[0] = memoryview(data)[written:]
                else:
                    self._unsent.popleft()
        except BlockingIOError:
            return
        except BrokenPipeError:  # it has ended; reading will tell
            self._unsent.clear()

    def receive(self) -> list[Answer]:
        """Take in what there is to read, and return the answers in it."""
        answers: list[Answer] = []
        self._receive(answers)
        return answers

    def drain(self) -> list[Answer]:
        """Take in all that is left of a worker that has ended."""
        answers: list[Answer] = []
        while not self.is_over and self._receive(answers):
            continue
        return answers

    @property
    def has_ended(self) -> bool:
        """Whether the worker has, even where a child of it holds its pipes open."""
        return self.is_over or (self.pid is not None and self.zygote.has_ended(self.pid))

    @property
    def was_at_work(self) -> bool:
        """Of one that has ended: whether its first task is the one that it ended in."""
        if not self.tasks or self.is_retired:
            return False
        # It may have answered in the moment before it was killed, and gone on to the next.
        return self.overdue is None or self.overdue is self.tasks[0]

    def kill(self) -> None:
        """End the worker's process, and the commands it runs."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close the pipes, by which an idle worker ends."""
        os.close(self.tasks_fd)
        os.close(self.answers_fd)

    def _receive(self, answers: list[Answer]) -> bool:
        """Read once; say whether there was anything."""
        try:
            data = os.read(self.answers_fd, READ_BYTES)
        except BlockingIOError:
            return False
        self.is_over = not data
        try:
            for kind, body in self._received.feed(data):
                self._take(kind, body, answers)
        except CorruptFrameError:  # foreign code has written to the pipe
            self.is_corrupt = self.is_over = True
            self.kill()
        # Anything is a sign of life: an answer of some size comes in pieces.
        self._start_clock()
        return True

    def _start_clock(self) -> None:
        if self.is_ready and self.overdue is None:
            limit_s = self.tasks[0].limit_s if self.tasks else None
            self.due_s = time.monotonic() + limit_s if limit_s is not None else None

    def _take(self, kind: int, body: bytes, answers: list[Answer]) -> None:
        if self.is_ready and self.tasks:
            answers.append(self._answer(kind, body))
        elif kind == READY and self.pid is not None and not self.is_ready:
            self.is_ready = True
        elif kind == HELLO and self.pid is None and body.isdigit():
            self.pid = int(body)
        else:
            raise CorruptFrameError("it was not due")

    def _answer(self, kind: int, body: bytes) -> Answer:
        task = self.tasks[0]
        if kind == PART:
            return Answer(task.id, body, is_final=False)
        if kind not in (DONE, RAISED, LAST, SPOILED):
            raise CorruptFrameError("it was not due")
        self.tasks.popleft()
        self.is_retired = kind in (LAST, SPOILED)
        if kind == DONE:
            return Answer(task.id, body)
        error = WorkerSpoiled if kind == SPOILED else PoolError
        return Answer(task.id, error=error(body.decode(errors="replace")))
