"""Writes a command's output: results to standard output or a file, all else to standard error."""

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TextIO

from chunkflow.errors import UsageError, describe_os_error
from chunkflow.report.escape import escape_text
from chunkflow.syntax.suffixes import language_of


def print_message(message: str) -> None:
    """Print a message about the run on standard error, if that is open."""
    print_line(f"chunkflow: {message}")


def print_line(line: str) -> None:
    """Print a line on standard error, with control characters escaped."""
    # If standard error is closed, print would fall back to standard output.
    if sys.stderr is not None:
        with suppress(OSError):
            print(escape_text(line), file=sys.stderr, flush=True)


def write_lines(lines: Iterable[str], output: str | None) -> None:
    """Write lines to standard output (None or `-`), or to a file; see `write_file`.

    The encoding is UTF-8, whatever the locale. A reader of standard output may stop early.

    Raises:
        UsageError: it cannot be written.
    """
    data = (f"{line}\n".encode("utf-8", "backslashreplace") for line in lines)
    if output is None or output == "-":
        _write_stdout(data)
        return
    from chunkflow.cli.output_file import write_file  # noqa: PLC0415 - few runs need it

    if language_of(output) is not None:
        raise UsageError(f"cannot write {output}: it would replace source; name another file")
    try:
        write_file(output, data)
    except OSError as exc:
        raise UsageError(
            f"cannot write {output}: {describe_os_error(exc)}; name another file"
        ) from exc


def wants_color(when: str, stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether to colour the output to `stream`; respects NO_COLOR and FORCE_COLOR.

    Args:
        when: `auto`, `always` or `never`.
        stream: the destination; None if it is closed.
        environ: the environment.
    """
    if when != "auto":
        return when == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream is not None and stream.isatty() and environ.get("TERM") != "dumb"


def _write_stdout(data: Iterable[bytes]) -> None:
    if sys.stdout is None:
        raise UsageError("cannot write to standard output: it is closed; use --output FILE")
    sys.stdout.flush()
    try:
        sys.stdout.buffer.writelines(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _discard_output()
    except OSError as exc:
        _discard_output()
        raise UsageError(f"cannot write to standard output: {describe_os_error(exc)}") from exc


def _discard_output() -> None:
    """Redirect what is left to nowhere; otherwise Python would fail, with a message, at exit."""
    null_fd = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_fd, sys.stdout.fileno())
    os.close(null_fd)
