"""Hands files and chunks to workers, and returns a result for each file, whatever happens."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count

from chunkflow.engine.allocator import give_back
from chunkflow.engine.chunk_queue import ChunkQueue
from chunkflow.engine.file_reports import FileResult, fail_file, reuse_file
from chunkflow.engine.file_results import fail_job, make_result
from chunkflow.engine.files import File, read_and_digest
from chunkflow.engine.lookup import NOTHING_PREVIOUS, FileRecords
from chunkflow.engine.messages import FileTask
from chunkflow.engine.options import RunOptions
from chunkflow.engine.pending_files import CutFile, FileJob, PendingFiles
from chunkflow.engine.spill_queue import Pending
from chunkflow.engine.workers import UNREADABLE, Reply, Workers, WorkerTask
from chunkflow.engine.write_buffer import WriteBuffer
from chunkflow.errors import PoolError, SourceError, WorkerDied

# Large enough that sending a batch costs nothing beside parsing it, small enough to share out.
_BATCH_BYTES = 96 * 1024
_BATCH_FILES = 64
# No part of a large file is smaller, but for those behind errors.
_PART_BYTES = 8 * 1024
# Parsed sooner than another process is started.
_SMALL_BYTES = 512 * 1024


class Scheduler:
    """The work of a run that the cache does not hold.

    Args:
        options: processors and workers.
        records: looks file records up.
        writes: takes the records of chunks.
        is_first_run: whether nothing is stored, so that no content can be known.
    """

    def __init__(
        self,
        options: RunOptions,
        records: FileRecords,
        writes: WriteBuffer,
        *,
        is_first_run: bool = False,
    ) -> None:
        self._options = options
        self._records = records
        self._is_first_run = is_first_run
        self._queue = ChunkQueue(options.processors, writes, jobs=options.jobs)
        self._pending = PendingFiles(self._queue)
        self._names = [processor.name for processor in options.processors]
        self._numbers = count()
        # With workers: by the number of the task.
        self._files: dict[int, Sequence[FileJob]] = {}
        self._chunks: dict[int, deque[Pending]] = {}
        self._again: deque[FileJob] = deque()
        # Results that no worker was needed for.
        self._ready: deque[FileResult] = deque()

    def run(self, found: Iterator[FileResult | File]) -> Iterator[FileResult]:
        """Process files; what is a result already passes through."""
        batches = self._batches(found)
        first = deque(_take_bytes(batches, _SMALL_BYTES))
        is_small = sum(map(_size_bytes, first)) <= _SMALL_BYTES
        try:
            if first:
                batches = chain(_pop_all(first), batches)
                with self._options.open_workers(small=is_small) as workers:
                    yield from self._work(workers, batches)
        except PoolError as exc:
            yield from self._go_on_alone(batches, exc)
        yield from self._take_ready()

    def _work(self, workers: Workers, batches: Iterator[list[FileJob]]) -> Iterator[FileResult]:
        for reply in workers.run(self._tasks(batches)):
            yield from self._take_ready()
            for cut in self._take(reply):
                self._tidy(cut.job)
                yield make_result(cut, self._options, self._records)

    def _take_ready(self) -> Iterator[FileResult]:
        while self._ready:
            yield self._ready.popleft()

    def _batches(self, found: Iterable[FileResult | File]) -> Iterator[list[FileJob]]:
        """Files that go to a worker together. Those that need none get their results here."""
        most = 1 if self._options.is_risky else _BATCH_FILES
        group: list[File] = []
        size_bytes = 0
        for one in found:
            if isinstance(one, FileResult):
                self._ready.append(one)
                continue
            group.append(one)
            size_bytes += one.signature.size_bytes
            if size_bytes >= _BATCH_BYTES or len(group) >= most:
                yield from self._jobs(group)
                group, size_bytes = [], 0
        yield from self._jobs(group)

    def _jobs(self, files: Sequence[File]) -> Iterator[list[FileJob]]:
        jobs = list(map(FileJob, files) if self._is_first_run else self._read(files))
        if jobs:
            yield jobs

    def _read(self, files: Sequence[File]) -> Iterator[FileJob]:
        """Read files; those whose content is known get their results, the others are jobs."""
        sources: dict[str, bytes | None] = {}
        read: list[tuple[File, bytes]] = []
        for file in files:
            try:
                sources[file.path], digest = read_and_digest(file, self._options.streaming_bytes)
            except SourceError as exc:
                self._ready.append(fail_file(file.shown, str(exc)))
            else:
                read.append((file, digest))
        known = self._records.find(read)
        unknown = [(file, digest) for file, digest in read if file.path not in known]
        for file, _ in read:
            if file.path in known:
                result = reuse_file(file, known[file.path], self._names, seen=False)
                self._ready.append(result)
        previous = self._records.find_previous(unknown)
        for file, _ in unknown:
            yield FileJob(file, sources[file.path], previous.get(file.path, NOTHING_PREVIOUS))

    def _tasks(self, batches: Iterator[list[FileJob]]) -> Iterator[WorkerTask | None]:
        while not self._options.should_stop():
            task = self._next_task(batches)
            if task is None and not self._files and not self._chunks:
                return
            yield task

    def _next_task(self, batches: Iterator[list[FileJob]]) -> WorkerTask | None:
        if not self._queue.is_full:
            jobs = [self._again.popleft()] if self._again else next(batches, None)
            if jobs:
                return self._file_task(jobs)
        chunks = self._queue.next_task(busy=len(self._files) + len(self._chunks))
        return self._chunk_task(chunks) if chunks else None

    def _file_task(self, jobs: Sequence[FileJob]) -> WorkerTask:
        number, limit_s = next(self._numbers), self._options.limit_s
        self._files[number] = jobs
        if limit_s is not None and not self._options.is_risky:
            # Built-in processors keep the limit of each part of a file themselves; a worker that
            # does not come back in spite of that is ended.
            limit_s *= len(jobs) + 1 + _size_bytes(jobs) // _PART_BYTES
        files = [_file_task(job) for job in jobs]
        return WorkerTask(number, files, (), _size_bytes(jobs), limit_s)

    def _chunk_task(self, chunks: Sequence[Pending]) -> WorkerTask:
        number = next(self._numbers)
        self._chunks[number] = deque(chunks)
        tasks = [one.task for one in chunks]
        size_bytes = sum(len(task.chunk) for task in tasks)
        return WorkerTask(number, (), tasks, size_bytes, self._options.limit_s)

    def _take(self, reply: Reply) -> Iterator[CutFile]:
        """The files that have all their results with this reply."""
        if reply.number in self._chunks:
            for key in self._take_chunk(reply):
                yield from self._pending.settle(key)
        else:
            yield from self._take_files(reply)

    def _take_chunk(self, reply: Reply) -> Iterator[bytes]:
        """The keys for which there is a result now."""
        chunks = self._chunks[reply.number]
        if reply.chunk is not None and chunks:
            yield self._queue.finish(chunks.popleft(), reply.chunk)
        elif not reply.is_final and chunks:
            yield from self._queue.fail([chunks.popleft()], PoolError(UNREADABLE))
        if reply.is_final:
            del self._chunks[reply.number]
            # An end without all replies is no end.
            yield from self._queue.fail(chunks, reply.error or PoolError(UNREADABLE))

    def _take_files(self, reply: Reply) -> Iterator[CutFile]:
        number, error = reply.number, reply.error
        jobs = self._files[number]
        if reply.wanted:
            try:
                self._queue.want(number, reply.wanted)
            except LookupError:  # there is no such processor: foreign code ran there
                error = error or PoolError(UNREADABLE)
        if reply.files and len(reply.files) == len(jobs):
            self._files[number] = ()
            for job, done in zip(jobs, reply.files, strict=True):
                yield from self._add(job, done)
        elif reply.files:
            error = error or PoolError(UNREADABLE)
        if reply.is_final or error is not None:
            self._end(number, error, is_final=reply.is_final)

    def _add(self, job: FileJob, done: object) -> Iterator[CutFile]:
        try:
            cut = self._pending.add(job, done)  # type: ignore[arg-type]
        except (ValueError, TypeError, LookupError):
            self._ready.append(fail_job(job, UNREADABLE))  # foreign code ran there
        else:
            if cut is not None:
                yield cut

    def _end(self, number: int, error: PoolError | None, *, is_final: bool) -> None:
        """A task is over, or what came of it cannot be read: then its files are as good as lost."""
        jobs = self._files[number]
        if is_final:
            del self._files[number]
        else:
            self._files[number] = ()
        self._queue.release(number)
        if jobs:
            self._retry(jobs, error or PoolError(UNREADABLE))

    def _retry(self, jobs: Sequence[FileJob], error: PoolError) -> None:
        first = jobs[0]
        # A process may die by no fault of the file: the system wanted its memory, say.
        may_do_better = isinstance(error, WorkerDied) and first.tries < 1
        if self._options.is_risky and not first.apart:
            # Chunk by chunk, what costs a worker costs its chunk only.
            self._again += (job._replace(apart=True, tries=job.tries + 1) for job in jobs)
        elif len(jobs) > 1 or may_do_better:
            self._again += (job._replace(tries=job.tries + 1) for job in jobs)
        else:
            self._ready.append(fail_job(first, str(error)))

    def _go_on_alone(
        self, batches: Iterator[list[FileJob]], cause: PoolError
    ) -> Iterator[FileResult]:
        """Do what is left without other processes, or say of each file that it cannot be done."""
        left = [*self._again, *chain.from_iterable(self._files.values())]
        self._queue.put_back(chain.from_iterable(self._chunks.values()))
        for number in self._files:
            self._queue.release(number)
        self._again.clear()
        self._chunks.clear()
        self._files.clear()
        if self._options.is_trusted:
            self._options.warn(f"{cause}; going on in one process")
            self._again += (job._replace(tries=job.tries + 1) for job in left)
            with self._options.open_workers(small=True) as workers:
                yield from self._work(workers, batches)
            return
        for key in self._queue.give_up(str(cause)):
            for cut in self._pending.settle(key):
                yield make_result(cut, self._options, self._records)
        for job in chain(left, chain.from_iterable(batches)):
            yield fail_job(job, str(cause))

    def _tidy(self, job: FileJob) -> None:
        bound = self._options.streaming_bytes
        if bound is not None and job.file.signature.size_bytes > bound:
            give_back()


def _file_task(job: FileJob) -> FileTask:
    file, known = job.file, job.previous.records
    return FileTask(file.shown, file.path, file.language, job.source, known, job.apart)


def _size_bytes(jobs: Iterable[FileJob]) -> int:
    return sum(job.file.signature.size_bytes for job in jobs)


def _take_bytes(batches: Iterator[list[FileJob]], most_bytes: int) -> Iterator[list[FileJob]]:
    """The first batches, until they are larger than that."""
    size_bytes = 0
    for batch in batches:
        yield batch
        size_bytes += _size_bytes(batch)
        if size_bytes > most_bytes:
            return


def _pop_all(batches: deque[list[FileJob]]) -> Iterator[list[FileJob]]:
    """Give batches away, so that the text of what is done is not held until the end."""
    while batches:
        yield batches.popleft()
