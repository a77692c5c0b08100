"""What the commands about the cache print, in words and as JSON."""

import json
from collections.abc import Iterable
from typing import Any

from chunkflow.flow.maintenance import CacheStats, Collected, KindStats
from chunkflow.model.report import FileReport, Report, RunMetrics, Totals
from chunkflow.model.verification import DIFFERENCES, Difference, Verification
from chunkflow.report.cache import (
    render_cleared,
    render_collected,
    render_directory,
    render_stats,
    render_verification,
    render_warmed,
)

STATS = CacheStats(
    "/in/\x1bcache",
    "sqlite",
    2,
    1_000_000_000,
    1_234_567,
    1,
    {"files": KindStats(1, 999)},
    1_700_000_000,
    1_700_086_400,
)


def parsed(lines: Iterable[str]) -> dict[str, Any]:
    (line,) = lines
    told: dict[str, Any] = json.loads(line)
    assert told.pop("version") == 1
    return told


def test_directory_is_a_line() -> None:
    assert list(render_directory("/in/\x1bcache", "text")) == ["/in/\\x1bcache"]
    assert parsed(render_directory("/in/\udcffcache", "json")) == {"directory": "/in/\udcffcache"}


def test_stats_are_a_table() -> None:
    assert list(render_stats(STATS, "text")) == [
        "directory    /in/\\x1bcache",
        "store        sqlite, format 2",
        "on disk      1.2 MB of 1,000.0 MB",
        "records      1",
        "  files      1 (1.0 kB)",
        "oldest use   2023-11-14",
        "newest use   2023-11-15",
    ]


def test_times_that_are_none_are_told() -> None:
    stats = STATS._replace(oldest_use_s=None, newest_use_s=1 << 62)
    assert list(render_stats(stats, "text"))[-2:] == [
        "oldest use   never",
        "newest use   at no time",
    ]


def test_stats_for_programs_have_every_field() -> None:
    told = parsed(render_stats(STATS, "json"))
    assert told == {**STATS._asdict(), "kinds": {"files": {"records": 1, "size_bytes": 999}}}


def test_what_was_cleared_is_told() -> None:
    cleared = Collected(STATS, STATS._replace(records=0, size_bytes=34_567), 0)
    (line,) = render_cleared(*cleared[:2], "text")
    assert line == "removed 1 record, 1.2 MB, from /in/\\x1bcache"
    told = parsed(render_cleared(*cleared[:2], "json"))
    assert told["removed"] == {"records": 1, "size_bytes": 1_200_000}


def test_what_was_collected_is_told() -> None:
    collected = Collected(STATS, STATS._replace(records=0, size_bytes=567), 3)
    assert list(render_collected(collected, "text")) == [
        "before: 1 record, 1.2 MB",
        "after:  0 records, 0.6 kB",
        "notes about deleted files removed: 3",
    ]
    told = parsed(render_collected(collected, "json"))
    assert (told["files_forgotten"], told["after"]["size_bytes"]) == (3, 567)


def test_differences_are_told_line_by_line() -> None:
    differences = (
        Difference("a\x1b.ts", "p", 3, 9, "value"),
        Difference("b.ts", "", 1, 1, "content"),
    )
    found = Verification(1200, 60, 500, differences, ("cannot",), 7, 1)
    assert list(render_verification(found, "text")) == [
        "a\\x1b.ts:3-9: p: the value differs",
        f"b.ts:1-1: {DIFFERENCES['content']}",
        "60 of 1,200 files verified, 500 chunks; 2 differences, 1 failed;"
        " 7 records checked, 1 damaged",
    ]
    told = parsed(render_verification(found, "json"))
    assert told["differences"][0]["what"] == "value"
    assert (told["files"], told["failed"]) == (1200, ["cannot"])


def test_summary_of_a_run_is_told_with_what_failed() -> None:
    files = (FileReport("a.ts", "failed", error="cannot \x1b"), FileReport("b.ts", "changed"))
    report = Report(files, Totals(2, 3, 3), RunMetrics())
    failed, summary = render_warmed(report, "text")
    assert failed == "failed: cannot \\x1b"
    assert summary.startswith("2 files, 3 chunks: 3 rerun")
    told = parsed(render_warmed(report, "json"))
    assert (told["errors"], told["totals"]["chunks"]) == (["cannot \x1b"], 3)
