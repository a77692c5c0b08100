"""What programs read of a run."""

import json

import pytest

from chunkflow.model.explanation import FileExplanation
from chunkflow.model.report import FileReport, Report, RunMetrics, Totals
from chunkflow.report.json import render_json


def read(report: Report) -> dict[str, object]:
    loaded = json.loads("\n".join(render_json(report)))
    assert isinstance(loaded, dict)
    return loaded


def test_report_has_the_documented_form(report: Report) -> None:
    told = read(report)
    assert list(told) == ["version", "files", "totals", "metrics"]
    assert told["version"] == 1
    assert told["totals"] == {
        "files": 3,
        "chunks": 1234,
        "reran": 1,
        "reused": 2,
        "findings": 2,
        "failed": 1,
        "bytes": 2_500_000,
        "seconds": 0.5,
    }
    metrics = told["metrics"]
    assert isinstance(metrics, dict)
    assert list(metrics) == ["cache", "resources", "optimization"]
    assert metrics["cache"]["hit_rate"] == 0.67


def test_file_has_the_documented_form(report: Report) -> None:
    files = read(report)["files"]
    assert isinstance(files, list)
    finding = {
        "processor": "metrics",
        "rule": "sloc",
        "severity": "warning",
        "message": "long",
        "path": "a.ts",
        "start_line": 3,
        "start_column": 5,
        "end_line": 3,
        "end_column": 6,
        "chunk": "aa",
    }
    value = {
        "chunk": "aa",
        "kind": "function",
        "name": "f",
        "start_line": 3,
        "end_line": 9,
        "value": {"sloc": 7},
    }
    assert files[0] == {
        "path": "a.ts",
        "status": "changed",
        "chunks": 2,
        "reran": 1,
        "reused": 1,
        "hits": {"l1": 0, "l2": 0, "l3": 1},
        "findings": [
            finding,
            {
                **finding,
                "rule": "metrics",
                "severity": "error",
                "message": "odd\x1b",
                "start_line": 4,
            },
        ],
        "results": {"m": [value]},
        "error": None,
    }


def test_name_of_any_bytes_is_told(report: Report) -> None:
    files = read(report)["files"]
    assert isinstance(files, list)
    assert files[1]["path"] == "b\udcff.ts"
    assert all(line.isascii() for line in render_json(report))


def test_a_file_stands_on_a_line_of_its_own(report: Report) -> None:
    lines = list(render_json(report))
    assert [line for line in lines if '"path": "c.ts"' in line] == [lines[4]]


@pytest.mark.parametrize("files", [(), (FileReport("a.ts", "reused"),)])
def test_report_of_any_length_is_json(files: tuple[FileReport, ...]) -> None:
    told = read(Report(files, Totals(), RunMetrics()))["files"]
    assert isinstance(told, list)
    assert len(told) == len(files)


def test_explanations_stand_beside_the_files(report: Report) -> None:
    assert "explain" not in read(report)
    told = json.loads("\n".join(render_json(report, [FileExplanation("a.ts", error="cannot")])))
    assert told.pop("explain") == [{"path": "a.ts", "chunks": [], "error": "cannot"}]
    assert told == read(report)
