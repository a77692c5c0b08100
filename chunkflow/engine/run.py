"""One run: files in, a report out; only what no record holds is processed."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.dispatch import Dispatch, OpenPool, Receiver, Sent
from chunkflow.engine.file_record import Contents, contents_of, unpack
from chunkflow.engine.manifest import Manifest, Seen
from chunkflow.engine.messages import FileDone
from chunkflow.engine.plan import (
    NOTHING_PREVIOUS,
    File,
    Known,
    Records,
    RunProcessor,
    look,
    noted,
    read_and_digest,
)
from chunkflow.engine.reporting import findings_of, hits_in, results_of
from chunkflow.errors import SourceError
from chunkflow.model.report import ChunkResult, FileFinding, FileReport

# Large enough that sending a batch costs nothing beside parsing it, small enough to share out.
_BATCH_BYTES = 96 * 1024
_BATCH_FILES = 64
# Records are stored in transactions of about this size, so that an interruption loses little.
_STORE_BYTES = 4 * 1024 * 1024
# So many files' records are looked up at once: a bulk read, but not all of a large project.
_LOOKUP_FILES = 1024


class RunOptions(NamedTuple):
    """How a run goes about its work."""

    processors: tuple[RunProcessor, ...]
    """At least one."""
    open_pool: OpenPool
    with_values: bool = True
    """Whether the report holds values; a report that shows none is quicker without."""
    trusted: bool = True
    """Whether no processor can do harm. Others run in other processes only, one file a task, so
    that a crash costs one file."""
    progress: Callable[[int, int], None] = lambda _done, _total: None
    """Told the number of files done and in all."""
    warn: Callable[[str], None] = lambda _message: None
    """Told what goes wrong without costing a file."""
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
        An entry a file, in no particular order. A file that cannot be processed has an entry too;
        one that was found, not named, and is gone has none.
    """
    return _Run(list(files), tiers, options).finish()


