"""Kills what workers started and left behind, even in sessions of its own."""

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (Linux only)."""
    with suppress(ImportError, AttributeError, OSError):
        import ctypes  # noqa: PLC0415 - zygotes only

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_groups(leaders: Collection[int]) -> None:
    """Kill process groups, and all that descends from their leaders, in whatever group."""
    # Stopped first: a worker that saw its command end would still report it. Killed last: if this
    # process is killed meanwhile, its successor finds the descendants by their ancestors.
    signal_groups([pid for pid in leaders if pid != os.getpid()], signal.SIGSTOP)
    for pid in _list_descendants(leaders):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    signal_groups(leaders, signal.SIGKILL)


def signal_groups(leaders: Collection[int], number: int) -> None:
    """Send a signal to process groups, by their leaders."""
    for pid in leaders:
        try:
            os.killpg(pid, number)
        except OSError:  # it has not made its group yet, or there is nothing left to kill
            with suppress(OSError):
                os.kill(pid, number)


def kill_children() -> None:
    """Kill the children of this process, and their children, which become its own."""
    with suppress(ChildProcessError):  # there is none left
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid:
                continue
            living = list(_list_children())
            if not living:  # this system does not show them
                return
            for child in living:
                with suppress(OSError):
                    os.kill(child, signal.SIGKILL)
            os.wait()


def _list_descendants(pids: Collection[int]) -> list[int]:
    """The children of processes, and theirs; none if the system does not show them."""
    parents = dict(_list_parents())
    found: list[int] = []
    level = set(pids)
    while level := {pid for pid, parent in parents.items() if parent in level} - {*found}:
        found += level
    return found


def _list_children() -> Iterator[int]:
    own = os.getpid()
    return (pid for pid, parent in _list_parents() if parent == own)


def _list_parents() -> Iterator[tuple[int, int]]:
    """Every process of the system, and its parent."""
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            yield int(name), _read_parent(name)


def _read_parent(name: str) -> int:
    try:
        with open(f"/proc/{name}/stat", "rb") as file:
            # `pid (command) state parent …`; a command may hold any character.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):  # it has ended, or belongs to another user
        return 0
