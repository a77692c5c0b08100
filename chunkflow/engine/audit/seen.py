"""A file's chunks as a processor sees them, with the keys that their results have."""

from typing import NamedTuple

from chunkflow.engine.files import File
from chunkflow.engine.messages import FileTask
from chunkflow.engine.options import Cutting, RunProcessor
from chunkflow.engine.records.files import local_keys
from chunkflow.engine.worker.calls import Context
from chunkflow.engine.worker.sections import SourceText
from chunkflow.model.chunk import Chunk
from chunkflow.processors.isolation import isolate
from chunkflow.syntax.chunker import Chunker


class SeenChunk(NamedTuple):
    """A chunk and its key; lines count in the file."""

    kind: str
    name: str | None
    scope: tuple[str, ...]
    start_line: int
    end_line: int
    digest: bytes
    local_key: bytes


class SeenFile(NamedTuple):
    """A file's content, and its chunks in order."""

    digest: bytes
    chunks: list[SeenChunk]


def seen_file(file: File, processor: RunProcessor, cutting: Cutting) -> SeenFile:
    """Read a file, and cut it as it is cut for a processor.

    Raises:
        SourceError: it cannot be read.
    """
    task = FileTask(file.shown, file.path, file.language, None, ())
    text = SourceText(task, streaming_bytes=cutting.streaming_bytes)
    context = Context(processor.context, file.shown)
    chunker = Chunker(file.language, suites=cutting.suites)
    chunks: list[SeenChunk] = []
    with_imports = "imports" in processor.context
    limit = processor.max_chunk_bytes
    for section in text.sections(chunker, limit, with_imports=with_imports):
        found = context.of(section.chunks, section.imports)
        if processor.alone:
            found = [isolate(chunk, processor.context) for chunk in found]
        keys = local_keys(found, alone=processor.alone)
        lines = section.start_line - 1
        pairs = zip(section.chunks, keys, strict=True)
        chunks += (_seen(chunk, key, lines) for chunk, key in pairs)
    return SeenFile(text.digest, chunks)


def _seen(chunk: Chunk, key: bytes, lines: int) -> SeenChunk:
    return SeenChunk(
        chunk.kind,
        chunk.name,
        chunk.scope or (),
        chunk.start_line + lines,
        chunk.end_line + lines,
        chunk.digest,
        key,
    )
