"""What runs in a worker: files and chunks in, what the processors say of them out."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from time import perf_counter

from chunkflow.engine.messages import (
    CHUNKS,
    DONE,
    WANTED,
    ChunkDone,
    ChunkTask,
    FileDone,
    FileTask,
    WorkConfig,
    decode_chunk,
    join_messages,
    split_messages,
)
from chunkflow.engine.records.chunks import pack_chunk
from chunkflow.engine.worker.calls import call
from chunkflow.engine.worker.files import CompleteWork, DraftWork, FileWork
from chunkflow.engine.worker.sections import SourceText
from chunkflow.engine.worker.unparsed import Unparsed
from chunkflow.errors import SourceError, TimeLimitReached, WorkerSpoiled
from chunkflow.pool.protocol import Work
from chunkflow.processors.protocol import Processor
from chunkflow.processors.table import is_built_in, load_built_in
from chunkflow.syntax.budget import Deadline
from chunkflow.syntax.chunker import Chunker

# What is found to be done is told when there is so much of it, and not all at the end.
_WANTED_BYTES = 256 * 1024


def prepare(config: bytes) -> Work:
    """Load the processors of a run; returns what does its tasks, for a pool.

    A task about files is answered by parts: `WANTED` with chunks that functions are to be called
    on, in the end `DONE` with a `FileDone` a file. One about chunks is answered by a `ChunkDone`
    each, as soon as it is done.

    Args:
        config: an encoded `WorkConfig`.

    Raises:
        UsageError: a processor has changed since the run began.
    """
    worker = make_worker(config)

    def work(payload: bytes) -> Iterator[bytes]:
        kind, parts = split_messages(payload)
        if kind == CHUNKS:
            for chunk in worker.process_chunks(map(ChunkTask.decode, parts)):
                yield join_messages(CHUNKS, [chunk.encode()])
            return
        for wanted, files in worker.process_files(list(map(FileTask.decode, parts))):
            messages: Sequence[ChunkTask | FileDone] = wanted or files
            yield join_messages(WANTED if wanted else DONE, [each.encode() for each in messages])

    return work


def make_worker(config: bytes) -> "Worker":
    """The worker that an encoded `WorkConfig` describes; raises as `prepare`."""
    settings = WorkConfig.decode(config)
    return Worker(list(_load_processors(settings)), settings)


def _load_processors(settings: WorkConfig) -> Iterator[Processor]:
    users = [one for one in settings.processors if one.described]
    if users:
        # Here and not above: most runs have built-in processors alone.
        from chunkflow.processors.code import CodeLog  # noqa: PLC0415
        from chunkflow.processors.description import Description  # noqa: PLC0415
        from chunkflow.processors.python import PythonProcessor  # noqa: PLC0415

        log = CodeLog(settings.root)
        log.install()
    for name, own, _, encoded in settings.processors:
        if encoded:
            described = Description.decode(encoded.encode())
            yield PythonProcessor(name, own, root=settings.root, log=log, described=described)
        else:
            yield load_built_in(name, own)


class Worker:
    """Processes files and chunks for a run.

    Args:
        processors: of the run, loaded.
        settings: of the run.
    """

    def __init__(self, processors: Sequence[Processor], settings: WorkConfig) -> None:
        self._processors = processors
        self._limits = [one.max_chunk_bytes for one in settings.processors]
        self._suites = settings.suites
        self._streaming_bytes = settings.streaming_bytes
        # Of the others the pool sees to it that they end: then it is chunks that are at fault.
        are_own = all(each.expensive or is_built_in(each.name) for each in processors)
        self._limit_s = settings.limit_s if are_own else None
        self._with_imports = any("imports" in each.context for each in processors)
        self._chunkers: dict[str, Chunker] = {}

    def process_chunks(self, tasks: Iterable[ChunkTask]) -> Iterator[ChunkDone]:
        """Call functions on chunks.

        Raises:
            WorkerSpoiled: a call has changed this process for good; the rest is not begun.
        """
        for task in tasks:
            self._check_process()
            yield self._process_chunk(task)
        self._check_process()

    def process_files(
        self, tasks: Sequence[FileTask]
    ) -> Iterator[tuple[Sequence[ChunkTask], Sequence[FileDone]]]:
        """Process files; yields chunks that functions are to be called on, then all files.

        Raises:
            WorkerSpoiled: a call has changed this process for good.
        """
        wanted: list[ChunkTask] = []
        done = []
        for task in tasks:
            done += [(yield from self._process_file(task, wanted))]
        if wanted:
            yield wanted, ()
        if done:
            yield (), done

    def _check_process(self) -> None:
        for processor in self._processors:
            if processor.is_spoiled:
                raise WorkerSpoiled(f'processor "{processor.name}" has spoiled its process')

    def _process_file(
        self, task: FileTask, wanted: list[ChunkTask]
    ) -> Generator[tuple[Sequence[ChunkTask], Sequence[FileDone]], None, FileDone]:
        try:
            text = SourceText(task, streaming_bytes=self._streaming_bytes)
            return (yield from self._process_text(task, text, wanted))
        except TimeLimitReached as exc:
            return FileDone(f"cannot process {task.shown}: {exc}; see --timeout", b"", ())
        except SourceError as exc:
            return FileDone(str(exc), b"", ())

    def _process_text(
        self, task: FileTask, text: SourceText, wanted: list[ChunkTask]
    ) -> Generator[tuple[Sequence[ChunkTask], Sequence[FileDone]], None, FileDone]:
        works = [self._work(number, task, wanted) for number in range(len(self._processors))]
        notes: dict[str, None] = {}
        unparsed = Unparsed()
        deadline = Deadline(self._limit_s)
        for limit in dict.fromkeys(self._limits):
            asking = [work for work, own in zip(works, self._limits, strict=True) if own == limit]
            sections = text.sections(
                self._chunker(task.language),
                limit,
                with_imports=self._with_imports,
                deadline=deadline,
            )
            for section in sections:
                for work in asking:
                    work.take(section)
                    deadline.check()
                if limit == self._limits[0]:
                    unparsed.take(section)
                # The limit is for a part of a large file, as it is for a small file.
                deadline.restart()
                self._check_process()
                if section.note is not None:
                    notes[section.note] = None
                if sum(len(one.chunk) for one in wanted) > _WANTED_BYTES:
                    yield tuple(wanted), ()
                    wanted.clear()
        note, is_certain = "; ".join([*notes, *unparsed.notes()]), not notes
        parts = [work.finish(text.size_bytes, certain=is_certain, note=note) for work in works]
        return FileDone("", text.digest, tuple(parts))

    def _work(self, number: int, task: FileTask, wanted: list[ChunkTask]) -> FileWork:
        processor = self._processors[number]
        previous = task.previous[number] if task.previous else b""
        if processor.expensive or (task.apart and not is_built_in(processor.name)):
            return DraftWork(number, processor, task.shown, previous, wanted)
        return CompleteWork(processor, task.shown, previous)

    def _chunker(self, language: str) -> Chunker:
        if language not in self._chunkers:
            self._chunkers[language] = Chunker(language, suites=self._suites)
        return self._chunkers[language]

    def _process_chunk(self, task: ChunkTask) -> ChunkDone:
        chunk, processor = decode_chunk(task.chunk), self._processors[task.processor]
        started_s = perf_counter()
        outcome = call(processor, [chunk], chunk.source, ())[0]
        took_s = perf_counter() - started_s
        code = processor.unknown_code
        if outcome.error is not None:
            return ChunkDone(b"", outcome.error, took_s, code)
        certain = outcome._replace(is_certain=True)  # for the record; the code says that it is not
        return ChunkDone(pack_chunk(chunk, certain), "", took_s, code)
