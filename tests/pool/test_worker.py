import os
from collections.abc import Iterable

import pytest

from chunkflow.pool import worker
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Prepare, Task
from chunkflow.pool.wire import (
    HELLO,
    PART,
    RAISED,
    READY,
    RESULT,
    SPOILED,
    TASK,
    CorruptFrameError,
    frame,
    read_frame,
)
from chunkflow.pool.worker import serve


def served(*bodies: bytes) -> list[tuple[int, bytes]]:
    """Everything a worker writes when it reads `bodies` and then the end."""
    tasks_r, tasks_w = os.pipe()
    answers_r, answers_w = os.pipe()
    os.write(tasks_w, b"".join(frame(TASK, body) for body in bodies))
    os.close(tasks_w)
    serve(tasks_r, answers_w)
    os.close(answers_w)
    frames = []
    try:
        while True:
            frames.append(read_frame(answers_r))
    except EOFError:
        return frames
    finally:
        os.close(tasks_r)
        os.close(answers_r)


def test_a_worker_says_who_it_is_then_that_it_is_ready_then_answers(prepare: Prepare) -> None:
    hello, ready, *answers = served(
        b"sample_work:prepare", b"", b"", b"echo one", b"raise two", b"raise \xc3\xa9"
    )
    assert hello == (HELLO, b"%d" % os.getpid())
    assert ready == (READY, b"")
    assert answers == [
        (RESULT, b"one"),
        (RAISED, b"ValueError: two"),
        (RAISED, "ValueError: é".encode()),
    ]


def test_a_module_that_cannot_be_imported_is_told_for_every_task() -> None:
    *_, first, second = served(b"no_such_module:prepare", b"", b"", b"echo ", b"echo ")
    assert first == second
    assert first[1].endswith(b"ModuleNotFoundError: No module named 'no_such_module'")


def test_parts_are_frames_of_their_own(prepare: Prepare) -> None:
    _, _, *answers = served(b"sample_work:prepare", b"", b"", b"parts a b", b"parts", b"echo c")
    assert answers == [(PART, b"a"), (PART, b"b"), (RESULT, b""), (RESULT, b""), (RESULT, b"c")]


def test_a_worker_that_is_spoiled_says_so_and_ends(prepare: Prepare) -> None:
    _, _, *answers = served(b"sample_work:prepare", b"", b"", b"spoiled a b", b"echo c")
    assert answers == [(PART, b"a"), (PART, b"b"), (SPOILED, b"it changed its process")]


@pytest.mark.parametrize("payload", [b"echo four", b"parts four five"])
def test_a_result_that_is_too_long_to_be_sent_is_an_error(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch, payload: bytes
) -> None:
    monkeypatch.setattr(worker, "MOST_BYTES", 3)
    _, _, *answers = served(b"sample_work:prepare", b"", b"", payload, b"echo 3")
    text = b"it gave 4 bytes; the most that can be sent is 3"
    assert answers == [(RAISED, text), (RESULT, b"3")]


def test_tasks_that_cannot_be_read_end_the_worker(prepare: Prepare) -> None:
    tasks_r, tasks_w = os.pipe()
    answers_r, answers_w = os.pipe()
    os.write(tasks_w, b"not a frame")
    with pytest.raises(CorruptFrameError):
        serve(tasks_r, answers_w)
    for fd in (tasks_r, tasks_w, answers_r, answers_w):
        os.close(fd)


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
