"""What one processor makes of one file, section by section."""

from collections.abc import Sequence
from typing import Protocol

from chunkflow.engine.messages import ChunkTask, FilePart, encode_chunk
from chunkflow.engine.records.drafts import Place, join_places, pack_places
from chunkflow.engine.records.files import local_keys
from chunkflow.engine.records.writer import Columns, RecordWriter
from chunkflow.engine.reuse import find_outcomes
from chunkflow.engine.worker.calls import Context, call
from chunkflow.engine.worker.sections import Section
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.processors.isolation import isolate
from chunkflow.processors.protocol import Processor

_NOTHING = Outcome()


class FileWork(Protocol):
    """Goes through a file's sections, then tells what was made of it."""

    def take(self, section: Section) -> None:
        """Go through the next section."""

    def finish(self, size_bytes: int, *, certain: bool, note: str) -> FilePart:
        """What was made of the file; `certain` and `note` as in `RecordWriter.finish`."""


class _Keyed:
    """A file's chunks with their keys, and what is known of them."""

    def __init__(self, processor: Processor, shown: str, previous: bytes) -> None:
        self.processor = processor
        self._context = Context(processor.context, shown)
        self._alone = processor.alone
        self.known = find_outcomes(previous)
        self.writer = RecordWriter()

    def key_chunks(self, section: Section) -> tuple[list[Chunk], list[bytes]]:
        """The chunks as they are handed to the processor, and their keys, made from these."""
        chunks = self._context.of(section.chunks, section.imports)
        if self._alone:
            chunks = [isolate(chunk, self.processor.context) for chunk in chunks]
        return chunks, local_keys(chunks, alone=self._alone)


class CompleteWork:
    """Calls the processor where it stands, on chunks without a result; on equal ones once."""

    def __init__(self, processor: Processor, shown: str, previous: bytes) -> None:
        self._keyed = _Keyed(processor, shown, previous)
        self._reran: list[int] = []
        self._errors: list[str] = []

    def take(self, section: Section) -> None:
        """Process the chunks of a section."""
        keyed = self._keyed
        handed, keys = keyed.key_chunks(section)
        chunks, outcomes = section.chunks, self._outcomes(handed, keys, section)
        keyed.writer.add(chunks, outcomes, keys, _columns(section), start_line=section.start_line)
        if not keyed.writer.is_complete:
            self._errors += _errors(chunks, outcomes, section.start_line)

    def _outcomes(
        self, chunks: list[Chunk], keys: list[bytes], section: Section
    ) -> Sequence[Outcome]:
        processor, known = self._keyed.processor, self._keyed.known
        first = self._keyed.writer.chunks
        new = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))
        if len(new) == len(keys) and known.keys().isdisjoint(new):
            # Most often so: then there is nothing to look up.
            self._reran += range(first, first + len(chunks))
            outcomes = call(processor, chunks, section.source, section.roots)
            known.update(zip(keys, outcomes, strict=True))
            return outcomes
        # Of equal chunks the first is called for.
        fresh = sorted(index for key, index in new.items() if key not in known)
        told = call(processor, [chunks[i] for i in fresh], section.source, section.roots)
        known.update(zip((keys[index] for index in fresh), told, strict=True))
        self._reran += (first + index for index in fresh)
        return [known[key] for key in keys]

    def finish(self, size_bytes: int, *, certain: bool, note: str) -> FilePart:
        """What the processor said of the file."""
        record = self._keyed.writer.finish(size_bytes, certain=certain, note=note)
        code = self._keyed.processor.unknown_code
        return FilePart(record, tuple(self._reran), tuple(self._errors), late_code=code)


class DraftWork:
    """Puts down which chunks have no result; each of them goes to `wanted`, equal ones once."""

    def __init__(
        self,
        number: int,
        processor: Processor,
        shown: str,
        previous: bytes,
        wanted: list[ChunkTask],
    ) -> None:
        self._number = number
        self._keyed = _Keyed(processor, shown, previous)
        self._wanted = wanted
        self._asked: set[bytes] = set()
        # Packed, a run a section: as objects the places of a large file take 60 MB.
        self._places: list[bytes] = []

    def take(self, section: Section) -> None:
        """Look through the chunks of a section."""
        keyed = self._keyed
        handed, keys = keyed.key_chunks(section)
        chunks = section.chunks
        columns, lines = _columns(section), section.start_line - 1
        places: list[Place] = []
        first = keyed.writer.chunks
        for index, (chunk, key) in enumerate(zip(chunks, keys, strict=True), first):
            if key in keyed.known:
                continue
            column = columns.at(chunk.start_byte)
            what = (index, key.hex(), chunk.digest.hex(), chunk.kind, chunk.name)
            start, end = chunk.start_line + lines, chunk.end_line + lines
            places.append(Place(*what, start, column, end))
            if key not in self._asked:
                self._asked.add(key)
                seen = encode_chunk(handed[index - first])
                self._wanted.append(ChunkTask(self._number, key, seen))
        self._places.append(pack_places(places))
        outcomes = [keyed.known.get(key, _NOTHING) for key in keys]
        start_line = section.start_line
        keyed.writer.add(chunks, outcomes, keys, _columns(section), start_line=start_line)

    def finish(self, size_bytes: int, *, certain: bool, note: str) -> FilePart:
        """What was known, and the places of what was not."""
        record = self._keyed.writer.finish(size_bytes, certain=certain, note=note)
        return FilePart(record, missing=join_places(self._places))


def _columns(section: Section) -> Columns:
    return Columns(section.source, start_line=section.start_line, start_column=section.start_column)


def _errors(chunks: Sequence[Chunk], outcomes: Sequence[Outcome], start_line: int) -> list[str]:
    lines = start_line - 1
    return [
        f"lines {chunk.start_line + lines}-{chunk.end_line + lines}: {outcome.error}"
        for chunk, outcome in zip(chunks, outcomes, strict=True)
        if outcome.error is not None
    ]
