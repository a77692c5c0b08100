"""Places in a chunk become places in its file, and files become sums."""

from collections.abc import Sequence

import pytest

from chunkflow.engine.file_reports import (
    Counts,
    count_chunks,
    fail_file,
    hits_in,
    report_file,
    report_run,
    reuse_file,
)
from chunkflow.engine.files import File
from chunkflow.engine.lookup import Known
from chunkflow.engine.manifest import Seen, Signature
from chunkflow.engine.records.files import Contents, PlacedFindings, PlacedValue
from chunkflow.model.finding import Finding
from chunkflow.model.report import FileFinding, FileReport, Hits, ResourceMetrics

SIGNATURE = Signature(1, 0, 0, 0)
FILE = File("a.ts", "/p/a.ts", "typescript", SIGNATURE, 0, None, True)


def contents(*findings: Finding, line: int = 1, column: int = 1) -> Contents:
    return Contents(1, 0, [PlacedFindings(0, "aa", line, column, findings)], [])


def place_findings(
    shown: str, processors: Sequence[str], found: Sequence[Contents]
) -> tuple[FileFinding, ...]:
    return report_file(shown, "changed", Counts(1, Hits()), found, processors).report.findings


def named(chunks: int, value: str) -> Contents:
    findings = [PlacedFindings(0, "ab", 3, 1, (Finding("odd"),))]
    values = [PlacedValue(0, "ab", "variable", "a", 3, 4, value)]
    return Contents(chunks, 70, findings, values)


TWO = (named(5, "first"), named(9, "second"))


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
    (found,) = place_findings("a.ts", ["p"], [contents(finding, line=10, column=5)])
    assert (found.start_line, found.start_column, found.end_line, found.end_column) == place


def test_finding_is_told_with_file_chunk_and_processor() -> None:
    (found,) = place_findings("a.ts", ["p"], [contents(Finding("m", "r", "info"))])
    assert found[:5] == ("p", "r", "info", "m", "a.ts")
    assert found.chunk == "aa"


def test_finding_without_a_rule_has_the_processor_s_name() -> None:
    (found,) = place_findings("a.ts", ["p"], [contents(Finding("m"))])
    assert found.rule == "p"


def test_findings_of_all_processors_come_in_the_order_of_the_file() -> None:
    first = contents(Finding("1", start_line=2), Finding("3", start_line=9))
    second = contents(Finding("2", start_line=2, start_column=2), Finding("0"))
    found = place_findings("a.ts", ["p", "q"], [first, second])
    assert [(f.message, f.processor) for f in found] == [
        ("0", "q"),
        ("1", "p"),
        ("2", "q"),
        ("3", "p"),
    ]


def test_processor_without_values_is_left_out_of_the_results() -> None:
    valued = Contents(1, 0, [], [PlacedValue(0, "aa", "function", "f", 3, 4, {"a": 1})])
    counts = Counts(1, Hits())
    both = [Contents(1, 0, [], []), valued]
    report = report_file("a.ts", "changed", counts, both, ["p", "q"]).report
    assert list(report.results) == ["q"]
    assert report.results["q"] == [("aa", "function", "f", 3, 4, {"a": 1})]


def test_known_file_is_all_reused() -> None:
    report, *_ = reuse_file(FILE, Known(b"d", TWO, "l3"), ["p", "q"], seen=True)
    assert report[:6] == ("a.ts", "reused", 9, 0, 9, Hits(l3=9))
    assert report.size_bytes == 70


def test_known_content_that_was_not_seen_there_is_for_the_manifest() -> None:
    known = Known(b"d", TWO, "l3")
    seen, touched = (reuse_file(FILE, known, ["p", "q"], seen=is_seen) for is_seen in (True, False))
    assert (seen.path, seen.seen) == ("", None)
    assert touched.report == seen.report._replace(status="touched")
    assert (touched.path, touched.seen) == ("/p/a.ts", FILE.seen(b"d"))
    assert isinstance(touched.seen, Seen)


def test_note_of_a_file_is_told_once() -> None:
    noted = tuple(one._replace(note="parsing took too long") for one in TWO)
    result = report_file("a.ts", "changed", Counts(2, Hits(l1=4)), noted, ["p", "q"])
    assert result.notes == ("a.ts: parsing took too long",)


def test_file_has_what_every_processor_said_of_it() -> None:
    report = report_file("a.ts", "changed", Counts(2, Hits(l1=4)), TWO, ["p", "q"]).report
    assert report[:6] == ("a.ts", "changed", 9, 2, 7, Hits(l1=4))
    assert [(f.processor, f.start_line) for f in report.findings] == [("p", 3), ("q", 3)]
    found = {name: [result.value for result in rows] for name, rows in report.results.items()}
    assert found == {"p": ["first"], "q": ["second"]}
    assert report.error is None


def test_file_with_an_error_keeps_its_other_results() -> None:
    report = report_file("a.ts", "failed", Counts(2, Hits()), TWO, ["p", "q"], error="no").report
    assert (report.error, len(report.results)) == ("no", 2)


def test_file_of_which_nothing_can_be_said_has_its_error_alone() -> None:
    result = fail_file("a.ts", "cannot read a.ts")
    assert result == (FileReport("a.ts", "failed", error="cannot read a.ts"), (), "", None, (), ())


def test_chunks_are_those_of_the_finest_cut() -> None:
    assert count_chunks(TWO) == 9


def test_hits_are_counted_in_their_tier() -> None:
    assert (hits_in("l1", 3), hits_in("l3", 2)) == (Hits(3, 0, 0), Hits(0, 0, 2))
    assert hits_in("l3", 0) == Hits()


def test_report_is_sorted_and_summed() -> None:
    finding = place_findings("b.ts", ["p"], [contents(Finding("m"))])[0]
    files = [
        FileReport("b.ts", "changed", 4, 1, 3, Hits(1, 0, 2), (finding,), size_bytes=10),
        FileReport("a.ts", "failed", error="no"),
        FileReport("B.ts", "reused", 4, 0, 4, Hits(0, 0, 4), size_bytes=5),
    ]
    report = report_run(files, seconds=3.0, resources=ResourceMetrics(), warnings=["w"])
    assert [file.path for file in report.files] == ["B.ts", "a.ts", "b.ts"]
    assert report.totals == (3, 8, 1, 7, 1, 1, 15, 3.0)
    assert report.metrics.cache == (1, 0, 6, 1, 7 / 8)
    assert report.metrics.optimization == (7, 5.0)
    assert report.warnings == ("w",)


def test_report_of_nothing_divides_by_nothing() -> None:
    report = report_run([], seconds=0.0, resources=ResourceMetrics(), warnings=[])
    assert report.metrics.cache.hit_rate == 0
    assert report.metrics.optimization.bytes_per_second == 0
