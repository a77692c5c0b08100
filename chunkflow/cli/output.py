"""Where a command's results go: standard output, or a file that is replaced whole."""

import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from typing import TextIO

from chunkflow.errors import UsageError


def write_lines(lines: Iterable[str], output: str | None) -> None:
    """Write lines to standard output, or to the file `output` in one go.

    Raises:
        UsageError: the file cannot be written.
    """
    text = "".join(f"{line}\n" for line in lines)
    if output is None or output == "-":
        # Whatever the locale, the report is UTF-8.
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
        return
    try:
        _replace(output, text.encode("utf-8", "backslashreplace"))
    except OSError as exc:
        raise UsageError(f"cannot write {output}: {(exc.strerror or str(exc)).lower()}") from exc


def wants_color(when: str, stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to colour what goes to `stream`; keeps NO_COLOR and FORCE_COLOR."""
    if when != "auto":
        return when == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


def _replace(path: str, data: bytes) -> None:
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:  # a device or a pipe cannot be replaced
            file.write(data)
        return
    folder = os.path.dirname(os.path.abspath(path))
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".chunkflow-")
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            umask = os.umask(0)
            os.umask(umask)
            os.fchmod(file.fileno(), 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
