import pytest

from chunkflow.cli.status import choose_status
from chunkflow.model.report import FileFinding, FileReport, Report, RunMetrics, Totals


def report(*severities: str, failed: int = 0) -> Report:
    findings = tuple(FileFinding("p", "r", s, "m", "a.ts", 1, 1, 1, 2, "aa") for s in severities)
    return Report(
        (FileReport("a.ts", "changed", findings=findings),), Totals(failed=failed), RunMetrics()
    )


@pytest.mark.parametrize(
    ("severities", "fail_on", "status"),
    [
        ((), "warning", 0),
        (("info",), "warning", 0),
        (("info", "warning"), "warning", 1),
        (("warning",), "error", 0),
        (("warning", "error"), "error", 1),
        (("error",), "never", 0),
    ],
)
def test_status_follows_the_worst_finding(
    severities: tuple[str, ...], fail_on: str, status: int
) -> None:
    assert choose_status(report(*severities), fail_on) == status


@pytest.mark.parametrize("fail_on", ["error", "warning", "never"])
def test_failure_outweighs_findings(fail_on: str) -> None:
    assert choose_status(report("error", failed=1), fail_on) == 2
