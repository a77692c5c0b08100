"""Renders the report for programs, as one JSON object."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from chunkflow.model.explanation import FileExplanation
from chunkflow.model.report import FileReport, Report
from chunkflow.report.explain import convert_explanation

VERSION = 1
"""Incremented when a field changes its meaning or is removed."""


def render_json(report: Report, explained: Sequence[FileExplanation] = ()) -> Iterator[str]:
    """Render the report as JSON, a file a line; lines come without line ends.

    Explanations are in a list `explain` beside `files`.

    Everything outside ASCII is escaped, since a name may hold bytes that no encoding has. Such a
    byte is a lone surrogate, as everywhere in Python: U+DCFF for 0xFF.
    """
    yield f'{{"version": {VERSION},'
    yield ' "files": ['
    last = len(report.files) - 1
    for number, file in enumerate(report.files):
        yield "  " + json.dumps(convert_file(file)) + ("," if number < last else "")
    yield " ],"
    if explained:
        yield f' "explain": {json.dumps([convert_explanation(file) for file in explained])},'
    yield f' "totals": {json.dumps(report.totals._asdict())},'
    metrics = {name: part._asdict() for name, part in report.metrics._asdict().items()}
    yield f' "metrics": {json.dumps(metrics)}}}'


def convert_file(file: FileReport) -> dict[str, Any]:
    """A file's entry as JSON shows it."""
    return {
        "path": file.path,
        "status": file.status,
        "chunks": file.chunks,
        "reran": file.reran,
        "reused": file.reused,
        "hits": file.hits._asdict(),
        "findings": [finding._asdict() for finding in file.findings],
        "results": {
            processor: [result._asdict() for result in results]
            for processor, results in file.results.items()
        },
        "error": file.error,
    }
