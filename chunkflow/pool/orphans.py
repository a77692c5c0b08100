"""Ends what workers started and left behind, in sessions of its own too."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Become the parent of every descendant whose own parent ends, from now on (Linux only)."""
    with suppress(ImportError, AttributeError, OSError):
        # Not ctypes around it: that is three milliseconds of import before any worker starts.
        import _ctypes  # noqa: PLC0415

        process = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # None is this process
        prctl = _ctypes.dlsym(process, "prctl")
        _ctypes.call_function(prctl, (_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def end() -> None:
    """Kill the children of this process, and theirs, which become its own when those end."""
    with suppress(ChildProcessError):  # there is none left
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid:
                continue
            living = list(_children())
            if not living:  # there is no way to find them here
                return
            for child in living:
                with suppress(OSError):
                    os.kill(child, signal.SIGKILL)
            os.wait()


def _children() -> Iterator[int]:
    own = b"%d" % os.getpid()
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit() and _parent(name) == own:
            yield int(name)


def _parent(name: str) -> bytes:
    try:
        with open(f"/proc/{name}/stat", "rb") as file:
            # `pid (command) state parent …`; a command may hold any character.
            return file.read().rpartition(b")")[2].split()[1]
    except (OSError, IndexError):  # it has ended meanwhile, or is not ours to see
        return b""
