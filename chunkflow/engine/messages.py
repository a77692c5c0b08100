"""What crosses between a run and its workers, as bytes: the configuration, tasks and answers.

A worker is given files, and answers with what the processors say of them. Chunks that an expensive
processor has to be called on come back first, as `ChunkTask`s in parts of the answer; they are
given to whichever worker is free, and each is answered for as soon as it is done.
"""

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chunkflow.model.chunk import Chunk
from chunkflow.model.framing import join, split

FILES = b"f"
"""Begins the payload of a task about files."""
CHUNKS = b"c"
"""Begins the payload of a task about chunks."""
DONE = b"d"
"""Begins an answer that says what became of files."""
WANTED = b"w"
"""Begins an answer that says on which chunks processors are to be called."""
_DIGEST = Chunk._fields.index("digest")
_SCOPE = Chunk._fields.index("scope")


class ProcessorConfig(NamedTuple):
    """A processor, as workers are told of it."""

    name: str
    settings: dict[str, object]
    max_chunk_bytes: int | None = None
    """Where declarations are cut for it."""
    described: str = ""
    """Of a user's function its `Description`, encoded, as the keys of the run have it."""


class WorkConfig(NamedTuple):
    """What every worker of a run needs to know; crosses to it as JSON."""

    root: str
    processors: tuple["ProcessorConfig", ...]
    suites: tuple[str, ...]
    streaming_bytes: int | None = None
    """A larger file is held in windows."""
    limit_s: float | None = None
    """How long a file may take of which built-in processors alone see the whole."""

    def encode(self) -> bytes:
        """As bytes, for `prepare`.

        Raises:
            ValueError: JSON cannot hold a processor's settings; `TypeError` likewise.
        """
        return json.dumps(self).encode()

    @classmethod
    def decode(cls, data: bytes) -> "WorkConfig":
        """The value that `encode` made bytes of."""
        root, processors, suites, streaming_bytes, limit_s = json.loads(data)
        named = tuple(ProcessorConfig(*one) for one in processors)
        return cls(root, named, tuple(suites), streaming_bytes, limit_s)


class FileTask(NamedTuple):
    """A file to be processed."""

    shown: str
    path: str
    language: str
    source: bytes | None
    """None lets the worker read it."""
    previous: tuple[bytes, ...]
    """The records of what the file last held, one a processor; empty where there is none."""
    apart: bool = False
    """Whether every processor that is not a built-in is to be called chunk by chunk."""

    def encode(self) -> bytes:
        """As bytes, for a worker."""
        names = (_as_bytes(self.shown), _as_bytes(self.path), _as_bytes(self.language))
        flags = bytes([self.source is not None, self.apart])
        return join([*names, flags, self.source or b"", *self.previous])

    @classmethod
    def decode(cls, data: bytes) -> "FileTask":
        """The value that `encode` made bytes of."""
        shown, path, language, flags, source, *previous = split(data)
        names = (_as_text(shown), _as_text(path), _as_text(language))
        return cls(*names, source if flags[0] else None, tuple(previous), bool(flags[1]))


class FilePart(NamedTuple):
    """What one processor said of a file."""

    record: bytes
    """The file record; where `missing` is not empty, one of what was known."""
    reran: tuple[int, ...] = ()
    """Indexes of the chunks that the processor was called on."""
    errors: tuple[str, ...] = ()
    """What it raised, with the lines of the chunk."""
    missing: bytes = b""
    """Places of the chunks without an outcome, packed by `engine/records/drafts.py`."""
    late_code: Mapping[str, str] = {}
    """Code that the processor was seen to load and its key does not have: name → file."""

    def fields(self) -> list[bytes]:
        """As a few byte strings, for the parent."""
        errors = join(list(map(_as_bytes, self.errors))) if self.errors else b""
        late_code = _encode_code(self.late_code)
        return [self.record, array("I", self.reran).tobytes(), self.missing, errors, late_code]

    @classmethod
    def from_fields(
        cls, record: bytes, reran: bytes, missing: bytes, errors: bytes, late_code: bytes
    ) -> "FilePart":
        """The value that `fields` gave."""
        texts = tuple(map(_as_text, split(errors))) if errors else ()
        return cls(record, tuple(array("I", reran)), texts, missing, _decode_code(late_code))


