"""The entry point: runs a command, and turns what it raises into messages and exit statuses."""

import os
import sys
from collections.abc import Sequence

from chunkflow.cli.commands import find_command, load_command
from chunkflow.cli.output import print_message
from chunkflow.cli.quick import parse_quickly
from chunkflow.cli.status import BROKEN, INTERRUPTED, SUCCESS
from chunkflow.errors import ChunkflowError, Terminated

# Shells set it to ask typer how to complete a line.
_COMPLETION_VARIABLE = "_CHUNKFLOW_COMPLETE"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. Tracebacks are shown with --verbose only.

    Args:
        argv: the arguments after the program's name; None takes those of the process.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except ChunkflowError as exc:
        print_message(str(exc))
        return BROKEN
    except KeyboardInterrupt:
        print_message("interrupted; finished work is kept")
        return INTERRUPTED
    except Terminated as exc:
        print_message(f"{exc}; finished work is kept")
        return exc.status
    except SystemExit as exc:
        # Not ours: a processor's module may raise it when it is loaded.
        return _convert_code(exc.code)
    except Exception as exc:  # noqa: BLE001 - the last chance to explain it
        return _report_unexpected(exc, verbose=bool({"--verbose", "-v"} & {*words}))


def _run(words: list[str]) -> int:
    name = find_command(words)
    if name is not None and _COMPLETION_VARIABLE not in os.environ:
        command = load_command(name)
        arguments = parse_quickly(command, words[len(name.split()) :])
        if arguments is not None:
            return command.run(arguments)
    from chunkflow.cli.app import run_app  # noqa: PLC0415 - takes longer than most runs

    return run_app(words)


def _convert_code(code: object) -> int:
    if code is None:
        return SUCCESS
    return code if isinstance(code, int) else BROKEN


def _report_unexpected(exc: Exception, *, verbose: bool) -> int:
    if verbose:
        import traceback  # noqa: PLC0415 - 20 ms, for a rare case

        traceback.print_exception(exc)
    advice = "" if verbose else "; use --verbose for more"
    print_message(f"internal error: {type(exc).__name__}: {exc}{advice}")
    return BROKEN
