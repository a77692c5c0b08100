"""Who has something to say."""

import select

import pytest

from chunkflow.pool import poller
from chunkflow.pool.poller import Poller, Readable


@pytest.mark.parametrize(("wanted_ms", "waited_ms"), [(None, 500), (9000.0, 500), (20.0, 20)])
def test_no_wait_is_so_long_that_a_signal_could_be_missed(
    monkeypatch: pytest.MonkeyPatch, wanted_ms: float | None, waited_ms: float
) -> None:
    waits: list[float | None] = []

    class Poll:
        def poll(self, wait_ms: float | None) -> list[tuple[int, int]]:
            waits.append(wait_ms)
            return []

    monkeypatch.setattr(select, "poll", Poll)
    assert Poller().wait(wanted_ms) == Readable([], [])
    assert waits == [waited_ms]


def test_what_has_no_news_is_left_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller, "_LONGEST_MS", 1.0)
    assert Poller().wait(None) == Readable([], [])
