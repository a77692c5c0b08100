"""The report for programs: one JSON object."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from chunkflow.model.report import FileReport, Report

VERSION = 1
"""Raised when a field changes its meaning or goes."""


def render_json(report: Report) -> Iterator[str]:
    """The report as JSON, a file a line; lines come without line ends."""
    yield f'{{"version": {VERSION},'
    yield ' "files": ['
    last = len(report.files) - 1
    for number, file in enumerate(report.files):
        yield "  " + _dumped(file_as_dict(file)) + ("," if number < last else "")
    yield " ],"
    yield f' "totals": {_dumped(report.totals._asdict())},'
    metrics = {name: part._asdict() for name, part in report.metrics._asdict().items()}
    yield f' "metrics": {_dumped(metrics)}}}'


def file_as_dict(file: FileReport) -> dict[str, Any]:
    """A file's entry as the JSON formats show it."""
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


def _dumped(value: object) -> str:
    # Non-ASCII is escaped: a name may hold bytes that no encoding allows in the output.
    return json.dumps(value, default=_as_json)


def _as_json(value: Any) -> object:
    return {"$base64": b64encode(value).decode()}
