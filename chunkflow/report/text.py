"""Renders the report for people: a line for each finding and error, then a summary."""

from collections.abc import Iterator

from chunkflow.model.report import FileFinding, Report
from chunkflow.report.escape import escape_text

_RESET = "\x1b[0m"
_COLORS = {"error": "\x1b[31m", "warning": "\x1b[33m", "info": "\x1b[36m", "path": "\x1b[1m"}


def render_text(report: Report, *, color: bool = False, summary: bool = True) -> Iterator[str]:
    """Render the report as lines without line ends.

    Args:
        report: of the run.
        color: whether to use ANSI colours.
        summary: whether the last line shows the totals.
    """
    for file in report.files:
        for finding in file.findings:
            yield _render_finding(finding, color=color)
        if file.error is not None:
            # The message names the file.
            yield f"{_paint('failed', 'error', color=color)}: {escape_text(file.error)}"
    if summary:
        yield render_summary(report)


def render_summary(report: Report) -> str:
    """Render the totals as one line."""
    totals, cache = report.totals, report.metrics.cache
    rate = totals.bytes / 1e6 / totals.seconds if totals.seconds else 0.0
    parts = [
        f"{_count(totals.files, 'file')}, {_count(totals.chunks, 'chunk')}: {totals.reran:,} rerun,"
        f" {totals.reused:,} reused"
        f" (hits: L1 {cache.l1_hits:,}, L2 {cache.l2_hits:,}, L3 {cache.l3_hits:,})",
        f"{_count(totals.findings, 'finding')}, {totals.failed:,} failed",
        f"{totals.bytes / 1e6:.1f} MB in {totals.seconds:.2f} s ({rate:.1f} MB/s)",
    ]
    return "; ".join(parts)


def _render_finding(finding: FileFinding, *, color: bool) -> str:
    place = f"{escape_text(finding.path)}:{finding.start_line}:{finding.start_column}"
    named = finding.rule == finding.processor
    rule = finding.rule if named else f"{finding.processor}/{finding.rule}"
    level = _paint(finding.severity, finding.severity, color=color)
    message = escape_text(finding.message)
    return f"{_paint(place, 'path', color=color)}: {level}: {message} [{escape_text(rule)}]"


def _paint(text: str, style: str, *, color: bool) -> str:
    return f"{_COLORS[style]}{text}{_RESET}" if color else text


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
