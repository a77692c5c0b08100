"""Records go to the store a few at a time, and none waits for long."""

import pytest

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.write_buffer import WriteBuffer

SIZE_BYTES = 50_000


class Clock:
    """Moved by hand."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def buffer(tiers: Tiers, clock: Clock) -> WriteBuffer:
    return WriteBuffer(tiers, clock_s=clock)


def list_stored(tiers: Tiers) -> str:
    found = tiers.peek_many([b"%c" % letter for letter in b"abcdefgh"])
    return b"".join(sorted(found)).decode()


def test_first_record_is_stored_at_once_and_then_some_at_a_time(
    buffer: WriteBuffer, tiers: Tiers
) -> None:
    stored = []
    for name in (b"a", b"b", b"c", b"d", b"e"):
        buffer.add([(name, bytes(SIZE_BYTES))])
        stored.append(list_stored(tiers))
    assert stored == ["a", "a", "a", "abcd", "abcd"]
    buffer.flush()
    assert list_stored(tiers) == "abcde"


def test_result_is_stored_at_once_where_they_come_slowly(
    buffer: WriteBuffer, tiers: Tiers, clock: Clock
) -> None:
    for name in (b"a", b"b"):
        clock.now_s += 1
        buffer.add_result(name, b"record")
        assert list_stored(tiers)[-1:] == name.decode()


def test_results_that_come_fast_are_stored_together(
    buffer: WriteBuffer, tiers: Tiers, clock: Clock
) -> None:
    buffer.add_result(b"a", b"record")
    buffer.add_result(b"b", b"record")
    assert list_stored(tiers) == ""
    clock.now_s += 1
    buffer.add_result(b"c", b"record")
    assert list_stored(tiers) == "abc"


def test_what_is_on_its_way_is_found(buffer: WriteBuffer, tiers: Tiers) -> None:
    buffer.add_result(b"a", b"record")
    assert buffer.get_many([b"b"]) == {}
    assert list_stored(tiers) == ""
    assert buffer.get_many([b"a", b"b"])[b"a"].payload == b"record"


def test_some_records_are_made_when_the_first_are_stored(tiers: Tiers) -> None:
    made: list[int] = []

    def make() -> list[tuple[bytes, bytes]]:
        made.append(1)
        return [(b"h", b"history")]

    buffer = WriteBuffer(tiers, first=make)
    buffer.flush()
    assert made == []
    for name in (b"a", b"b"):
        buffer.add([(name, bytes(SIZE_BYTES))])
        buffer.flush()
        assert made == [1]
    assert list_stored(tiers) == "abh"


def test_later_record_of_a_key_replaces_the_first(buffer: WriteBuffer, tiers: Tiers) -> None:
    buffer.add_result(b"a", b"first")
    buffer.add_result(b"a", b"second")
    buffer.flush()
    assert tiers.peek_many([b"a"])[b"a"].payload == b"second"
