"""Every lock is free in a forked child, whoever held it."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chunkflow.cache.database import open_store
from chunkflow.cache.locks import ForkLock
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)

WAIT_S = 20.0


def in_child(check: Callable[[], bool]) -> bool:
    """Whether a check holds in a forked child, within its time."""
    pid = os.fork()
    if pid == 0:
        found: list[bool] = []
        thread = threading.Thread(target=lambda: found.append(check()), daemon=True)
        thread.start()
        thread.join(WAIT_S)
        os._exit(0 if found == [True] else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def while_held(lock: ForkLock, action: Callable[[], bool]) -> bool:
    """What an action says while another thread holds a lock."""
    is_held, is_over = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            is_held.set()
            is_over.wait(WAIT_S)

    thread = threading.Thread(target=hold)
    thread.start()
    assert is_held.wait(WAIT_S)
    try:
        return action()
    finally:
        is_over.set()
        thread.join()


def is_free(lock: ForkLock) -> bool:
    with lock:
        return True


def test_lock_excludes() -> None:
    lock = ForkLock()
    tried: list[bool] = []

    def act() -> bool:
        thread = threading.Thread(target=lambda: tried.append(is_free(lock)))
        thread.start()
        thread.join(0.05)
        return not tried

    assert while_held(lock, act)


def test_lock_that_was_held_is_free_in_a_child_and_reset_once() -> None:
    resets: list[None] = []
    lock = ForkLock(lambda: resets.append(None))
    check = lambda: is_free(lock) and is_free(lock) and len(resets) == 1  # noqa: E731
    assert while_held(lock, lambda: in_child(check))
    assert not resets


def test_lock_that_was_free_is_not_reset() -> None:
    resets: list[None] = []
    lock = ForkLock(lambda: resets.append(None))
    assert in_child(lambda: is_free(lock) and not resets)


def test_lock_made_anew_excludes_in_a_grandchild_too() -> None:
    lock = ForkLock()
    inner = lambda: is_free(lock) and while_held(lock, lambda: in_child(lambda: is_free(lock)))  # noqa: E731
    assert while_held(lock, lambda: in_child(inner))


@pytest.mark.parametrize("held", ["_lock", "_memory_lock", "l1", "l2"])
def test_tiers_find_right_values_or_none_in_a_child(held: str) -> None:
    l1, l2 = MemoryTier(10_000), MemoryTier(10_000, ttl_s=60)
    tiers = Tiers(l1, None, warn=pytest.fail, l2=l2)
    tiers.put_many([(b"key", b"value")])
    lock: ForkLock = getattr(tiers, held) if held.startswith("_") else locals()[held]._lock

    def check() -> bool:
        hit = tiers.get_many([b"key"]).get(b"key")
        tiers.put_many([(b"other", b"one")])
        other = tiers.get_many([b"other"])
        return (hit is None or hit.payload == b"value") and other == {b"other": (b"one", "l1")}

    assert while_held(lock, lambda: in_child(check))
    assert in_child(lambda: tiers.get_many([b"key"]) == {b"key": (b"value", "l1")})


def test_child_may_open_a_store_while_threads_of_its_parent_use_another(tmp_path: Path) -> None:
    store = open_store(tmp_path / "one", limit_bytes=10_000_000, warn=pytest.fail)
    is_over = threading.Event()

    def keep_busy() -> None:
        while not is_over.is_set():
            store.put_many([(b"key", b"value" * 100)])
            store.get_many([b"key"])
            other = open_store(tmp_path / "two", limit_bytes=10_000_000, warn=pytest.fail)
            other.close()

    def check() -> bool:
        own = open_store(tmp_path / "three", limit_bytes=10_000_000, warn=pytest.fail)
        own.put_many([(b"key", b"own")])
        is_right = own.get_many([b"key"]) == {b"key": b"own"} and store.get_many([b"key"]) == {}
        own.close()
        return is_right

    threads = [threading.Thread(target=keep_busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert all(in_child(check) for _ in range(20))
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    store.close()
