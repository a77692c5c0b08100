"""A report in which something of everything is told."""

import pytest

from chunkflow.model.report import (
    CacheMetrics,
    ChunkResult,
    FileFinding,
    FileReport,
    Hits,
    Report,
    RunMetrics,
    Totals,
)


@pytest.fixture
def report() -> Report:
    finding = FileFinding("metrics", "sloc", "warning", "long", "a.ts", 3, 5, 3, 6, "aa")
    plain = finding._replace(rule="metrics", severity="error", message="odd\x1b", start_line=4)
    value = ChunkResult("aa", "function", "f", 3, 9, {"sloc": 7})
    files = (
        FileReport("a.ts", "changed", 2, 1, 1, Hits(0, 0, 1), (finding, plain), {"m": [value]}),
        FileReport("b\udcff.ts", "failed", error="cannot read b\udcff.ts: no such file"),
        FileReport("c.ts", "reused", 1, 0, 1, Hits(1, 0, 0)),
    )
    totals = Totals(3, 1234, 1, 2, 2, 1, 2_500_000, 0.5)
    return Report(files, totals, RunMetrics(CacheMetrics(1, 0, 1, 1, 0.67)))
