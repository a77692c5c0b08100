import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.pool.wire import FrameBuffer, frame, read_frame, write_all


@given(st.lists(st.binary(max_size=40)), st.integers(1, 30))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    bodies: list[bytes], cut_bytes: int
) -> None:
    data = b"".join(map(frame, bodies))
    buffer = FrameBuffer()
    pieces = (data[at : at + cut_bytes] for at in range(0, len(data), cut_bytes))
    assert [body for piece in pieces for body in buffer.feed(piece)] == bodies


def test_a_frame_joins_its_parts() -> None:
    assert frame(b"ab", b"", b"c") == frame(b"abc")


@pytest.mark.parametrize("size_bytes", [0, 1, 65_536, 3_000_000])
def test_a_frame_goes_through_a_pipe_whatever_its_size(size_bytes: int) -> None:
    reader, writer = os.pipe()
    body = os.urandom(size_bytes)
    thread = threading.Thread(target=write_all, args=(writer, frame(body)))
    thread.start()
    assert read_frame(reader) == body
    thread.join()
    os.close(writer)
    with pytest.raises(EOFError):
        read_frame(reader)
    os.close(reader)


def test_a_frame_that_breaks_off_is_the_end() -> None:
    reader, writer = os.pipe()
    os.write(writer, frame(b"abc")[:-1])
    os.close(writer)
    with pytest.raises(EOFError):
        read_frame(reader)
    os.close(reader)
