import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.pool.wire import RESULT, CorruptFrameError, FrameBuffer, frame, read_frame, write_all


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40))), st.integers(1, 30))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    frames: list[tuple[int, bytes]], cut_bytes: int
) -> None:
    data = b"".join(frame(*one) for one in frames)
    buffer = FrameBuffer()
    pieces = (data[at : at + cut_bytes] for at in range(0, len(data), cut_bytes))
    assert [one for piece in pieces for one in buffer.feed(piece)] == frames


@pytest.mark.parametrize("size_bytes", [0, 1, 65_536, 3_000_000])
def test_a_frame_goes_through_a_pipe_whatever_its_size(size_bytes: int) -> None:
    reader, writer = os.pipe()
    body = os.urandom(size_bytes)
    thread = threading.Thread(target=write_all, args=(writer, frame(RESULT, body)))
    thread.start()
    assert read_frame(reader) == (RESULT, body)
    thread.join()
    os.close(writer)
    with pytest.raises(EOFError):
        read_frame(reader)
    os.close(reader)


def test_a_frame_that_breaks_off_is_the_end() -> None:
    reader, writer = os.pipe()
    os.write(writer, frame(RESULT, b"abc")[:-1])
    os.close(writer)
    with pytest.raises(EOFError):
        read_frame(reader)
    os.close(reader)


@pytest.mark.parametrize("data", [b"garbage!", b"\0" * 8, frame(RESULT, b"")[1:] + b"x"])
def test_what_is_no_frame_is_refused_behind_the_frames_before_it(data: bytes) -> None:
    found = FrameBuffer().feed(frame(RESULT, b"a") + data)
    assert next(found) == (RESULT, b"a")
    with pytest.raises(CorruptFrameError):
        next(found)


def test_a_frame_is_waited_for_whatever_its_length() -> None:
    buffer = FrameBuffer()
    assert list(buffer.feed(frame(RESULT, b"")[:-4] + b"\xff" * 4)) == []
    assert list(buffer.feed(b"a little")) == []


def test_a_pipe_that_takes_little_at_a_time_gets_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []

    def write(fd: int, data: bytes) -> int:
        taken.append(bytes(data[:3]))
        return len(taken[-1])

    monkeypatch.setattr(os, "write", write)
    write_all(1, b"abcdefgh")
    assert taken == [b"abc", b"def", b"gh"]