class _Run:
    def __init__(self, files: Sequence[Wanted], tiers: Tiers, options: RunOptions) -> None:
        self._files = files
        self._tiers = tiers
        self._options = options
        self._names = [processor.name for processor in options.processors]
        self._records = Records(tiers, options.processors, with_values=options.with_values)
        self._manifest = Manifest(tiers, (file.path for file in files))
        self._reports: list[FileReport] = []
        self._unstored: list[tuple[bytes, bytes]] = []
        self._unstored_bytes = 0

    def finish(self) -> list[FileReport]:
        options = self._options
        pending = self._reuse(self._look())
        receiver = Receiver(self._take, self._give_up, options.warn)
        dispatch = Dispatch(options.open_pool, receiver, trusted=options.trusted)
        try:
            if pending:
                dispatch.run(self._batches(pending))
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

    def _reuse(self, files: Iterator[File]) -> list[File]:
        """Report the files that did not change; returns the others."""
        pending = []
        while group := list(islice(files, _LOOKUP_FILES)):
            unchanged = [(f, f.last_digest) for f in group if f.unchanged and f.last_digest]
            known = self._records.find(unchanged)
            for file in group:
                if file.path in known:
                    self._report_known(known[file.path], "reused")
                else:
                    pending.append(file)
        return pending

    def _batches(self, files: Sequence[File]) -> Iterator[list[Sent]]:
        is_anything_stored = bool(self._manifest) or not self._tiers.empty
        for group in _grouped(files, _BATCH_FILES if self._options.trusted else 1):
            batch = list(self._unknown(group) if is_anything_stored else map(Sent, group))
            if batch:
                yield batch

    def _unknown(self, files: Sequence[File]) -> Iterator[Sent]:
        """Read files; report those whose content is known, and yield the others."""
        sources: dict[str, bytes] = {}
        read: list[tuple[File, bytes]] = []
        for file in files:
            try:
                sources[file.path], digest = read_and_digest(file)
            except SourceError as exc:
                self._fail(file.shown, str(exc))
            else:
                read.append((file, digest))
        known = self._records.find(read)
        for found in known.values():
            self._report_known(found, "touched")
        rest = [(file, digest) for file, digest in read if file.path not in known]
        previous = self._records.previous(rest)
        for file, _ in rest:
            yield Sent(file, sources[file.path], previous.get(file.path, NOTHING_PREVIOUS))

    def _take(self, sent: Sent, done: FileDone) -> None:
        file = sent.file
        if not done.digest:
            self._fail(file.shown, done.error)
            return
        contents = [self._decoded(payload) for payload in done.records]
        readable = [told for told in contents if told is not None]
        if not readable or len(readable) != len(self._names):
            self._give_up(sent, "the worker's answer cannot be read")
            return
        if done.note:
            self._options.warn(f"{file.shown}: {done.note}")
        self._keep(self._records.keys(file, done.digest), done.records)
        self._manifest.note(file.path, Seen(noted(file), done.digest))
        self._report_done(sent, done, readable)

    def _decoded(self, payload: bytes) -> Contents | None:
        record = unpack(payload)
        if record is None:
            return None
        return contents_of(record, with_values=self._options.with_values)

    def _keep(self, keys: Sequence[bytes], payloads: Sequence[bytes]) -> None:
        self._unstored += zip(keys, payloads, strict=True)
        self._unstored_bytes += sum(map(len, payloads))
        if self._unstored_bytes > _STORE_BYTES:
            self._store()

    def _store(self) -> None:
        if self._unstored:
            self._tiers.put_many(self._unstored)
            self._unstored.clear()
            self._unstored_bytes = 0

    def _report_known(self, known: Known, status: str) -> None:
        file, contents = known.file, known.contents
        if status != "reused":
            self._manifest.note(file.path, Seen(noted(file), known.digest))
        chunks = _chunks_in(contents)
        hits = hits_in(known.tier, chunks)
        said = self._said(file.shown, contents)
        size_bytes = contents[0].size_bytes
        self._tell(
            FileReport(file.shown, status, chunks, 0, chunks, hits, *said, size_bytes=size_bytes)
        )

    def _report_done(self, sent: Sent, done: FileDone, contents: Sequence[Contents]) -> None:
        shown = sent.file.shown
        chunks = _chunks_in(contents)
        reused = chunks - done.reran
        hits = hits_in(sent.previous.tier, reused if sent.previous.records else 0)
        said = self._said(shown, contents)
        error = f"cannot process {shown}: {done.error}" if done.error else None
        status = "failed" if done.error else "changed"
        size_bytes = contents[0].size_bytes
        self._tell(
            FileReport(shown, status, chunks, done.reran, reused, hits, *said, error, size_bytes)
        )

    def _said(
        self, shown: str, contents: Sequence[Contents]
    ) -> tuple[tuple[FileFinding, ...], dict[str, list[ChunkResult]]]:
        """What the processors said of a file: findings and results."""
        findings = findings_of(shown, self._names, contents)
        return tuple(findings), results_of(self._names, contents)

    def _give_up(self, sent: Sent, cause: str) -> None:
        self._fail(sent.file.shown, f"cannot process {sent.file.shown}: {cause}")

    def _fail(self, shown: str, error: str) -> None:
        self._tell(FileReport(shown, "failed", error=error))

    def _tell(self, report: FileReport) -> None:
        self._reports.append(report)
        self._options.progress(len(self._reports), len(self._files))


def _chunks_in(contents: Iterable[Contents]) -> int:
    """How many chunks a file has; where processors want it cut at other sizes, the finest cut."""
    return max(told.chunks for told in contents)


def _grouped(files: Sequence[File], most: int) -> Iterator[list[File]]:
    group: list[File] = []
    size_bytes = 0
    for file in files:
        group.append(file)
        size_bytes += file.signature.size_bytes
        if size_bytes >= _BATCH_BYTES or len(group) >= most:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group
