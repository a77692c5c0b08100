"""The console script, and `python -m chunkflow`."""

import atexit
import gc
import os
import sys
import threading

from chunkflow.cli import process
from chunkflow.cli.main import main as run

# A run makes many objects that live to its end, and hardly a cycle; Python's own threshold of 700
# has them searched for garbage a hundred times.
_GC_THRESHOLD = 100_000


def main() -> int:
    """Run the command line and leave the process with its exit status.

    Where nobody waits for the end of the interpreter, it is not taken apart piece by piece, which
    takes a tenth of a run that finds all results in the cache.
    """
    gc.set_threshold(_GC_THRESHOLD)
    process.is_owned = True
    status = run()
    if _is_awaited() or not _flushed():
        return status
    os._exit(status)


def _is_awaited() -> bool:
    """Whether something is left to do: by other threads, or by who asked to be called last."""
    return threading.active_count() > 1 or atexit._ncallbacks() > 0


def _flushed() -> bool:
    """Whether all that was printed is out; if not, Python itself tells of it."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
