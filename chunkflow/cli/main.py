"""The entry point: runs a command and turns what it raises into messages and exit statuses."""

import sys
from collections.abc import Sequence

import typer

from chunkflow.cli.app import app
from chunkflow.cli.output import say
from chunkflow.cli.status import BROKEN, DONE, INTERRUPTED
from chunkflow.errors import ChunkflowError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. No traceback reaches who did not ask.

    Args:
        argv: the arguments after the program's name; None takes the process's own.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(arguments)
    except ChunkflowError as exc:
        say(str(exc))
        return BROKEN
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except Exception as exc:  # noqa: BLE001 - the last one who can put it in words
        return _unexpected(exc, verbose=bool({"--verbose", "-v"} & {*arguments}))
    if status == INTERRUPTED:
        say("interrupted")
    return status


def _run(arguments: list[str]) -> int:
    try:
        status = app(arguments, prog_name="chunkflow", standalone_mode=False)
    except SystemExit as exc:
        status = exc.code
    if status is None:
        return DONE
    return status if isinstance(status, int) else BROKEN


def _unexpected(exc: Exception, *, verbose: bool) -> int:
    # typer's own errors (a wrong flag, a missing argument) know how to show themselves, and are
    # of no type that it makes public.
    show = getattr(exc, "show", None)
    if show is not None:
        show()
        return int(getattr(exc, "exit_code", BROKEN))
    if verbose:
        import traceback  # noqa: PLC0415 - 20 ms, for the one case that nobody wants

        traceback.print_exception(exc)
    advice = "" if verbose else "; --verbose tells more"
    say(f"internal error: {type(exc).__name__}: {exc}{advice}")
    return BROKEN
