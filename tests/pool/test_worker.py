import os
from collections.abc import Iterable

from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Prepare, Task
from chunkflow.pool.wire import DONE, HELLO, RAISED, READY, frame, read_frame
from chunkflow.pool.worker import serve


def served(*frames: bytes) -> list[bytes]:
    """Everything a worker writes when it reads `frames` and then the end."""
    tasks_r, tasks_w = os.pipe()
    answers_r, answers_w = os.pipe()
    os.write(tasks_w, b"".join(map(frame, frames)))
    os.close(tasks_w)
    serve(tasks_r, answers_w)
    os.close(answers_w)
    bodies = []
    try:
        while True:
            bodies.append(read_frame(answers_r))
    except EOFError:
        return bodies
    finally:
        os.close(tasks_r)
        os.close(answers_r)


def test_a_worker_says_who_it_is_then_that_it_is_ready_then_answers(prepare: Prepare) -> None:
    hello, ready, *answers = served(
        b"sample_work:prepare", b"", b"echo one", b"raise two", b"raise \xc3\xa9"
    )
    assert hello == bytes([HELLO]) + b"%d" % os.getpid()
    assert ready == bytes([READY])
    assert answers == [
        bytes([DONE]) + b"one",
        bytes([RAISED]) + b"ValueError: two",
        bytes([RAISED]) + "ValueError: é".encode(),
    ]


def test_a_module_that_cannot_be_imported_is_told_for_every_task() -> None:
    *_, first, second = served(b"no_such_module:prepare", b"", b"echo ", b"echo ")
    assert first == second
    assert first.endswith(b"ModuleNotFoundError: No module named 'no_such_module'")


def test_a_pool_that_ends_early_ends_the_worker() -> None:
    assert len(served()) == 1


def test_a_worker_stops_when_nobody_reads_its_answers(prepare: Prepare) -> None:
    tasks_r, tasks_w = os.pipe()
    answers_r, answers_w = os.pipe()
    os.close(answers_r)
    serve(tasks_r, answers_w)  # would wait for a task for ever
    for fd in (tasks_r, tasks_w, answers_w):
        os.close(fd)


def payloads(prepare: Prepare, *payloads: bytes) -> Iterable[bytes]:
    with ProcessPool(prepare, b"", jobs=1) as pool:
        tasks = [Task(number, payload, 1) for number, payload in enumerate(payloads)]
        return [answer.payload for answer in sorted(pool.map(tasks))]


def test_a_worker_leads_a_session_of_its_own(prepare: Prepare) -> None:
    (answer,) = payloads(prepare, b"pids")
    pid, _, session = map(int, answer.split())
    assert session == pid != os.getsid(0)


def test_ctrl_c_is_no_matter_of_a_worker(prepare: Prepare) -> None:
    assert payloads(prepare, b"sigint") == [b"True"]


def test_a_child_that_work_forked_and_forgot_answers_nothing(prepare: Prepare) -> None:
    forked, *rest = payloads(prepare, b"fork", b"echo 1", b"echo 2")
    assert int(forked) > 0
    assert rest == [b"1", b"2"]
