"""Places in a chunk become places in its file, and files become sums."""

import pytest

from chunkflow.engine.records.files import Contents, PlacedFindings, PlacedValue
from chunkflow.engine.reporting import assembled, findings_of, hits_in, results_of
from chunkflow.model.finding import Finding
from chunkflow.model.report import FileReport, Hits, ResourceMetrics


def contents(*findings: Finding, line: int = 1, column: int = 1) -> Contents:
    return Contents(1, 0, [PlacedFindings(0, "aa", line, column, findings)], [])


@pytest.mark.parametrize(
    ("finding", "place"),
    [
        (Finding("m"), (10, 5, 10, 6)),
        (Finding("m", start_line=1, start_column=3), (10, 7, 10, 8)),
        (Finding("m", start_line=2, start_column=3), (11, 3, 11, 4)),
        (Finding("m", start_line=1, start_column=3, end_line=1, end_column=9), (10, 7, 10, 13)),
        (Finding("m", start_line=1, start_column=3, end_line=3, end_column=9), (10, 7, 12, 9)),
        (Finding("m", start_line=1, start_column=3, end_line=3), (10, 7, 12, 1)),
        (Finding("m", start_line=2, start_column=3, end_column=9), (11, 3, 11, 9)),
    ],
)
def test_place_counts_from_the_start_of_the_file(
    finding: Finding, place: tuple[int, int, int, int]
) -> None:
    (found,) = findings_of("a.ts", ["p"], [contents(finding, line=10, column=5)])
    assert (found.start_line, found.start_column, found.end_line, found.end_column) == place


def test_finding_is_told_with_file_chunk_and_processor() -> None:
    (found,) = findings_of("a.ts", ["p"], [contents(Finding("m", "r", "info"))])
    assert found[:5] == ("p", "r", "info", "m", "a.ts")
    assert found.chunk == "aa"


def test_finding_without_a_rule_has_the_processor_s_name() -> None:
    (found,) = findings_of("a.ts", ["p"], [contents(Finding("m"))])
    assert found.rule == "p"


def test_findings_of_all_processors_come_in_the_order_of_the_file() -> None:
    first = contents(Finding("1", start_line=2), Finding("3", start_line=9))
    second = contents(Finding("2", start_line=2, start_column=2), Finding("0"))
    found = findings_of("a.ts", ["p", "q"], [first, second])
    assert [(f.message, f.processor) for f in found] == [
        ("0", "q"),
        ("1", "p"),
        ("2", "q"),
        ("3", "p"),
    ]


def test_processor_without_values_is_left_out_of_the_results() -> None:
    told = Contents(1, 0, [], [PlacedValue(0, "aa", "function", "f", 3, 4, {"a": 1})])
    results = results_of(["p", "q"], [Contents(1, 0, [], []), told])
    assert list(results) == ["q"]
    assert results["q"] == [("aa", "function", "f", 3, 4, {"a": 1})]


def test_hits_are_counted_in_their_tier() -> None:
    assert (hits_in("l1", 3), hits_in("l3", 2)) == (Hits(3, 0, 0), Hits(0, 0, 2))
    assert hits_in("l3", 0) == Hits()


def test_report_is_sorted_and_summed() -> None:
    finding = findings_of("b.ts", ["p"], [contents(Finding("m"))])[0]
    files = [
        FileReport("b.ts", "changed", 4, 1, 3, Hits(1, 0, 2), (finding,), size_bytes=10),
        FileReport("a.ts", "failed", error="no"),
        FileReport("B.ts", "reused", 4, 0, 4, Hits(0, 0, 4), size_bytes=5),
    ]
    report = assembled(files, seconds=3.0, resources=ResourceMetrics(), warnings=["w"])
    assert [file.path for file in report.files] == ["B.ts", "a.ts", "b.ts"]
    assert report.totals == (3, 8, 1, 7, 1, 1, 15, 3.0)
    assert report.metrics.cache == (1, 0, 6, 1, 7 / 8)
    assert report.metrics.optimization == (7, 5.0)
    assert report.warnings == ("w",)


def test_report_of_nothing_divides_by_nothing() -> None:
    report = assembled([], seconds=0.0, resources=ResourceMetrics(), warnings=[])
    assert report.metrics.cache.hit_rate == 0
    assert report.metrics.optimization.bytes_per_second == 0
