"""The entries of a run's report, as they come in."""

from collections.abc import Callable, Iterable, Sequence

from chunkflow.engine.plan import Known
from chunkflow.engine.records.files import Contents
from chunkflow.engine.reporting import findings_of, hits_in, results_of
from chunkflow.model.report import ChunkResult, FileReport, Hits

# One for all files: an empty dict each would be a seventh of what is held of a file.
_NO_RESULTS: dict[str, list[ChunkResult]] = {}


class Entries:
    """Collects an entry a file.

    Args:
        names: of the processors.
        progress: told how many files are done, and `total`.
        total: how many files there are.
        warn: told what is to be said of a file, though it was processed.
    """

    def __init__(
        self,
        names: Sequence[str],
        progress: Callable[[int, int], None],
        total: int,
        *,
        warn: Callable[[str], None],
    ) -> None:
        self.reports: list[FileReport] = []
        self._names = names
        self._warn = warn
        self._progress = progress
        self._total = total

    def add_known(self, known: Known, status: str) -> None:
        """A file of which the cache holds all."""
        chunks = chunks_in(known.contents)
        self.add(known.file.shown, status, (0, hits_in(known.tier, chunks)), known.contents)

    def add(
        self,
        shown: str,
        status: str,
        counts: tuple[int, Hits],
        contents: Sequence[Contents],
        *,
        error: str | None = None,
    ) -> None:
        """A file, with what each processor said of it.

        Args:
            shown: what the report calls it.
            status: what became of it.
            counts: chunks that were called for, and of the others those from the cache.
            contents: one a processor.
            error: why there is none for some chunks.
        """
        chunks, (reran, hits) = chunks_in(contents), counts
        has_findings = any([told.findings for told in contents])  # noqa: C419 - a list is quicker
        findings = findings_of(shown, self._names, contents) if has_findings else ()
        has_values = any([told.values for told in contents])  # noqa: C419
        results = results_of(self._names, contents) if has_values else _NO_RESULTS
        size_bytes = contents[0].size_bytes
        for note in dict.fromkeys(told.note for told in contents if told.note):
            self._warn(f"{shown}: {note}")
        self._tell(
            FileReport(
                shown,
                status,
                chunks,
                reran,
                chunks - reran,
                hits,
                findings,
                results,
                error,
                size_bytes,
            )
        )

    def fail(self, shown: str, error: str) -> None:
        """A file of which nothing can be said."""
        self._tell(FileReport(shown, "failed", error=error))

    def _tell(self, report: FileReport) -> None:
        self.reports.append(report)
        self._progress(len(self.reports), self._total)


def chunks_in(contents: Iterable[Contents]) -> int:
    """How many chunks a file has; where processors want it cut at other sizes, the finest cut."""
    return max(told.chunks for told in contents)
