"""Files that are new or have changed: they are read, processed, and what is said of them kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.allocator import give_back
from chunkflow.engine.counts import counted
from chunkflow.engine.dispatch.chunk_work import ChunkWork
from chunkflow.engine.dispatch.dispatch import Dispatch, Receiver, Terms
from chunkflow.engine.dispatch.in_hand import Draft, Drafts
from chunkflow.engine.dispatch.sent import Sent, weight_bytes
from chunkflow.engine.entries import Entries
from chunkflow.engine.late_code import keep_late_code
from chunkflow.engine.manifest import Manifest, Seen
from chunkflow.engine.messages import FileDone, FilePart
from chunkflow.engine.options import RunOptions
from chunkflow.engine.plan import NOTHING_PREVIOUS, File, Records, noted, read_and_digest
from chunkflow.engine.records.drafts import filled
from chunkflow.engine.records.files import Contents, contents_of, unpack
from chunkflow.engine.storing import Storing
from chunkflow.errors import SourceError

# Large enough that sending a batch costs nothing beside parsing it, small enough to share out.
_BATCH_BYTES = 96 * 1024
_BATCH_FILES = 64
# A processor that fails everywhere needs no thousand lines to say so.
_MOST_ERRORS = 20
_MOST_NAMES = 5


class _Told(NamedTuple):
    """What one processor said of a file, decoded."""

    record: bytes
    contents: Contents
    errors: Sequence[str]


class Processing:
    """Processes files for a run.

    Args:
        tiers: where records are kept.
        options: processors and the pool.
        manifest: where what is seen of the files is noted.
        records: looks file records up.
        entries: where each file gets its entry.
    """

    def __init__(
        self,
        tiers: Tiers,
        options: RunOptions,
        manifest: Manifest,
        records: Records,
        entries: Entries,
    ) -> None:
        self._tiers = tiers
        self._options = options
        self._manifest = manifest
        self._records = records
        self._entries = entries
        self._late_code: dict[int, dict[str, str]] = {}
        self._limits = [processor.max_chunk_bytes for processor in options.processors]
        self._is_trusted = all(p.trusted for p in options.processors)
        self._is_risky = not all(p.trusted or p.expensive for p in options.processors)
        last_bytes = options.jobs * _BATCH_BYTES
        self._storing = Storing(tiers, options.processors, last_bytes=last_bytes)

    def run(self, files: Iterable[File]) -> None:
        """Process files; those whose content turns out to be known get their entry from that."""
        options = self._options
        chunks = ChunkWork(options.processors, self._tiers, jobs=options.jobs)
        receiver = Receiver(self._take, self._lose, options.warn)
        terms = Terms(self._is_trusted, self._is_risky, options.limit_s, options.should_stop)
        try:
            Dispatch(options.open_pool, receiver, chunks, terms).run(self._batches(files))
        finally:
            self._storing.store()
            self._keep_late_code(chunks.late_code)

    def _keep_late_code(self, of_chunks: Mapping[int, Mapping[str, str]]) -> None:
        for number, processor in enumerate(self._options.processors):
            code = {**of_chunks.get(number, {}), **self._late_code.get(number, {})}
            if not code:
                continue
            keep_late_code(self._tiers, processor.base, self._options.root, code)
            names = ", ".join(sorted(code)[:_MOST_NAMES])
            self._options.warn(
                f'processor "{processor.name}" loaded {names} while it ran, or it had changed by'
                " then: what it said since is not kept; the next run takes it into account"
            )

    def _batches(self, files: Iterable[File]) -> Iterator[list[Sent]]:
        is_anything_stored = bool(self._manifest) or not self._tiers.is_empty
        for group in _grouped(files, 1 if self._is_risky else _BATCH_FILES):
            batch = list(self._unknown(group) if is_anything_stored else map(Sent, group))
            if batch:
                self._storing.expect(weight_bytes(batch))
                yield batch
        self._storing.expect_no_more()

    def _unknown(self, files: Sequence[File]) -> Iterator[Sent]:
        """Read files; add entries of those whose content is known, and yield the others."""
        sources: dict[str, bytes | None] = {}
        read: list[tuple[File, bytes]] = []
        for file in files:
            try:
                sources[file.path], digest = read_and_digest(file, self._options.streaming_bytes)
            except SourceError as exc:
                self._entries.fail(file.shown, str(exc))
            else:
                read.append((file, digest))
        known = self._records.find(read)
        for found in known.values():
            self._manifest.note(found.file.path, Seen(noted(found.file), found.digest))
            self._entries.add_known(found, "touched")
        rest = [(file, digest) for file, digest in read if file.path not in known]
        previous = self._records.previous(rest)
        for file, _ in rest:
            yield Sent(file, sources[file.path], previous.get(file.path, NOTHING_PREVIOUS))

    def _take(self, sent: Sent, done: FileDone, drafts: Drafts) -> None:
        file, size_bytes = sent.file, sent.file.signature.size_bytes
        bound = self._options.streaming_bytes
        tidy = give_back if bound is not None and size_bytes > bound else _nothing
        tidy()
        self._storing.settle(size_bytes)
        if not done.digest:
            self._entries.fail(file.shown, done.error)
            return
        with_values = self._options.with_values
        told = [
            _told(part, drafts.get(number), with_values=with_values)
            for number, part in enumerate(done.parts)
        ]
        readable = [one for one in told if one is not None]
        if not readable or len(readable) != len(self._options.processors):
            self._give_up(sent, "the worker's answer cannot be read")
            return
        tidy()
        for number, part in enumerate(done.parts):
            if part.late_code:
                self._late_code.setdefault(number, {}).update(part.late_code)
        keys = self._records.keys(file, done.digest)
        self._storing.keep(list(zip(keys, [one.record for one in readable], strict=True)))
        self._manifest.note(file.path, Seen(noted(file), done.digest))
        self._add_entry(sent, done, drafts, readable)

    def _lose(self, sent: Sent, cause: str) -> None:
        self._storing.settle(sent.file.signature.size_bytes)
        self._give_up(sent, cause)

    def _add_entry(self, sent: Sent, done: FileDone, drafts: Drafts, told: Sequence[_Told]) -> None:
        shown, contents = sent.file.shown, [one.contents for one in told]
        sizes = [one.chunks for one in contents]
        counts = counted(done, drafts, sent.previous, self._limits, sizes)
        errors = [error for one in told for error in one.errors]
        error = f"cannot process {shown}: {_in_short(errors)}" if errors else None
        status = "failed" if errors else "changed"
        self._entries.add(shown, status, counts, contents, error=error)

    def _give_up(self, sent: Sent, cause: str) -> None:
        self._entries.fail(sent.file.shown, f"cannot process {sent.file.shown}: {cause}")


def _nothing() -> None:
    """Nothing is to be done."""


def _told(part: FilePart, draft: Draft | None, *, with_values: bool) -> _Told | None:
    record: bytes = part.record
    errors: Sequence[str] = part.errors
    if draft is not None:
        places = (missing.place for missing in draft.missing)
        found = (draft.results[missing.key].outcome for missing in draft.missing)
        try:
            record, errors = filled(record, places, found)
        except (ValueError, TypeError, LookupError):
            return None  # foreign code ran in the worker
    unpacked = unpack(record)
    contents = None if unpacked is None else contents_of(unpacked, with_values=with_values)
    return None if contents is None else _Told(record, contents, errors)


def _in_short(errors: Sequence[str]) -> str:
    more = len(errors) - _MOST_ERRORS
    rest = [f"and {more} more chunks"] if more > 0 else []
    return "; ".join([*errors[:_MOST_ERRORS], *rest])


def _grouped(files: Iterable[File], most: int) -> Iterator[list[File]]:
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
