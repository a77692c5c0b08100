"""One run: files in, a report out; only what no record holds is processed."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.file_record import FileRecord, unpack
from chunkflow.engine.manifest import Manifest, Seen
from chunkflow.engine.plan import (
    File,
    Known,
    Records,
    RunProcessor,
    look,
    noted,
    read_and_digest,
)
from chunkflow.engine.reporting import findings_of, hits_in, results_of
from chunkflow.engine.work import FileDone, FileTask
from chunkflow.errors import PoolError, SourceError, TaskTimeout
from chunkflow.model.framing import join, split
from chunkflow.model.report import FileReport
from chunkflow.pool.protocol import Answer, Pool, Task

# Large enough that sending a batch costs nothing beside parsing it, small enough to share out.
_BATCH_BYTES = 96 * 1024
_BATCH_FILES = 64
# Parsed sooner than another process is started.
_IN_LINE_BYTES = 512 * 1024
# Records are stored in transactions of about this size, so that an interruption loses little.
_STORE_BYTES = 4 * 1024 * 1024

OpenPool = Callable[[bool], Pool]
"""Makes the pool of a run; told whether the work is small enough to be done in-line."""


class RunOptions(NamedTuple):
    """How a run goes about its work."""

    processors: tuple[RunProcessor, ...]
    open_pool: OpenPool
    with_values: bool = True
    """Whether the report holds values; a report that shows none is quicker without."""
    single: bool = False
    """Send files one by one: an untrusted processor then costs its file only."""
    progress: Callable[[int, int], None] = lambda _done, _total: None
    """Told the number of files done and in all."""
    clock_ns: Callable[[], int] = time.time_ns


class Wanted(NamedTuple):
    """A file that a run is about."""

    shown: str
    """What the report calls it."""
    path: str
    """Absolute."""
    named: bool
    """Whether a user named it: then it is told if it is not there."""


def run_files(files: Iterable[Wanted], tiers: Tiers, options: RunOptions) -> list[FileReport]:
    """Process files, reusing all that the tiers hold.

    Args:
        files: what to process, each once.
        tiers: where records and the manifest are kept.
        options: processors and the pool.

    Returns:
        An entry a file, in no particular order. A file that cannot be processed has an entry too.
    """
    return _Run(list(files), tiers, options).finish()


class _Run:
    def __init__(self, files: list[Wanted], tiers: Tiers, options: RunOptions) -> None:
        self._files = files
        self._tiers = tiers
        self._options = options
        self._names = [processor.name for processor in options.processors]
        self._records = Records(tiers, options.processors)
        self._manifest = Manifest(tiers, (file.path for file in files))
        self._reports: list[FileReport] = []
        self._sent: dict[int, list[_Sent]] = {}
        self._again: list[_Sent] = []
        self._unstored: list[tuple[bytes, bytes]] = []
        self._unstored_bytes = 0

    def finish(self) -> list[FileReport]:
        pending = self._reuse(list(self._look()))
        try:
            if pending:
                self._process(pending)
        finally:
            # What was done is kept, however the run ends.
            self._store()
            self._manifest.save()
        return self._reports

    def _look(self) -> Iterator[File]:
        clock_ns = self._options.clock_ns
        for shown, path, named in self._files:
            try:
                file = look(shown, path, self._manifest, clock_ns(), named=named)
            except SourceError as exc:
                self._fail(shown, str(exc))
            else:
                if file is not None:
                    yield file

    def _reuse(self, files: list[File]) -> list[File]:
        """Report the files that did not change; returns the others."""
        unchanged = [(f, f.last_digest) for f in files if f.unchanged and f.last_digest is not None]
        known = self._records.find(unchanged)
        pending = []
        for file in files:
            if file.path in known:
                self._report_known(known[file.path], "reused")
            else:
                pending.append(file)
        return pending

    def _process(self, files: list[File]) -> None:
        batches = self._batches(files)
        first: list[Task] = []
        for task in batches:
            first.append(task)
            if sum(t.weight_bytes for t in first) > _IN_LINE_BYTES:
                break
        if not first:
            return
        small = sum(t.weight_bytes for t in first) <= _IN_LINE_BYTES
        with self._options.open_pool(small) as pool:
            self._map(pool, chain(first, batches))
            while self._again:
                # One by one, a file that kills its worker or hangs takes no other with it.
                again, self._again = self._again, []
                self._map(pool, (self._task([sent]) for sent in again))

    def _map(self, pool: Pool, tasks: Iterable[Task]) -> None:
        for answer in pool.map(tasks):
            self._take(answer)

    def _batches(self, files: Sequence[File]) -> Iterator[Task]:
        anything_stored = bool(self._manifest) or not self._tiers.empty
        for group in _grouped(files, 1 if self._options.single else _BATCH_FILES):
            sent = list(self._unknown(group) if anything_stored else map(_unread, group))
            if sent:
                yield self._task(sent)

    def _unknown(self, files: Sequence[File]) -> Iterator["_Sent"]:
        """Read files; report those whose content is known, and return the others."""
        sources: dict[str, tuple[bytes, bytes]] = {}
        readable = []
        for file in files:
            try:
                sources[file.path] = read_and_digest(file)
                readable.append(file)
            except SourceError as exc:
                self._fail(file.shown, str(exc))
        known = self._records.find((f, sources[f.path][1]) for f in readable)
        rest = [file for file in readable if file.path not in known]
        previous = self._records.previous(rest)
        for found in known.values():
            self._report_known(found, "touched")
        for file in rest:
            records, tier = previous.get(file.path, ([], "l3"))
            yield _Sent(file, sources[file.path][0], tuple(records), tier)

    def _task(self, sent: list["_Sent"]) -> Task:
        number = len(self._sent)
        self._sent[number] = sent
        weight = sum(s.file.signature.size_bytes for s in sent)
        return Task(number, join([s.task().encode() for s in sent]), weight)

    def _take(self, answer: Answer) -> None:
        sent = self._sent[answer.id]
        self._sent[answer.id] = []
        if answer.error is not None:
            self._take_error(sent, answer.error)
            return
        for one, done in zip(sent, split(answer.payload), strict=True):
            self._take_done(one, FileDone.decode(done))

    def _take_error(self, sent: list["_Sent"], error: PoolError) -> None:
        again = len(sent) > 1 or not (sent[0].tried or isinstance(error, TaskTimeout))
        if again:
            self._again += [one._replace(tried=len(sent) == 1) for one in sent]
            return
        self._fail(sent[0].file.shown, f"cannot process {sent[0].file.shown}: {error}")

    def _take_done(self, sent: "_Sent", done: FileDone) -> None:
        file = sent.file
        if not done.digest:
            self._fail(file.shown, done.error)
            return
        for key, payload in zip(self._records.keys(file, done.digest), done.records, strict=True):
            self._unstored.append((key, payload))
            self._unstored_bytes += len(payload)
        self._manifest.note(file.path, Seen(noted(file), done.digest))
        self._report_done(sent, done)
        if self._unstored_bytes > _STORE_BYTES:
            self._store()

    def _store(self) -> None:
        if self._unstored:
            self._tiers.put_many(self._unstored)
            self._unstored.clear()
            self._unstored_bytes = 0

    def _report_known(self, known: Known, status: str) -> None:
        file, records = known.file, known.records
        if status != "reused":
            self._manifest.note(file.path, Seen(noted(file), known.digest))
        chunks = records[0].chunks
        entry = FileReport(file.shown, status, chunks, 0, chunks, hits_in(known.tier, chunks))
        self._add(entry._replace(size_bytes=records[0].size_bytes), records)

    def _report_done(self, sent: "_Sent", done: FileDone) -> None:
        records = [record for record in map(unpack, done.records) if record is not None]
        chunks = records[0].chunks
        reused = chunks - done.reran
        found = reused if sent.previous else 0
        status = "failed" if done.error else "changed"
        shown = sent.file.shown
        entry = FileReport(shown, status, chunks, done.reran, reused, hits_in(sent.tier, found))
        error = f"{shown}: {done.error}" if done.error else None
        self._add(entry._replace(size_bytes=records[0].size_bytes, error=error), records)

    def _add(self, entry: FileReport, records: Sequence[FileRecord]) -> None:
        findings = findings_of(entry.path, self._names, records)
        results = results_of(self._names, records) if self._options.with_values else {}
        self._reports.append(entry._replace(findings=tuple(findings), results=results))
        self._options.progress(len(self._reports), len(self._files))

    def _fail(self, shown: str, error: str) -> None:
        self._reports.append(FileReport(shown, "failed", error=error))
        self._options.progress(len(self._reports), len(self._files))


class _Sent(NamedTuple):
    """A file on its way to a worker."""

    file: File
    source: bytes | None
    previous: tuple[bytes, ...]
    tier: str
    tried: bool = False

    def task(self) -> FileTask:
        file = self.file
        return FileTask(file.shown, file.path, file.language, self.source, self.previous)


def _unread(file: File) -> _Sent:
    """A file that the worker reads: nothing is stored yet that its content could be known by."""
    return _Sent(file, None, (), "l3")


def _grouped(files: Sequence[File], most: int) -> Iterator[list[File]]:
    group: list[File] = []
    size = 0
    for file in files:
        group.append(file)
        size += file.signature.size_bytes
        if size >= _BATCH_BYTES or len(group) >= most:
            yield group
            group, size = [], 0
    if group:
        yield group
