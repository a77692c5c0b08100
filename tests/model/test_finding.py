from chunkflow.model.finding import SEVERITIES, Finding, Outcome


def test_finding_needs_a_message_only() -> None:
    finding = Finding("too long")
    assert finding.severity in SEVERITIES
    assert (finding.start_line, finding.start_column) == (1, 1)
    assert (finding.end_line, finding.end_column) == (None, None)


def test_severities_come_mildest_first() -> None:
    assert SEVERITIES == ("info", "warning", "error")


def test_outcome_says_nothing_by_default() -> None:
    assert Outcome() == ((), None, None, True)
