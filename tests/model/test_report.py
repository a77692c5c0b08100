import pytest

from chunkflow.model.report import FileReport, Report, RunMetrics, Totals


def test_report_cannot_be_changed() -> None:
    report = Report((), Totals(), RunMetrics())
    with pytest.raises(AttributeError):
        report.files = ()  # type: ignore[misc]


def test_file_report_needs_path_and_status_only() -> None:
    entry = FileReport("a.ts", "failed")
    assert (entry.chunks, entry.findings, entry.results, entry.error) == (0, (), {}, None)
