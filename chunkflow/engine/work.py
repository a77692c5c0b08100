"""What runs in a worker: a file's bytes in, the records of every processor out."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chunkflow.cache.keys import content_digest
from chunkflow.engine.file_record import local_key, pack, reusable, unpack
from chunkflow.engine.reading import read_source
from chunkflow.errors import SourceError
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.model.framing import join, split
from chunkflow.pool.protocol import Work
from chunkflow.processors.protocol import Processor
from chunkflow.processors.table import load
from chunkflow.syntax.chunker import Chunker, ParsedFile

_MEMBERS = frozenset("method constructor accessor property index_signature static_block".split())


class WorkConfig(NamedTuple):
    """What every worker of a run needs to know; crosses to it as JSON."""

    root: str
    processors: tuple[tuple[str, dict[str, object]], ...]
    """Name and settings of each."""
    suites: tuple[str, ...]

    def encode(self) -> bytes:
        """As bytes, for `prepare`."""
        return json.dumps(self).encode()


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
        names = (os_bytes(self.shown), os_bytes(self.path), self.language.encode())
        present = b"" if self.source is None else b"1"
        return join([*names, present, self.source or b"", *self.previous])


class FileDone(NamedTuple):
    """What became of a file."""

    error: str
    """Why it or some of its chunks could not be processed; empty where all went well."""
    digest: bytes
    """Of its content; empty where it could not be read."""
    reran: int
    records: tuple[bytes, ...]
    """One a processor."""

    def encode(self) -> bytes:
        """As bytes, for the parent."""
        error = self.error.encode("utf-8", "surrogateescape")
        return join([error, self.digest, str(self.reran).encode(), *self.records])

    @classmethod
    def decode(cls, data: bytes) -> "FileDone":
        """The value that `encode` made bytes of."""
        error, digest, reran, *records = split(data)
        return cls(
            error.decode("utf-8", "surrogateescape"), digest, int(reran), tuple(records)
        )


def os_bytes(path: str) -> bytes:
    """A path as bytes, whatever they are."""
    return path.encode("utf-8", "surrogateescape")


def prepare(config: bytes) -> Work:
    """Load the processors of a run; returns what processes a batch of encoded `FileTask`s."""
    root, named, suites = json.loads(config)
    worker = _Worker([load(name, settings, root=root) for name, settings in named], suites)
    return worker.batch


class _Worker:
    def __init__(self, processors: Sequence[Processor], suites: Sequence[str]) -> None:
        self._processors = processors
        self._suites = suites
        self._chunkers: dict[str, Chunker] = {}

    def batch(self, payload: bytes) -> bytes:
        return join([self._file(task).encode() for task in split(payload)])

    def _file(self, encoded: bytes) -> FileDone:
        shown, path, language, present, source, *previous = split(encoded)
        name = shown.decode("utf-8", "surrogateescape")
        if not present:
            try:
                source = read_source(path.decode("utf-8", "surrogateescape"), name)
            except SourceError as exc:
                return FileDone(str(exc), b"", 0, ())
        return self._process(name, language.decode(), source, previous)

    def _process(
        self, shown: str, language: str, source: bytes, previous: Sequence[bytes]
    ) -> FileDone:
        if language not in self._chunkers:
            self._chunkers[language] = Chunker(language, suites=self._suites)
        parsed = self._chunkers[language].parse(source)
        records, errors = [], []
        reran: set[int] = set()
        for number, processor in enumerate(self._processors):
            old = previous[number] if previous else b""
            done = _outcomes(processor, parsed, source, shown, old)
            reran.update(done.reran)
            errors += done.errors
            records.append(pack(parsed.chunks, done.outcomes, source, done.keys))
        digest = content_digest(source)
        return FileDone("; ".join(errors), digest, len(reran), tuple(records))


class _Done(NamedTuple):
    outcomes: list[Outcome]
    keys: list[bytes]
    reran: list[int]
    errors: list[str]


def _outcomes(
    processor: Processor, parsed: ParsedFile, source: bytes, shown: str, previous: bytes
) -> _Done:
    """Run a processor on the chunks whose results are not known; on equal ones once."""
    chunks = _with_context(parsed.chunks, processor.context, shown)
    keys = [local_key(chunk, processor.context) for chunk in chunks]
    record = unpack(previous) if previous else None
    known = reusable(record) if record is not None else {}
    new = {key: i for i, key in reversed(list(enumerate(keys))) if key not in known}
    indexes = sorted(new.values())
    fresh = processor.process([chunks[i] for i in indexes], source, parsed.roots)
    known.update(zip([keys[i] for i in indexes], fresh, strict=True))
    outcomes = [known[key] for key in keys]
    errors = [
        f"lines {chunk.start_line}-{chunk.end_line}: {outcome.error}"
        for chunk, outcome in zip(chunks, outcomes, strict=True)
        if outcome.error is not None
    ]
    return _Done(outcomes, keys, indexes, errors)


def _with_context(chunks: list[Chunk], context: Sequence[str], shown: str) -> list[Chunk]:
    """The chunks with what a processor declared that it sees besides them."""
    if "path" in context:
        chunks = [chunk._replace(path=shown) for chunk in chunks]
    if "imports" in context:
        text = "\n".join(chunk.text for chunk in chunks if chunk.kind == "import")
        chunks = [chunk._replace(imports=text) for chunk in chunks]
    if "container" in context:
        headers = list(_headers(chunks))
        chunks = [c._replace(container=h) for c, h in zip(chunks, headers, strict=True)]
    return chunks


def _headers(chunks: list[Chunk]) -> Iterator[str | None]:
    """For each chunk the header of the class that it is a member of."""
    header: Chunk | None = None
    for chunk in chunks:
        inside = header is not None and chunk.start_byte < header.decl_end_byte
        yield header.text if header is not None and inside and chunk.kind in _MEMBERS else None
        if chunk.kind == "class":
            header = chunk
