"""From what is known of a file to its entry in the report."""

from collections.abc import Iterable, Sequence

from chunkflow.engine.file_record import FileRecord, placed_findings, placed_values
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


def hits_in(tier: str, count: int) -> Hits:
    """All hits in one tier."""
    return Hits()._replace(**{tier: count}) if count else Hits()


def findings_of(shown: str, processors: Sequence[str], records: Sequence[FileRecord]) -> list[FileFinding]:
    """Every finding, with its place in the file, in the order of the file."""
    found = [
        _in_file(finding, shown, processor, placed.digest, placed.start_line, placed.start_column)
        for processor, record in zip(processors, records, strict=True)
        for placed in placed_findings(record)
        for finding in placed.findings
    ]
    found.sort(key=lambda f: (f.start_line, f.start_column, f.processor, f.rule, f.message))
    return found


def _in_file(
    finding: Finding, shown: str, processor: str, digest: str, line: int, column: int
) -> FileFinding:
    first, last = finding.start_line, finding.end_line or finding.start_line
    start = finding.start_column + (column - 1 if first == 1 else 0)
    if finding.end_column is not None:
        end = finding.end_column + (column - 1 if last == 1 else 0)
    else:
        end = start + 1 if last == first else 1
    return FileFinding(
        processor,
        finding.rule or processor,
        finding.severity,
        finding.message,
        shown,
        line + first - 1,
        start,
        line + last - 1,
        end,
        digest,
    )


def results_of(
    processors: Sequence[str], records: Sequence[FileRecord]
) -> dict[str, list[ChunkResult]]:
    """Processor → its values, in the order of the chunks; processors without any are left out."""
    results = {
        processor: [ChunkResult(*placed[1:]) for placed in placed_values(record)]
        for processor, record in zip(processors, records, strict=True)
    }
    return {processor: values for processor, values in results.items() if values}


def assembled(
    files: Iterable[FileReport], *, seconds: float, resources: ResourceMetrics, warnings: Iterable[str]
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
    l1, l2, l3 = (sum(column) for column in zip(Hits(), *(f.hits for f in ordered), strict=True))
    rate = (l1 + l2 + l3) / totals.chunks if totals.chunks else 0.0
    metrics = RunMetrics(
        CacheMetrics(l1, l2, l3, totals.chunks - l1 - l2 - l3, rate),
        resources,
        OptimizationMetrics(totals.reused, totals.bytes / seconds if seconds else 0.0),
    )
    return Report(ordered, totals, metrics, tuple(warnings))
