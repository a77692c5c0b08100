import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.model.framing import join, split


@given(st.lists(st.binary()))
def test_split_gives_back_what_was_joined(parts: list[bytes]) -> None:
    assert split(join(parts)) == parts
    assert split(memoryview(join(parts))) == parts


@given(st.lists(st.binary(), min_size=1), st.data())
def test_cut_off_bytes_are_refused(parts: list[bytes], data: st.DataObject) -> None:
    joined = join(parts)
    end = data.draw(st.integers(0, len(joined) - 1))
    with pytest.raises(ValueError, match="frame"):
        split(joined[:end])


def test_bytes_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        split(join([b"a"]) + b"b")


def test_huge_count_allocates_nothing() -> None:
    with pytest.raises(ValueError, match="head is cut off"):
        split(struct.pack("<I", 2**32 - 1))


def test_huge_length_allocates_nothing() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        split(struct.pack("<II", 1, 2**32 - 1))


@given(st.binary())
def test_any_bytes_are_split_or_refused(data: bytes) -> None:
    try:
        parts = split(data)
    except ValueError:
        return
    assert join(parts) == data
