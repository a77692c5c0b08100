"""What runs in a worker process: it reads tasks from one pipe and writes answers to another."""

import _thread
import importlib
import os
import signal

from chunkflow.pool.attempt import attempt, prepared
from chunkflow.pool.protocol import Work
from chunkflow.pool.wire import DONE, HELLO, RAISED, READY, frame, read_frame, write_all


def serve(tasks_fd: int, answers_fd: int) -> None:
    """Prepare the work, then run task after task until the pool closes its end of `tasks_fd`.

    The first two frames read are where `prepare` is found, `module:name`, and its configuration.
    The first two written are HELLO and READY; then there is one a task, in order.
    """
    pid = os.getpid()
    try:
        write_all(answers_fd, frame(bytes([HELLO]), b"%d" % pid))
        work = _prepared_from(read_frame(tasks_fd).decode(), read_frame(tasks_fd))
        write_all(answers_fd, frame(bytes([READY])))
        while True:
            answer = _answer(work, read_frame(tasks_fd))
            if os.getpid() != pid:  # the work forked, and its child came back instead of ending
                os._exit(0)
            write_all(answers_fd, answer)
    except (EOFError, BrokenPipeError):  # the pool is closed, or gone
        return


def watch(life_fd: int) -> None:
    """Kill this process, and the commands it runs, when the other end of `life_fd` is closed.

    Runs in a thread of its own, for a worker that is busy when its parent is killed.
    """
    os.read(life_fd, 1)
    os.killpg(0, signal.SIGKILL)


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


def _answer(work: Work, payload: bytes) -> bytes:
    result, failure = attempt(work, payload)
    if failure is None:
        return frame(bytes([DONE]), result)
    return frame(bytes([RAISED]), failure.encode("utf-8", "backslashreplace"))
