"""The report of a run: an entry for each file, and the totals."""

from typing import NamedTuple

from chunkflow.model.finding import Plain


class Hits(NamedTuple):
    """The number of chunks whose results came from each tier."""

    l1: int = 0
    l2: int = 0
    l3: int = 0


class FileFinding(NamedTuple):
    """A finding with its place in the file; lines and columns 1-based, ends exclusive."""

    processor: str
    rule: str
    severity: str
    message: str
    path: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int
    chunk: str
    """The digest of the chunk, in hexadecimal."""


class ChunkResult(NamedTuple):
    """The value that a processor returned for a chunk."""

    chunk: str
    """The digest of the chunk, in hexadecimal."""
    kind: str
    name: str | None
    start_line: int
    end_line: int
    value: Plain


class FileReport(NamedTuple):
    """What the run did with one file, and what the processors returned."""

    path: str
    status: str
    """`reused` (unchanged), `touched` (known content), `changed` (processed) or `failed`."""
    chunks: int = 0
    reran: int = 0
    reused: int = 0
    hits: Hits = Hits()
    findings: tuple[FileFinding, ...] = ()
    results: dict[str, list[ChunkResult]] = {}  # noqa: RUF012 - a NamedTuple's default, never changed
    """Processor name → values, in the order of the chunks."""
    error: str | None = None
    size_bytes: int = 0


class Totals(NamedTuple):
    """Sums over the files of a run."""

    files: int = 0
    chunks: int = 0
    reran: int = 0
    reused: int = 0
    findings: int = 0
    failed: int = 0
    bytes: int = 0
    seconds: float = 0.0


class CacheMetrics(NamedTuple):
    """Reads of the cache during the run, counted in chunks."""

    l1_hits: int = 0
    l2_hits: int = 0
    l3_hits: int = 0
    misses: int = 0
    hit_rate: float = 0.0


class ResourceMetrics(NamedTuple):
    """Resources that the run used, worker processes included."""

    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    """Highest resident size of the largest single process."""
    jobs: int = 1


class OptimizationMetrics(NamedTuple):
    """What the cache saved."""

    chunks_saved: int = 0
    bytes_per_second: float = 0.0


class RunMetrics(NamedTuple):
    """Figures measured during the run."""

    cache: CacheMetrics = CacheMetrics()
    resources: ResourceMetrics = ResourceMetrics()
    optimization: OptimizationMetrics = OptimizationMetrics()


class Report(NamedTuple):
    """The whole report; `files` is sorted by path."""

    files: tuple[FileReport, ...]
    totals: Totals
    metrics: RunMetrics
    warnings: tuple[str, ...] = ()
