"""What crosses between a run and its workers, as bytes: the configuration, tasks and answers."""

import json
from typing import NamedTuple

from chunkflow.model.framing import join, split


class WorkConfig(NamedTuple):
    """What every worker of a run needs to know; crosses to it as JSON."""

    root: str
    processors: tuple[tuple[str, dict[str, object]], ...]
    """Name and settings of each."""
    suites: tuple[str, ...]

    def encode(self) -> bytes:
        """As bytes, for `prepare`.

        Raises:
            ValueError: JSON cannot hold a processor's settings; `TypeError` likewise.
        """
        return json.dumps(self).encode()

    @classmethod
    def decode(cls, data: bytes) -> "WorkConfig":
        """The value that `encode` made bytes of."""
        root, processors, suites = json.loads(data)
        return cls(root, tuple((name, own) for name, own in processors), tuple(suites))


class FileTask(NamedTuple):
    """A file to be processed."""

    shown: str
    path: str
    language: str
    source: bytes | None
    """None lets the worker read it."""
    previous: tuple[bytes, ...]
    """The records of what the file last held, one a processor; empty where there is none."""

    def encode(self) -> bytes:
        """As bytes, for a worker."""
        names = (_as_bytes(self.shown), _as_bytes(self.path), _as_bytes(self.language))
        present = b"" if self.source is None else b"1"
        return join([*names, present, self.source or b"", *self.previous])

    @classmethod
    def decode(cls, data: bytes) -> "FileTask":
        """The value that `encode` made bytes of."""
        shown, path, language, present, source, *previous = split(data)
        names = (_as_text(shown), _as_text(path), _as_text(language))
        return cls(*names, source if present else None, tuple(previous))


class FileDone(NamedTuple):
    """What became of a file."""

    error: str
    """Why it or some of its chunks could not be processed; empty where all went well."""
    digest: bytes
    """Of its content; empty where it could not be read."""
    reran: int
    """Chunks that a processor was called on."""
    records: tuple[bytes, ...]
    """One a processor."""
    note: str = ""
    """What is to be said of the file, though it was processed."""

    def encode(self) -> bytes:
        """As bytes, for the parent."""
        told = (_as_bytes(self.error), _as_bytes(self.note))
        return join([*told, self.digest, str(self.reran).encode(), *self.records])

    @classmethod
    def decode(cls, data: bytes) -> "FileDone":
        """The value that `encode` made bytes of."""
        error, note, digest, reran, *records = split(data)
        return cls(_as_text(error), digest, int(reran), tuple(records), _as_text(note))


# A file's name may be any bytes, which Python shows as lone surrogates, and a processor's own
# words may hold any other ones; this way all survive.
def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _as_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
