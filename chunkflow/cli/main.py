"""The entry point: runs a command and turns what it raises into messages and exit statuses."""

import os
import sys
from collections.abc import Sequence

from chunkflow.cli.commands import command_of, name_in, perform
from chunkflow.cli.output import say
from chunkflow.cli.quick import quick_arguments
from chunkflow.cli.status import BROKEN, DONE, INTERRUPTED
from chunkflow.errors import ChunkflowError, Terminated

# Set by shells that ask typer how to complete a line.
_COMPLETION_VARIABLE = "_CHUNKFLOW_COMPLETE"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. No traceback reaches who did not ask.

    Args:
        argv: the arguments after the program's name; None takes the process's own.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except ChunkflowError as exc:
        say(str(exc))
        return BROKEN
    except KeyboardInterrupt:
        say("interrupted; what was done is kept")
        return INTERRUPTED
    except Terminated as exc:
        say(f"{exc}; what was done is kept")
        return exc.status
    except SystemExit as exc:
        # Not ours: a processor's module may call for it when it is loaded.
        return _status(exc.code)
    except Exception as exc:  # noqa: BLE001 - the last one who can put it in words
        return _unexpected(exc, verbose=bool({"--verbose", "-v"} & {*words}))


def _run(words: list[str]) -> int:
    name = name_in(words)
    if name is not None and _COMPLETION_VARIABLE not in os.environ:
        command = command_of(name)
        arguments = quick_arguments(command, words[len(name.split()) :])
        if arguments is not None:
            return perform(command, arguments)
    from chunkflow.cli.app import run_app  # noqa: PLC0415 - takes longer than most runs

    return run_app(words)


def _status(code: object) -> int:
    if code is None:
        return DONE
    return code if isinstance(code, int) else BROKEN


def _unexpected(exc: Exception, *, verbose: bool) -> int:
    if verbose:
        import traceback  # noqa: PLC0415 - 20 ms, for the one case that nobody wants

        traceback.print_exception(exc)
    advice = "" if verbose else "; --verbose tells more"
    say(f"internal error: {type(exc).__name__}: {exc}{advice}")
    return BROKEN
