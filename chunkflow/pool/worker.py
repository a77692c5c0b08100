"""What runs in a worker process: it reads tasks from one pipe and writes answers to another."""

import _thread
import importlib
import os

from chunkflow.pool import orphans
from chunkflow.pool.attempt import Outcome, attempt, prepared
from chunkflow.pool.memory import MemoryLimit
from chunkflow.pool.protocol import Work
from chunkflow.pool.wire import (
    DONE,
    HELLO,
    LAST,
    MOST_BYTES,
    PART,
    RAISED,
    READY,
    SPOILED,
    frame,
    read_frame,
    write_all,
)


def serve(tasks_fd: int, answers_fd: int) -> None:
    """Prepare the work, then run task after task until the pool closes its end of `tasks_fd`.

    The first three frames read are where `prepare` is found, `module:name`, its configuration, and
    the limit on memory in decimal digits, empty for none. The first two written are HELLO and
    READY; then there are some PARTs or none a task, and a frame that ends it, in order.
    """
    pid = os.getpid()
    try:
        write_all(answers_fd, frame(HELLO, b"%d" % pid))
        address, config, limit_bytes = (read_frame(tasks_fd)[1] for _ in range(3))
        work = _prepared_from(address.decode(), config)
        limit = MemoryLimit(int(limit_bytes) if limit_bytes else None)
        write_all(answers_fd, frame(READY, b""))
        while _answer(work, read_frame(tasks_fd)[1], limit, pid, answers_fd):
            continue
    except (EOFError, BrokenPipeError):  # the pool is closed, or gone
        return


def watch(life_fd: int) -> None:
    """Kill this process, and the commands it runs, when the other end of `life_fd` is closed.

    Runs in a thread of its own, for a worker that is busy when its parent is killed.
    """
    try:
        os.read(life_fd, 1)
    except OSError:  # the work has closed it; the zygote has an eye on the pool, too
        return
    orphans.kill_groups([os.getpid()])


def run(tasks_fd: int, answers_fd: int, life_fd: int) -> None:
    """Be a worker, in a process just forked."""
    # A session of its own: Ctrl-C on the terminal is for the parent alone, nothing in here can
    # stop by reading from the terminal, and one signal ends the work and the commands it started.
    os.setsid()
    _thread.start_new_thread(watch, (life_fd,))
    serve(tasks_fd, answers_fd)


def _prepared_from(address: str, config: bytes) -> Work:
    module_name, _, name = address.partition(":")

    def prepare(config: bytes) -> Work:
        found: Work = getattr(importlib.import_module(module_name), name)(config)
        return found

    return prepared(prepare, config)


def _answer(work: Work, payload: bytes, limit: MemoryLimit, pid: int, answers_fd: int) -> bool:
    """Write what comes of a task; say whether another one can be worked on."""
    outcomes = attempt(work, payload, tell=limit.tell)
    while True:
        outcome = next(outcomes)
        if os.getpid() != pid:  # the work forked, and its child came back instead of ending
            os._exit(0)
        kind, body = _told(outcome)
        if kind == RAISED and not limit.recover():
            kind = LAST
        write_all(answers_fd, frame(kind, body))
        if kind != PART:
            return kind not in (LAST, SPOILED)


def _told(outcome: Outcome) -> tuple[int, bytes]:
    payload, failure, is_final, is_spoiled = outcome
    if failure is None and len(payload) > MOST_BYTES:
        failure = f"it gave {len(payload):,} bytes; the most that can be sent is {MOST_BYTES:,}"
    if failure is not None:
        text = failure.encode("utf-8", "backslashreplace")
        return (SPOILED if is_spoiled else RAISED), text
    return (DONE if is_final else PART), payload
