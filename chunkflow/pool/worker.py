"""Runs in a worker process: reads tasks from one pipe and writes answers to another."""

import _thread
import importlib
import os

from chunkflow.pool import reaper
from chunkflow.pool.execution import WorkOutput, prepare_work, run_work
from chunkflow.pool.memory import MemoryLimit
from chunkflow.pool.protocol import Work
from chunkflow.pool.wire import (
    HELLO,
    LAST,
    MOST_BYTES,
    PART,
    RAISED,
    READY,
    RESULT,
    SPOILED,
    frame,
    read_frame,
    write_all,
)


def serve(tasks_fd: int, answers_fd: int) -> None:
    """Prepare the work, then run task after task until the pool closes its end of `tasks_fd`.

    The first three frames read are the address of `prepare`, `module:name`; its configuration; and
    the memory limit in decimal digits, empty for none. The first two written are HELLO and READY.
    Then each task, in order, gets any number of PARTs and a frame that ends it.
    """
    pid = os.getpid()
    try:
        write_all(answers_fd, frame(HELLO, b"%d" % pid))
        address, config, limit_bytes = (read_frame(tasks_fd)[1] for _ in range(3))
        work = _prepare_from(address.decode(), config)
        limit = MemoryLimit(int(limit_bytes) if limit_bytes else None)
        write_all(answers_fd, frame(READY, b""))
        while _run_task(work, read_frame(tasks_fd)[1], limit, pid, answers_fd):
            continue
    except (EOFError, BrokenPipeError):  # the pool is closed, or gone
        return


def watch(life_fd: int) -> None:
    """Kill this process and the commands it runs when the other end of `life_fd` is closed.

    It runs in a thread of its own, for a worker that is busy when its parent is killed.
    """
    try:
        os.read(life_fd, 1)
    except OSError:  # the work has closed it; the zygote watches the pool, too
        return
    reaper.kill_groups([os.getpid()])


def run(tasks_fd: int, answers_fd: int, life_fd: int) -> None:
    """Turn a process that was just forked into a worker."""
    # A session of its own: Ctrl-C on the terminal is for the parent alone, nothing in here can
    # stop by reading from the terminal, and one signal ends the work and the commands it started.
    os.setsid()
    _thread.start_new_thread(watch, (life_fd,))
    serve(tasks_fd, answers_fd)


def _prepare_from(address: str, config: bytes) -> Work:
    module_name, _, name = address.partition(":")

    def prepare(config: bytes) -> Work:
        found: Work = getattr(importlib.import_module(module_name), name)(config)
        return found

    return prepare_work(prepare, config)


def _run_task(work: Work, payload: bytes, limit: MemoryLimit, pid: int, answers_fd: int) -> bool:
    """Run a task and write its output; returns whether the worker can do another one."""
    outputs = run_work(work, payload, describe_error=limit.describe_error)
    while True:
        output = next(outputs)
        if os.getpid() != pid:  # the work forked, and its child came back instead of ending
            os._exit(0)
        kind, body = _encode_output(output)
        if kind == RAISED and not limit.recover():
            kind = LAST
        write_all(answers_fd, frame(kind, body))
        if kind != PART:
            return kind not in (LAST, SPOILED)


def _encode_output(output: WorkOutput) -> tuple[int, bytes]:
    payload, failure, is_final, is_spoiled = output
    if failure is None and len(payload) > MOST_BYTES:
        failure = f"it gave {len(payload):,} bytes; the most that can be sent is {MOST_BYTES:,}"
    if failure is not None:
        text = failure.encode("utf-8", "backslashreplace")
        return (SPOILED if is_spoiled else RAISED), text
    return (RESULT if is_final else PART), payload