class FileDone(NamedTuple):
    """What became of a file."""

    error: str
    """Why it could not be read; else empty."""
    digest: bytes
    """Of its content; empty where it could not be read."""
    parts: tuple[FilePart, ...]
    """One a processor."""

    def encode(self) -> bytes:
        """As bytes, for the parent."""
        told = [_as_bytes(self.error), self.digest]
        for part in self.parts:
            told += part.fields()
        return join(told)

    @classmethod
    def decode(cls, data: bytes) -> "FileDone":
        """The value that `encode` made bytes of."""
        error, digest, *fields = split(data)
        rest = iter(fields)
        # Fields of five, from one iterator; where some are left over, foreign code ran there.
        fives = zip(rest, rest, rest, rest, rest, strict=True)
        parts = [FilePart.from_fields(*five) for five in fives]
        return cls(_as_text(error), digest, tuple(parts))


class ChunkTask(NamedTuple):
    """A chunk on which an expensive processor is to be called."""

    processor: int
    """Its number in the run."""
    local_key: bytes
    chunk: bytes
    """From `encode_chunk`."""

    def encode(self) -> bytes:
        """As bytes, for a worker or from one."""
        return join([bytes([self.processor]), self.local_key, self.chunk])

    @classmethod
    def decode(cls, data: bytes) -> "ChunkTask":
        """The value that `encode` made bytes of."""
        processor, local_key, chunk = split(data)
        return cls(processor[0], local_key, chunk)


class ChunkDone(NamedTuple):
    """What became of a chunk."""

    record: bytes
    """From `engine/records/chunks.py`; empty where there is an error."""
    error: str
    took_s: float
    late_code: Mapping[str, str] = {}
    """As in `FilePart`; where there is any, the result is uncertain."""

    def encode(self) -> bytes:
        """As bytes, for the parent."""
        took_ns = b"%d" % int(self.took_s * 1e9)
        return join([self.record, _as_bytes(self.error), took_ns, _encode_code(self.late_code)])

    @classmethod
    def decode(cls, data: bytes) -> "ChunkDone":
        """The value that `encode` made bytes of."""
        record, error, took_ns, late_code = split(data)
        return cls(record, _as_text(error), int(took_ns) / 1e9, _decode_code(late_code))


def encode_chunk(chunk: Chunk) -> bytes:
    """A chunk as bytes."""
    facts = (*chunk[:_DIGEST], chunk.container, chunk.imports)
    return join([json.dumps(facts).encode(), chunk.digest, chunk.source])


def decode_chunk(data: bytes) -> Chunk:
    """The chunk that `encode_chunk` made bytes of."""
    facts, digest, source = split(data)
    *place, container, imports = json.loads(facts)
    if place[_SCOPE] is not None:
        place[_SCOPE] = tuple(place[_SCOPE])
    return Chunk._make((*place, digest, source, container, imports))


def join_messages(kind: bytes, payloads: Iterable[bytes]) -> bytes:
    """The payload of a task or an answer: its kind and what it is about."""
    return kind + join(list(payloads))


def split_messages(payload: bytes) -> tuple[bytes, Sequence[bytes]]:
    """The kind of a task or an answer, and what it is about.

    Raises:
        ValueError: the bytes are neither.
    """
    return payload[:1], split(payload[1:])


# A file's name may be any bytes, which Python shows as lone surrogates, and a processor's own
# words may hold any other ones; this way all survive.
def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _as_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _encode_code(files: Mapping[str, str]) -> bytes:
    return json.dumps(dict(files)).encode() if files else b""


def _decode_code(data: bytes) -> dict[str, str]:
    found = json.loads(data) if data else {}
    if not isinstance(found, dict) or not all(isinstance(path, str) for path in found.values()):
        raise ValueError("code is told by names and files")
    return found
