"""Makes the result of a file from what a worker said of it, once all its chunks have results."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chunkflow.engine.file_reports import Counts, FileResult, fail_file, hits_in, report_file
from chunkflow.engine.lookup import FileRecords
from chunkflow.engine.messages import FilePart
from chunkflow.engine.options import RunOptions
from chunkflow.engine.pending_files import CutFile, Draft, FileJob
from chunkflow.engine.records.drafts import fill_draft
from chunkflow.engine.records.files import Contents, contents_of, unpack
from chunkflow.engine.workers import UNREADABLE
from chunkflow.model.report import Hits

# A processor that fails everywhere needs no thousand lines to say so.
_MOST_ERRORS = 20


class _Part(NamedTuple):
    """What one processor said of a file, decoded."""

    record: bytes
    contents: Contents
    errors: Sequence[str]


def make_result(cut: CutFile, options: RunOptions, records: FileRecords) -> FileResult:
    """The result of a file; that it failed, where what the worker said cannot be understood."""
    job, done = cut.job, cut.done
    file, shown = job.file, job.file.shown
    if not done.digest:
        return fail_file(shown, done.error)
    decoded = [
        _decode_part(part, cut.drafts.get(number), with_values=options.with_values)
        for number, part in enumerate(done.parts)
    ]
    parts = [part for part in decoded if part is not None]
    if not parts or len(parts) != len(options.processors):
        return fail_job(job, UNREADABLE)
    contents = [part.contents for part in parts]
    errors = [error for part in parts for error in part.errors]
    result = report_file(
        shown,
        "failed" if errors else "changed",
        _count(cut, options, [one.chunks for one in contents]),
        contents,
        [processor.name for processor in options.processors],
        error=f"cannot process {shown}: {_shorten(errors)}" if errors else None,
    )
    keys = records.keys(file, done.digest)
    return result._replace(
        path=file.path,
        seen=file.seen(done.digest),
        records=tuple(zip(keys, (part.record for part in parts), strict=True)),
        late_code=tuple(_list_late_code(cut)),
    )


def fail_job(job: FileJob, cause: str) -> FileResult:
    """The result of a file that cannot be processed."""
    shown = job.file.shown
    return fail_file(shown, f"cannot process {shown}: {cause}")


def _decode_part(part: FilePart, draft: Draft | None, *, with_values: bool) -> _Part | None:
    record, errors = part.record, part.errors
    if draft is not None:
        places = (missing.place for missing in draft.missing())
        outcomes = (draft.results[missing.key].outcome for missing in draft.missing())
        try:
            filled = fill_draft(record, places, outcomes)
        except (ValueError, TypeError, LookupError):
            return None  # foreign code ran in the worker
        record, errors = filled.record, tuple(filled.errors)
    unpacked = unpack(record)
    contents = None if unpacked is None else contents_of(unpacked, with_values=with_values)
    return None if contents is None else _Part(record, contents, errors)


def _shorten(errors: Sequence[str]) -> str:
    more = len(errors) - _MOST_ERRORS
    rest = [f"and {more} more chunks"] if more > 0 else []
    return "; ".join([*errors[:_MOST_ERRORS], *rest])


def _list_late_code(cut: CutFile) -> Iterator[tuple[int, str, str]]:
    for number, part in enumerate(cut.done.parts):
        yield from ((number, name, path) for name, path in part.late_code.items())
    for number, draft in cut.drafts.items():
        for result in draft.results.values():
            yield from ((number, name, path) for name, path in result.late_code.items())


def _count(cut: CutFile, options: RunOptions, chunks: Sequence[int]) -> Counts:
    """The counts of a file.

    Args:
        cut: the file.
        options: of the run.
        chunks: how many chunks the file has as each processor has it cut.
    """
    done, drafts, previous = cut.done, cut.drafts, cut.job.previous
    limits = [processor.max_chunk_bytes for processor in options.processors]
    if len(limits) == 1 and not drafts:
        count = len(done.parts[0].reran)
        return Counts(count, hits_in(previous.tier, chunks[0] - count if previous.records else 0))
    reran: dict[int | None, set[int]] = {limit: set() for limit in limits}
    for number, limit in enumerate(limits):
        reran[limit].update(done.parts[number].reran)
        if number in drafts:
            reran[limit].update(_called_indexes(drafts[number]))
    finest = chunks.index(max(chunks))
    is_known = bool(previous.records and previous.records[finest])
    rest = chunks[finest] - len(reran[limits[finest]])
    tiers: Counter[str] = Counter()
    if finest in drafts:
        draft = drafts[finest]
        called = reran[limits[finest]]
        others = (m for m in draft.missing() if m.place.chunk_index not in called)
        tiers.update(draft.results[m.key].tier for m in others)
        rest -= tiers.total()
        del tiers[""]
    if is_known:
        tiers[previous.tier] += rest
    return Counts(max(map(len, reran.values())), Hits(**tiers))


def _called_indexes(draft: Draft) -> set[int]:
    """Indexes of the chunks that were called for: of equal ones the first."""
    first: dict[bytes, int] = {}
    for missing in draft.missing():
        if not draft.results[missing.key].tier:
            first.setdefault(missing.key, missing.place.chunk_index)
    return set(first.values())
