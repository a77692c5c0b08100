"""What the last runs depended on is kept once, and written only when it is new."""

from typing import Any

import pytest

from chunkflow.cache.keys import make_facts_key
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.fingerprint_history import (
    Fingerprint,
    list_new_fingerprints,
    pack_fingerprints,
    unpack_fingerprints,
)
from chunkflow.engine.options import RunProcessor

PRINT = b"00" * 16


def run_of(name: str, number: int) -> RunProcessor:
    run, own = bytes([number]) * 16, bytes([100 + number]) * 16
    return RunProcessor(name, run, own=own, parts={"settings": str(number)})


def keep(tiers: Tiers, *processors: RunProcessor) -> int:
    changed = list_new_fingerprints(tiers, processors)
    tiers.put_many(changed)
    return len(changed)


def kept(tiers: Tiers, name: str) -> list[str]:
    key = make_facts_key(name)
    return [
        facts.parts["settings"] for facts in unpack_fingerprints(tiers.get_many([key])[key].payload)
    ]


def test_what_is_known_is_not_written_again(tiers: Tiers) -> None:
    assert keep(tiers, run_of("a", 1), run_of("b", 1)) == 2
    assert keep(tiers, run_of("a", 1), run_of("b", 2)) == 1
    assert keep(tiers, run_of("a", 1)) == 0
    assert (kept(tiers, "a"), kept(tiers, "b")) == (["1"], ["2", "1"])


def test_the_last_eight_are_kept(tiers: Tiers) -> None:
    for number in range(10):
        keep(tiers, run_of("a", number))
    assert kept(tiers, "a") == list("98765432")
    assert keep(tiers, run_of("a", 2)) == 0
    assert keep(tiers, run_of("a", 1)) == 1


def test_processor_of_which_nothing_is_said_is_left_out(tiers: Tiers) -> None:
    assert keep(tiers, RunProcessor("a", b"1" * 16)) == 0


def test_damaged_record_is_replaced(tiers: Tiers) -> None:
    tiers.put_many([(make_facts_key("a"), b"junk")])
    assert keep(tiers, run_of("a", 1)) == 1
    assert kept(tiers, "a") == ["1"]


def test_fingerprints_come_back_as_they_were() -> None:
    facts = [
        Fingerprint(b"1" * 16, b"3" * 16, {"suites": "a\0b"}),
        Fingerprint(b"2" * 16, b"4" * 16, {}),
    ]
    assert unpack_fingerprints(pack_fingerprints(facts)) == facts


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"1",
        b"{}",
        b"[1]",
        b"[[]]",
        b'[["zz", "' + PRINT + b'", {}]]',
        b'[["00", "' + PRINT + b'", {}]]',
        b'[["' + PRINT + b'", "zz", {}]]',
        b'[["' + PRINT + b'", "00", {}]]',
        b'[["' + PRINT + b'", "' + PRINT + b'", []]]',
        b'[["' + PRINT + b'", "' + PRINT + b'", {"a": 1}]]',
        b"[" * 100_000,
    ],
)
def test_what_is_no_record_holds_nothing(payload: Any) -> None:
    assert unpack_fingerprints(payload) == []


def test_fingerprints_of_the_first_format_are_read() -> None:
    (facts,) = unpack_fingerprints(b'[["' + PRINT + b'", {"format": "1"}]]')
    assert facts == Fingerprint(
        bytes.fromhex(PRINT.decode()), bytes.fromhex(PRINT.decode()), {"format": "1"}
    )
