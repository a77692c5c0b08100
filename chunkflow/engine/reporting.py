"""From what is known of a file to its entry in the report."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

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


@lru_cache(maxsize=1024)
def hits_in(tier: str, count: int) -> Hits:
    """All hits in one tier; one value for the many files that have as many."""
    return Hits(**{tier: count}) if count else _NO_HITS


def findings_of(
    shown: str, processors: Sequence[str], contents: Sequence[Contents]
) -> tuple[FileFinding, ...]:
    """Every finding, with its place in the file, in the order of the file."""
    found = [
        _in_file(finding, placed, processor, shown)
        for processor, told in zip(processors, contents, strict=True)
        for placed in told.findings
        for finding in placed.findings
    ]
    found.sort(key=lambda f: (f.start_line, f.start_column, f.processor, f.rule, f.message))
    return tuple(found)


def _in_file(finding: Finding, placed: PlacedFindings, processor: str, shown: str) -> FileFinding:
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


def results_of(
    processors: Sequence[str], contents: Sequence[Contents]
) -> dict[str, list[ChunkResult]]:
    """Processor → its values, in the order of the chunks; processors without any are left out."""
    return {
        processor: [ChunkResult(*placed[1:]) for placed in told.values]
        for processor, told in zip(processors, contents, strict=True)
        if told.values
    }


def assembled(
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
        _cache_metrics(ordered, totals.chunks),
        resources,
        OptimizationMetrics(totals.reused, totals.bytes / seconds if seconds else 0.0),
    )
    return Report(ordered, totals, metrics, tuple(warnings))


def _cache_metrics(files: Sequence[FileReport], chunks: int) -> CacheMetrics:
    l1, l2, l3 = (sum(getattr(f.hits, tier) for f in files) for tier in Hits._fields)
    hits = l1 + l2 + l3
    return CacheMetrics(l1, l2, l3, chunks - hits, hits / chunks if chunks else 0.0)
