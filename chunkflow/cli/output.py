"""Where a command's words go: results to standard output or a file, all else to standard error."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TextIO

from chunkflow.errors import UsageError
from chunkflow.report.escape import escaped
from chunkflow.syntax.suffixes import language_of


def say(message: str) -> None:
    """A message about the run, on standard error; one that nobody can hear is no failure."""
    tell(f"chunkflow: {message}")


def tell(line: str) -> None:
    """A line on standard error, its control characters escaped."""
    # Where standard error is closed, print would fall back to standard output.
    if sys.stderr is not None:
        with suppress(OSError):
            print(escaped(line), file=sys.stderr, flush=True)


def write_lines(lines: Iterable[str], output: str | None) -> None:
    """Write lines to standard output (None or `-`), or to a file; see `write_file`.

    Whatever the locale, they are UTF-8. A reader of standard output may stop early.

    Raises:
        UsageError: it cannot be written.
    """
    if output is None or output == "-":
        _write_out(_encoded(lines))
        return
    from chunkflow.cli.output_file import write_file  # noqa: PLC0415 - few runs need it

    if language_of(output) is not None:
        raise UsageError(f"cannot write {output}: it would replace source; name another file")
    try:
        write_file(output, _encoded(lines))
    except OSError as exc:
        raise UsageError(f"cannot write {output}: {_reason(exc)}; name another file") from exc


def wants_color(when: str, stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether to colour what goes to `stream`; keeps NO_COLOR and FORCE_COLOR.

    Args:
        when: `auto`, `always` or `never`.
        stream: where it goes; None where that is closed.
        environ: the environment.
    """
    if when != "auto":
        return when == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream is not None and stream.isatty() and environ.get("TERM") != "dumb"


def _encoded(lines: Iterable[str]) -> Iterator[bytes]:
    for line in lines:
        yield f"{line}\n".encode("utf-8", "backslashreplace")


def _reason(exc: OSError) -> str:
    return (exc.strerror or str(exc)).lower()


def _write_out(data: Iterable[bytes]) -> None:
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
        raise UsageError(f"cannot write to standard output: {_reason(exc)}") from exc


def _discard_output() -> None:
    """Let Python write what is left to nowhere, or it would fail, and complain, at its exit."""
    null_fd = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_fd, sys.stdout.fileno())
    os.close(null_fd)
