"""The pool's side of one worker: its pipes, its tasks, and its time limit."""

import os
import signal
import time
from collections import deque
from contextlib import suppress

from chunkflow.errors import PoolError, WorkerSpoiled
from chunkflow.pool.protocol import Answer, Task
from chunkflow.pool.spawn import Ends, Zygote
from chunkflow.pool.wire import (
    HELLO,
    LAST,
    PART,
    RAISED,
    READ_BYTES,
    READY,
    RESULT,
    SPOILED,
    TASK,
    CorruptFrameError,
    FrameBuffer,
    frame,
)


class WorkerHandle:
    """One worker, from its start to its end.

    Nothing here blocks. `tasks` are those without a final answer, oldest first: the first is in
    work, the others wait in the pipe.
    """

    def __init__(self, zygote: Zygote, ends: Ends) -> None:
        self.zygote = zygote
        self.tasks_fd, self.answers_fd = ends
        self.tasks: deque[Task] = deque()
        self.pid: int | None = None
        self.is_ready = False
        self.is_over = False
        """Whether nothing more can be read from the worker."""
        self.is_corrupt = False
        """Whether it is over because the worker wrote no valid frame, or one that was not due."""
        self.is_retired = False
        """Whether the worker has announced that it ends after its last answer."""
        self.due_s: float | None = None
        """When its time limit is reached, on the monotonic clock; None for never."""
        self.overdue: Task | None = None
        """The task whose time limit it was killed for."""
        self._unsent: deque[bytes | memoryview] = deque()
        self._received = FrameBuffer()

    def assign(self, task: Task) -> None:
        """Give the worker a task, to be done after those that it has."""
        self.tasks.append(task)
        if self.is_ready and len(self.tasks) == 1:
            self._restart_clock()
        self.send(task.payload)

    def send(self, *payloads: bytes) -> None:
        """Queue frames, and write as much as the pipe takes."""
        self._unsent += (frame(TASK, payload) for payload in payloads)
        self.flush()

    @property
    def is_sending(self) -> bool:
        """Whether frames wait until the pipe has room."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Write as much of the queue as the pipe takes."""
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
        except BrokenPipeError:  # it has ended, which reading will show
            self._unsent.clear()

    def receive(self) -> list[Answer]:
        """Read what is there, and return the answers in it."""
        answers: list[Answer] = []
        self._read_once(answers)
        return answers

    def drain(self) -> list[Answer]:
        """Read all that a worker has left which has ended."""
        answers: list[Answer] = []
        while not self.is_over and self._read_once(answers):
            continue
        return answers

    @property
    def has_ended(self) -> bool:
        """Whether the worker has ended, even if a child of it holds its pipes open."""
        return self.is_over or (self.pid is not None and self.zygote.has_ended(self.pid))

    @property
    def was_at_work(self) -> bool:
        """Whether a worker that has ended did so in its first task."""
        if not self.tasks or self.is_retired:
            return False
        # It may have answered just before it was killed, and gone on to the next task.
        return self.overdue is None or self.overdue is self.tasks[0]

    def kill(self) -> None:
        """Kill the worker's process, and the commands that it runs."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Close the pipes, which ends an idle worker."""
        os.close(self.tasks_fd)
        os.close(self.answers_fd)

    def _read_once(self, answers: list[Answer]) -> bool:
        """Read once; returns whether there was anything to read."""
        try:
            data = os.read(self.answers_fd, READ_BYTES)
        except BlockingIOError:
            return False
        self.is_over = not data
        try:
            for kind, body in self._received.feed(data):
                self._handle_frame(kind, body, answers)
        except CorruptFrameError:  # foreign code has written to the pipe
            self.is_corrupt = self.is_over = True
            self.kill()
        # Anything is a sign of life: an answer of some size comes in pieces.
        self._restart_clock()
        return True

    def _restart_clock(self) -> None:
        if self.is_ready and self.overdue is None:
            limit_s = self.tasks[0].limit_s if self.tasks else None
            self.due_s = time.monotonic() + limit_s if limit_s is not None else None

    def _handle_frame(self, kind: int, body: bytes, answers: list[Answer]) -> None:
        if self.is_ready and self.tasks:
            answers.append(self._build_answer(kind, body))
        elif kind == READY and self.pid is not None and not self.is_ready:
            self.is_ready = True
        elif kind == HELLO and self.pid is None and body.isdigit():
            self.pid = int(body)
        else:
            raise CorruptFrameError("the frame was not due")

    def _build_answer(self, kind: int, body: bytes) -> Answer:
        task = self.tasks[0]
        if kind == PART:
            return Answer(task.id, body, is_final=False)
        if kind not in (RESULT, RAISED, LAST, SPOILED):
            raise CorruptFrameError("the frame was not due")
        self.tasks.popleft()
        self.is_retired = kind in (LAST, SPOILED)
        if kind == RESULT:
            return Answer(task.id, body)
        error = WorkerSpoiled if kind == SPOILED else PoolError
        return Answer(task.id, error=error(body.decode(errors="replace")))
