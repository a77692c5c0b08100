"""Records are stored when no worker waits for it."""

import pytest

from chunkflow.cache.tiers import Tiers
from chunkflow.engine import storing
from chunkflow.engine.storing import Storing

SIZE = 100


@pytest.fixture(autouse=True)
def few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "_STORE_BYTES", 2 * SIZE)


@pytest.fixture
def kept(tiers: Tiers) -> Storing:
    return Storing(tiers, (), last_bytes=1000)


def keep(kept: Storing, *names: bytes) -> None:
    for name in names:
        kept.keep([(name, bytes(SIZE))])


def stored(tiers: Tiers) -> str:
    found = tiers.peek_many([b"%c" % letter for letter in b"abcdefgh"])
    return b"".join(sorted(found)).decode()


def test_first_record_is_stored_at_once_and_then_some_at_a_time(
    kept: Storing, tiers: Tiers
) -> None:
    kept.expect(9000)
    told = []
    for name in (b"a", b"b", b"c", b"d", b"e"):
        keep(kept, name)
        told.append(stored(tiers))
    assert told == ["a", "a", "a", "abcd", "abcd"]
    kept.store()
    assert stored(tiers) == "abcde"


def test_nothing_is_stored_while_the_last_tasks_are_handed_out(kept: Storing, tiers: Tiers) -> None:
    kept.expect(9000)
    keep(kept, b"a")
    kept.expect_no_more()
    kept.settle(7000)
    keep(kept, b"b", b"c", b"d", b"e")
    assert stored(tiers) == "a"
    kept.settle(1000)
    keep(kept, b"f")
    assert stored(tiers) == "abcdef"


def test_what_is_all_with_workers_from_the_start_is_stored_some_at_a_time(
    kept: Storing, tiers: Tiers
) -> None:
    kept.expect(300)
    kept.expect_no_more()
    kept.settle(100)
    keep(kept, b"a", b"b")
    assert stored(tiers) == ""
    keep(kept, b"c")
    assert stored(tiers) == "abc"
    kept.store()
    kept.store()
    assert stored(tiers) == "abc"
