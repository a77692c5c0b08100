import os
from pathlib import Path

import pytest

from chunkflow.errors import PoolError
from chunkflow.pool.inline import InlinePool
from chunkflow.pool.protocol import Answer, Prepare, Task


def test_answers_come_in_order_and_tasks_are_taken_one_by_one(prepare: Prepare) -> None:
    taken: list[int] = []

    def source() -> object:
        for number in range(3):
            taken.append(number)
            yield Task(number, b"echo %d" % number, 1)

    with InlinePool(prepare, b"") as pool:
        answers = pool.map(source())  # type: ignore[arg-type]
        assert next(answers).payload == b"0"
        assert taken == [0]
        assert [answer.payload for answer in answers] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"raise broken", "ValueError: broken"),
        (b"sysexit", "SystemExit: 3"),
        (b"text", "TypeError: the work returned str, not bytes"),
    ],
)
def test_what_work_raises_costs_its_task_only(prepare: Prepare, payload: bytes, text: str) -> None:
    with InlinePool(prepare, b"") as pool:
        bad, good = pool.map([Task(0, payload, 1), Task(1, b"echo good", 1)])
    assert (type(bad.error), str(bad.error)) == (PoolError, text)
    assert (good.payload, good.error) == (b"good", None)


def test_parts_are_made_when_they_are_asked_for(prepare: Prepare) -> None:
    with InlinePool(prepare, b"") as pool:
        answers = pool.map([Task(0, b"parts a b then raise broken", 1), Task(1, b"parts c", 1)])
        assert next(answers) == Answer(0, b"a", is_final=False)
        assert next(answers) == Answer(0, b"b", is_final=False)
        assert str(next(answers).error) == "ValueError: broken"
        assert list(answers) == [Answer(1, b"c", is_final=False), Answer(1)]


def test_work_is_told_that_nobody_wants_the_rest_of_its_parts(
    prepare: Prepare, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    with InlinePool(prepare, b"") as pool:
        answers = pool.map([Task(0, b"closed " + os.fsencode(told), 1)])
        next(answers)
        answers.close()  # type: ignore[attr-defined]
    assert told.exists()


def test_nothing_at_the_moment_is_asked_again_once(prepare: Prepare) -> None:
    pauses = [None, 0, None, 1, None, None, 2]
    source = (None if one is None else Task(one, b"echo ", 1) for one in pauses)
    with InlinePool(prepare, b"") as pool:
        assert [answer.id for answer in pool.map(source)] == [0, 1]


def test_ctrl_c_in_the_middle_of_parts_passes_through(prepare: Prepare) -> None:
    with InlinePool(prepare, b"") as pool, pytest.raises(KeyboardInterrupt):
        list(pool.map([Task(0, b"parts a then interrupt", 1)]))


def test_ctrl_c_passes_through(prepare: Prepare) -> None:
    with InlinePool(prepare, b"") as pool, pytest.raises(KeyboardInterrupt):
        list(pool.map([Task(0, b"interrupt", 1)]))


def test_ctrl_c_while_preparing_passes_through() -> None:
    def interrupted(config: bytes) -> object:
        raise KeyboardInterrupt

    with InlinePool(interrupted, b"") as pool, pytest.raises(KeyboardInterrupt):  # type: ignore[arg-type]
        list(pool.map([Task(0, b"echo ", 1)]))


def test_work_that_cannot_be_prepared_is_told_for_every_task(prepare: Prepare) -> None:
    with InlinePool(prepare, b"raise") as pool:
        errors = [str(answer.error) for answer in pool.map([Task(0, b"", 1), Task(1, b"", 1)])]
    text = "the worker could not be prepared: LookupError: no such processor"
    assert errors == [text, text]


def test_work_is_prepared_once_and_only_when_there_is_a_task(prepare: Prepare) -> None:
    calls: list[bytes] = []

    def counted(config: bytes) -> object:
        calls.append(config)
        return prepare(config)

    with InlinePool(counted, b"settings") as pool:  # type: ignore[arg-type]
        assert list(pool.map([])) == []
        assert calls == []
        list(pool.map([Task(0, b"echo ", 1), Task(1, b"echo ", 1)]))
        list(pool.map([Task(0, b"echo ", 1)]))
    assert calls == [b"settings"]
