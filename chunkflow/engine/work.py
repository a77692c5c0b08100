"""What runs in a worker: a file's bytes in, the records of every processor out."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from chunkflow.cache.keys import content_digest
from chunkflow.engine.file_record import local_key, pack, reusable, unpack
from chunkflow.engine.messages import FileDone, FileTask, WorkConfig
from chunkflow.engine.reading import read_source
from chunkflow.errors import SourceError
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.model.framing import join, split
from chunkflow.pool.protocol import Work
from chunkflow.processors.protocol import Processor
from chunkflow.processors.table import load
from chunkflow.syntax.chunker import Chunker, ParsedFile

if TYPE_CHECKING:
    from tree_sitter import Node

# A processor that fails everywhere needs no thousand lines to say so.
_MOST_ERRORS = 20


def prepare(config: bytes) -> Work:
    """Load the processors of a run; returns what processes a batch of encoded `FileTask`s.

    Args:
        config: an encoded `WorkConfig`.
    """
    root, named, suites = WorkConfig.decode(config)
    worker = _Worker([load(name, settings, root=root) for name, settings in named], suites)
    return worker.batch


class _Worker:
    def __init__(self, processors: Sequence[Processor], suites: Sequence[str]) -> None:
        self._processors = processors
        self._suites = suites
        self._chunkers: dict[str, Chunker] = {}

    def batch(self, payload: bytes) -> bytes:
        return join([self._file(FileTask.decode(task)).encode() for task in split(payload)])

    def _file(self, task: FileTask) -> FileDone:
        source = task.source
        if source is None:
            try:
                source = read_source(task.path, task.shown)
            except SourceError as exc:
                return FileDone(str(exc), b"", 0, ())
        return self._process(task, source)

    def _process(self, task: FileTask, source: bytes) -> FileDone:
        parsed = self._parsed(task.language, source)
        records, errors = [], []
        reran: dict[int | None, set[int]] = {limit: set() for limit in parsed}
        for number, processor in enumerate(self._processors):
            previous = task.previous[number] if task.previous else b""
            limit = processor.max_chunk_bytes
            done = _outcomes(processor, parsed[limit], source, task.shown, previous)
            reran[limit].update(done.reran)
            errors += done.errors
            cut = parsed[limit]
            certain = cut.note is None
            records.append(pack(cut.chunks, done.outcomes, source, done.keys, certain=certain))
        # Processors that want other limits see other chunks; the finest cut counts.
        most = max(map(len, reran.values()))
        notes = dict.fromkeys(cut.note for cut in parsed.values() if cut.note is not None)
        digest = content_digest(source)
        return FileDone(_told(errors), digest, most, tuple(records), "; ".join(notes))

    def _parsed(self, language: str, source: bytes) -> dict[int | None, ParsedFile]:
        """The file as each processor wants it cut, by `max_chunk_bytes`."""
        if language not in self._chunkers:
            self._chunkers[language] = Chunker(language, suites=self._suites)
        parse = self._chunkers[language].parse
        limits = dict.fromkeys(processor.max_chunk_bytes for processor in self._processors)
        return {limit: parse(source, max_bytes=limit) for limit in limits}


def _told(errors: Sequence[str]) -> str:
    more = len(errors) - _MOST_ERRORS
    rest = [f"and {more} more chunks"] if more > 0 else []
    return "; ".join([*errors[:_MOST_ERRORS], *rest])


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
    record = unpack(previous)
    known = reusable(record) if record is not None else {}
    new: dict[bytes, int] = {}
    for index, key in enumerate(keys):
        if key not in known:
            new.setdefault(key, index)
    fresh = _run(processor, [chunks[i] for i in new.values()], source, parsed.roots)
    known.update(zip(new, fresh, strict=True))
    outcomes = [known[key] for key in keys]
    errors = [
        f"lines {chunk.start_line}-{chunk.end_line}: {outcome.error}"
        for chunk, outcome in zip(chunks, outcomes, strict=True)
        if outcome.error is not None
    ]
    return _Done(outcomes, keys, list(new.values()), errors)


def _run(
    processor: Processor, chunks: Sequence[Chunk], source: bytes, roots: "Sequence[Node]"
) -> list[Outcome]:
    """One outcome a chunk; where the processor raises, only that chunk's is an error."""
    outcomes: list[Outcome] = []
    try:
        outcomes.extend(processor.process(chunks, source, roots))
    except Exception as exc:  # noqa: BLE001 - whatever a processor raises
        if len(chunks) == 1:
            cause = f"{type(exc).__name__}: {exc}".removesuffix(": ")
            return [Outcome(error=f'processor "{processor.name}" raised {cause}')]
        # It told nothing of the rest. One by one, each chunk answers for itself.
        for chunk in chunks[len(outcomes) :]:
            outcomes += _run(processor, [chunk], source, roots)
    if len(outcomes) != len(chunks):
        count = f"{len(outcomes)} outcomes for {len(chunks)} chunks"
        return [Outcome(error=f'processor "{processor.name}" gave {count}')] * len(chunks)
    return outcomes


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
    """For each chunk the header of the innermost class that it is in."""
    open_classes: list[Chunk] = []
    for chunk in chunks:
        while open_classes and chunk.start_byte >= open_classes[-1].decl_end_byte:
            open_classes.pop()
        yield open_classes[-1].text if open_classes else None
        if chunk.kind == "class":
            open_classes.append(chunk)
