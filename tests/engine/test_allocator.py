"""Memory that goes back to the system."""

import ctypes
import sys

import pytest

from chunkflow.engine import allocator


def held_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


# Elsewhere the library has no such function, and there is no /proc that tells what is held.
@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked")
def test_what_was_freed_in_the_middle_is_given_back() -> None:
    allocator.give_back()
    texts = [bytes(20_000) for _ in range(3_000)]
    full = held_bytes()
    kept = texts[::100]
    texts.clear()
    allocator.give_back()
    assert held_bytes() < full - 40_000_000
    assert len(kept) == 30


def test_another_systems_library_is_let_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_name: object) -> object:
        raise OSError("no such library")

    allocator._trim.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", fail)
    allocator.give_back()
    allocator._trim.cache_clear()
