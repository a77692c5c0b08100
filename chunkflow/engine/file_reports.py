"""Makes the report of each file, and of the whole run."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from chunkflow.engine.files import File
from chunkflow.engine.lookup import Known
from chunkflow.engine.manifest import Seen
from chunkflow.engine.records.files import Contents, PlacedFindings
from chunkflow.model.finding import Finding
from chunkflow.model.report import (
    CacheMetrics,
    ChunkResult,
    FileFinding,
    FileReport,
    Hits,
    OptimizationMetrics,
    Report,
    ResourceMetrics,
    RunMetrics,
    Totals,
)

_NO_HITS = Hits()
# One for all files: an empty dict each would be a seventh of what is held of a file.
_NO_RESULTS: dict[str, list[ChunkResult]] = {}


class Counts(NamedTuple):
    """Counted in chunks."""

    reran: int
    """On which any processor was called. Where processors want a file cut at other sizes, those of
    the cut with the most of them."""
    hits: Hits
    """Of the others, those that came from the cache, in the finest cut."""


class FileResult(NamedTuple):
    """What became of a file: its report, and what is to be kept."""

    report: FileReport
    notes: tuple[str, ...] = ()
    """What is to be said of the file, though it was processed."""
    path: str = ""
    """Absolute; empty where nothing new was seen of the file."""
    seen: Seen | None = None
    """For the manifest."""
    records: tuple[tuple[bytes, bytes], ...] = ()
    """To be stored, with their keys."""
    late_code: tuple[tuple[int, str, str], ...] = ()
    """Code that processors loaded too late to be in their keys: processor, name, file."""


def fail_file(shown: str, error: str) -> FileResult:
    """A file of which nothing can be said."""
    return FileResult(FileReport(shown, "failed", error=error))


def reuse_file(file: File, known: Known, processors: Sequence[str], *, seen: bool) -> FileResult:
    """A file of which the cache holds all.

    Args:
        file: the file.
        known: what the cache holds of it.
        processors: their names.
        seen: whether the manifest knows this content already.
    """
    chunks = count_chunks(known.contents)
    counts = Counts(0, hits_in(known.tier, chunks))
    status = "reused" if seen else "touched"
    result = report_file(file.shown, status, counts, known.contents, processors)
    return result if seen else result._replace(path=file.path, seen=file.seen(known.digest))


def report_file(
    shown: str,
    status: str,
    counts: Counts,
    contents: Sequence[Contents],
    processors: Sequence[str],
    *,
    error: str | None = None,
) -> FileResult:
    """A file with what each processor said of it.

    Args:
        shown: what the report calls the file.
        status: what became of it.
        counts: chunks that were called for, and of the others those from the cache.
        contents: one a processor.
        processors: their names.
        error: why there is no result for some chunks.
    """
    chunks, (reran, hits) = count_chunks(contents), counts
    has_findings = any([one.findings for one in contents])  # noqa: C419 - a list is quicker
    findings = _place_findings(shown, processors, contents) if has_findings else ()
    has_values = any([one.values for one in contents])  # noqa: C419
    results = _list_values(processors, contents) if has_values else _NO_RESULTS
    reused, size_bytes = chunks - reran, contents[0].size_bytes
    counted = (chunks, reran, reused, hits)
    report = FileReport(shown, status, *counted, findings, results, error, size_bytes)
    notes = tuple(dict.fromkeys(f"{shown}: {one.note}" for one in contents if one.note))
    return FileResult(report, notes)


@lru_cache(maxsize=1024)
def hits_in(tier: str, count: int) -> Hits:
    """All hits in one tier; one value for the many files that have as many."""
    return Hits(**{tier: count}) if count else _NO_HITS


def count_chunks(contents: Iterable[Contents]) -> int:
    """How many chunks a file has; where processors want it cut at other sizes, the finest cut."""
    return max(one.chunks for one in contents)


def _place_findings(
    shown: str, processors: Sequence[str], contents: Sequence[Contents]
) -> tuple[FileFinding, ...]:
    """Every finding, with its place in the file, in the order of the file."""
    found = [
        _place_finding(finding, placed, processor, shown)
        for processor, one in zip(processors, contents, strict=True)
        for placed in one.findings
        for finding in placed.findings
    ]
    found.sort(key=lambda f: (f.start_line, f.start_column, f.processor, f.rule, f.message))
    return tuple(found)


def _place_finding(
    finding: Finding, placed: PlacedFindings, processor: str, shown: str
) -> FileFinding:
    first, last = finding.start_line, finding.end_line or finding.start_line
    # Only on its first line does a chunk begin in the middle.
    indent = placed.start_column - 1
    start = finding.start_column + (indent if first == 1 else 0)
    if finding.end_column is not None:
        end = finding.end_column + (indent if last == 1 else 0)
    else:
        end = start + 1 if last == first else 1
    return FileFinding(
        processor,
        finding.rule or processor,
        finding.severity,
        finding.message,
        shown,
        placed.start_line + first - 1,
        start,
        placed.start_line + last - 1,
        end,
        placed.digest,
    )


def _list_values(
    processors: Sequence[str], contents: Sequence[Contents]
) -> dict[str, list[ChunkResult]]:
    """Processor → its values, in the order of the chunks; processors without any are left out."""
    return {
        processor: [ChunkResult(*placed[1:]) for placed in one.values]
        for processor, one in zip(processors, contents, strict=True)
        if one.values
    }


def report_run(
    files: Iterable[FileReport],
    *,
    seconds: float,
    resources: ResourceMetrics,
    warnings: Iterable[str],
) -> Report:
    """The whole report: the files by path, their sums and the run's figures."""
    ordered = tuple(sorted(files, key=lambda file: file.path))
    totals = Totals(
        files=len(ordered),
        chunks=sum(f.chunks for f in ordered),
        reran=sum(f.reran for f in ordered),
        reused=sum(f.reused for f in ordered),
        findings=sum(len(f.findings) for f in ordered),
        failed=sum(f.status == "failed" for f in ordered),
        bytes=sum(f.size_bytes for f in ordered),
        seconds=seconds,
    )
    metrics = RunMetrics(
        _measure_cache(ordered, totals.chunks),
        resources,
        OptimizationMetrics(totals.reused, totals.bytes / seconds if seconds else 0.0),
    )
    return Report(ordered, totals, metrics, tuple(warnings))


def _measure_cache(files: Sequence[FileReport], chunks: int) -> CacheMetrics:
    l1, l2, l3 = (sum(getattr(f.hits, tier) for f in files) for tier in Hits._fields)
    hits = l1 + l2 + l3
    return CacheMetrics(l1, l2, l3, chunks - hits, hits / chunks if chunks else 0.0)
