"""What people read of a run."""

from chunkflow.model.report import Report, RunMetrics, Totals
from chunkflow.report.text import render_summary, render_text


def test_a_line_a_finding_a_line_a_failure_and_a_summary(report: Report) -> None:
    assert list(render_text(report)) == [
        "a.ts:3:5: warning: long [metrics/sloc]",
        "a.ts:4:5: error: odd\\x1b [metrics]",
        "failed: cannot read b\\udcff.ts: no such file",
        "3 files, 1,234 chunks: 1 rerun, 2 reused (hits: L1 1, L2 0, L3 1);"
        " 2 findings, 1 failed; 2.5 MB in 0.50 s (5.0 MB/s)",
    ]


def test_summary_can_be_left_out(report: Report) -> None:
    assert len(list(render_text(report, summary=False))) == 3


def test_colours_stand_around_place_and_severity(report: Report) -> None:
    first, second, third, _ = render_text(report, color=True)
    assert first == "\x1b[1ma.ts:3:5\x1b[0m: \x1b[33mwarning\x1b[0m: long [metrics/sloc]"
    assert "\x1b[31merror\x1b[0m: odd\\x1b" in second
    assert third.startswith("\x1b[31mfailed\x1b[0m: cannot read ")


def test_one_of_something_is_singular() -> None:
    line = render_summary(Report((), Totals(files=1, chunks=1, findings=1), RunMetrics()))
    assert line.startswith("1 file, 1 chunk: ")
    assert "1 finding, " in line
    assert line.endswith("0.0 MB in 0.00 s (0.0 MB/s)")
