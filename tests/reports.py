"""Reports, taken apart into what must not depend on what the cache held, and what must."""

import json
from typing import Any

from chunkflow.model.report import FileReport

VOLATILE = frozenset(("status", "reran", "reused", "hits", "seconds", "metrics"))


def lasting(report: str) -> str:
    """A JSON report without what may differ from run to run."""
    whole = json.loads(report)
    whole["files"] = [_lasting(file) for file in whole["files"]]
    whole["totals"] = _lasting(whole["totals"])
    return json.dumps(_lasting(whole))


def _lasting(record: dict[str, Any]) -> dict[str, Any]:
    # What failed is told by `error`; whether a file was reused is history.
    return {key: value for key, value in record.items() if key not in VOLATILE}


def counts(report: FileReport) -> tuple[str, int, int]:
    """What a run did with a file: its status, and how many chunks it reran and reused."""
    return report.status, report.reran, report.reused
