"""What a user's function returns is in the report, or in the error of its chunk alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from effort import mark_others_slow

from chunkflow import ChunkFlow, Report
from chunkflow.report.json import convert_file

Rules = Callable[[str], Path]
Save = Callable[[str, str], Path]

RULES = """
from chunkflow import Finding, Result, processor

@processor(expensive={expensive})
def rule(chunk):
    if chunk.name == "odd":
        return {returned}
    return ([Finding("said")], {{"$base64": chunk.name, "of": b"ab"}})
"""

SOURCE = "let one\nlet odd\nlet two\n"


def run() -> Report:
    with ChunkFlow() as flow:
        return flow.optimize_files(["a.ts"], processors=["rules:rule"])


def said(report: Report) -> list[str]:
    """All of a report's files but what depends on the cache."""
    told = [convert_file(file) for file in report.files]
    for file in told:
        for name in ("status", "reran", "reused", "hits"):
            del file[name]
    return [json.dumps(file) for file in told]


WRONG = {
    "finding in a value": (
        '{"a": Finding("b")}',
        "result['a'] is a Finding inside a value",
    ),
    "line that is not there": (
        'Finding("b", start_line=2)',
        "result.start_line is 2, but the chunk has 1 line",
    ),
    "column that is not there": (
        'Finding("b", end_column=9)',
        "result.end_column is 9, but line 1 of the chunk has 7",
    ),
    "empty message": (
        'Finding("")',
        "result.message is empty",
    ),
    "surrogate in a message": (
        'Finding("\\udc80")',
        "which holds a lone surrogate",
    ),
    "surrogate in a key": (
        '{"\\ud800": 1}',
        "which holds a lone surrogate",
    ),
    "long number": (
        "10**5000",
        "a whole number that is too long to be printed",
    ),
    "number that JSON lacks": (
        '[float("-inf")]',
        "result[0] is -inf, which JSON cannot hold",
    ),
    "tuple that raises": (
        'type("T", (tuple,), {"__iter__": lambda t: 1 / 0})()',
        "cannot be read: it raised ZeroDivision",
    ),
}
QUICK = ("finding in a value", "column that is not there", "surrogate in a key")


@pytest.mark.parametrize("expensive", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("returned", "cause"), mark_others_slow(WRONG, QUICK))
def test_wrong_result_costs_its_chunk_alone(
    rules: Rules, save: Save, expensive: bool, returned: str, cause: str
) -> None:
    save("a.ts", SOURCE)
    rules(RULES.format(expensive=expensive, returned=returned))
    report = run()
    (file,) = report.files
    assert file.error is not None
    assert file.error.startswith('cannot process a.ts: lines 2-2: processor "rules:rule" gave a')
    assert cause in file.error
    assert [result.name for result in file.results["rules:rule"]] == ["one", "two"]
    assert [finding.start_line for finding in file.findings] == [1, 3]
    assert said(run()) == said(report)


@pytest.mark.parametrize("expensive", [True, False])
def test_findings_and_values_are_the_same_from_the_cache(
    rules: Rules, save: Save, expensive: bool
) -> None:
    save("a.ts", SOURCE)
    rules(RULES.format(expensive=expensive, returned='([], {"a": 1})'))
    report = run()
    (file,) = report.files
    assert file.error is None
    assert [finding.start_line for finding in file.findings] == [1, 3]
    assert [result.value for result in file.results["rules:rule"]] == [
        {"$$base64": "one", "of": {"$base64": "YWI="}},
        {"a": 1},
        {"$$base64": "two", "of": {"$base64": "YWI="}},
    ]
    again = run()
    assert said(again) == said(report)
    assert again.totals.reran == 0
