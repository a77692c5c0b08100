"""The console script, and `python -m chunkflow`."""

import gc
import os
import sys
import threading

from chunkflow.cli import process
from chunkflow.cli.main import main as run
from chunkflow.private import has_exit_callbacks

# A run makes many objects that live to its end, and hardly a cycle; with Python's own threshold of
# 700 they are searched for garbage a hundred times.
_GC_THRESHOLD = 100_000


def main() -> int:
    """Run the command line, and exit with its status.

    If no thread or callback waits for the end of the interpreter, the process ends without taking
    it apart, which would take a tenth of a run that finds all results in the cache.
    """
    gc.set_threshold(_GC_THRESHOLD)
    process.is_owned = True
    status = run()
    is_awaited = threading.active_count() > 1 or has_exit_callbacks()
    if is_awaited or not _flush_output():
        return status
    os._exit(status)


def _flush_output() -> bool:
    """Write out all that was printed; returns False if that fails, which Python then reports."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
