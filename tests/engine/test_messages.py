"""What crosses to workers and back survives the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.engine.messages import FileDone, FileTask, WorkConfig

# Any string that Python can hold: file names and messages may have lone surrogates.
TEXT = st.text(st.characters())


@given(TEXT, TEXT, st.none() | st.binary(), st.lists(st.binary()))
def test_task_survives(shown: str, path: str, source: bytes | None, previous: list[bytes]) -> None:
    task = FileTask(shown, path, "tsx", source, tuple(previous))
    assert FileTask.decode(task.encode()) == task


@given(TEXT, TEXT, st.binary(), st.integers(0), st.lists(st.binary()))
def test_answer_survives(
    error: str, note: str, digest: bytes, reran: int, records: list[bytes]
) -> None:
    done = FileDone(error, digest, reran, tuple(records), note)
    assert FileDone.decode(done.encode()) == done


def test_config_survives() -> None:
    config = WorkConfig(
        "/odd\udcff", (("metrics", {"max_sloc": 10}), ("a:b", {"c": [1.5, None]})), ("describe",)
    )
    assert WorkConfig.decode(config.encode()) == config


@pytest.mark.parametrize("odd", [object(), {1}, b"bytes"])
def test_config_of_what_json_cannot_hold_is_refused(odd: object) -> None:
    with pytest.raises(TypeError):
        WorkConfig("/", (("a:b", {"odd": odd}),), ()).encode()
