"""Chunks wait in order of their size, however many of them, in memory or on disk."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.engine.messages import ChunkTask
from chunkflow.engine.spill_queue import Pending, SpillQueue


def pending(number: int, size: int, tries: int = 0) -> Pending:
    return Pending(b"key%d" % number, ChunkTask(number % 7, b"l%d" % number, b"t" * size), tries)


@pytest.mark.parametrize("held_bytes", [0, 50, 1 << 20])
@given(
    steps=st.lists(st.one_of(st.integers(0, 40), st.none()), max_size=80),
)
def test_largest_is_next_and_equal_ones_keep_their_order(
    steps: list[int | None], held_bytes: int
) -> None:
    queue, expected = SpillQueue(held_bytes=held_bytes), list[Pending]()
    for number, size in enumerate(steps):
        if size is not None:
            expected.append(pending(number, size, number % 2))
            queue.push(expected[-1])
            expected.sort(key=lambda one: -len(one.task.chunk))
        elif expected:
            assert queue.first() == expected[0]
            assert queue.pop() == expected.pop(0)
        assert len(queue) == len(expected)
        assert queue.size_bytes == sum(len(one.task.chunk) for one in expected)
    assert [queue.pop() for _ in range(len(queue))] == expected


def test_what_is_on_disk_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    queue = SpillQueue(held_bytes=0)
    queue.push(pending(1, 10))
    assert list(tmp_path.iterdir()) == []
    assert queue.pop() == pending(1, 10)


def test_what_cannot_be_written_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    queue = SpillQueue(held_bytes=0)
    queue.push(pending(1, 10))
    queue.push(pending(2, 20))
    assert [queue.pop(), queue.pop()] == [pending(2, 20), pending(1, 10)]


def test_what_is_forgotten_is_gone() -> None:
    queue = SpillQueue(held_bytes=0)
    queue.push(pending(1, 10))
    queue.clear()
    assert (len(queue), queue.size_bytes) == (0, 0)
    queue.push(pending(2, 5))
    assert queue.pop() == pending(2, 5)
