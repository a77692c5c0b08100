"""Exit statuses."""

from chunkflow.model.finding import SEVERITIES
from chunkflow.model.report import Report

SUCCESS = 0
FINDINGS = 1
BROKEN = 2
INTERRUPTED = 130


def choose_status(report: Report, fail_on: str) -> int:
    """The exit status for a report.

    Args:
        report: of the run.
        fail_on: the minimum severity that fails the run, or `never`.
    """
    if report.totals.failed:
        return BROKEN
    if fail_on == "never":
        return SUCCESS
    severe = SEVERITIES[SEVERITIES.index(fail_on) :]
    found = any(finding.severity in severe for file in report.files for finding in file.findings)
    return FINDINGS if found else SUCCESS
