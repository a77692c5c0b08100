"""The entry point: runs a command and turns what it raises into messages and exit statuses."""

import os
import sys
import traceback
from collections.abc import Sequence

from chunkflow.cli.app import app
from chunkflow.cli.status import BROKEN, INTERRUPTED
from chunkflow.errors import ChunkflowError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. No traceback reaches who did not ask.

    Args:
        argv: the arguments after the program's name; None takes the process's own.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except ChunkflowError as exc:
        return _fail(str(exc), BROKEN)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has had enough. Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN
    except Exception as exc:
        if "--verbose" in arguments:
            traceback.print_exc()
        return _fail(f"internal error: {type(exc).__name__}: {exc}; --verbose tells more", BROKEN)


def _run(arguments: list[str]) -> int:
    try:
        status = app(arguments, prog_name="chunkflow", standalone_mode=False)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else BROKEN
    except Exception as exc:
        # typer's own errors (a wrong flag, a missing argument) know how to show themselves.
        show = getattr(exc, "show", None)
        if show is None:
            raise
        show()
        return int(getattr(exc, "exit_code", BROKEN))
    return status if isinstance(status, int) else 0


def _fail(message: str, status: int) -> int:
    print(f"chunkflow: {message}", file=sys.stderr)
    return status
