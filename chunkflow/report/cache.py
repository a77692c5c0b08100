"""Renders what the commands about the cache print, as text or JSON."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chunkflow.flow.maintenance import CacheStats, Collected
from chunkflow.model.report import Report
from chunkflow.model.verification import DIFFERENCES, Verification
from chunkflow.report.escape import escape_text
from chunkflow.report.text import render_summary

VERSION = 1
"""Incremented when a field changes its meaning or is removed."""

_MEGABYTE = 1_000_000


def render_directory(directory: str, form: str) -> Iterator[str]:
    """Render the cache's directory; `form` is `text` or `json`, here and below."""
    yield _encode({"directory": directory}) if form == "json" else escape_text(directory)


def render_stats(stats: CacheStats, form: str) -> Iterator[str]:
    """Render what a cache holds."""
    if form == "json":
        yield _encode(_convert_stats(stats))
        return
    yield f"directory    {escape_text(stats.directory)}"
    yield f"store        {stats.store}, format {stats.format}"
    yield f"on disk      {_format_size(stats.size_bytes)} of {_format_size(stats.limit_bytes)}"
    yield f"records      {stats.records:,}"
    for name, kind in stats.kinds.items():
        yield f"  {name:<10} {kind.records:,} ({_format_size(kind.size_bytes)})"
    yield f"oldest use   {_format_day(stats.oldest_use_s)}"
    yield f"newest use   {_format_day(stats.newest_use_s)}"


def render_cleared(before: CacheStats, after: CacheStats, form: str) -> Iterator[str]:
    """Render what was removed from a cache."""
    records, size_bytes = before.records - after.records, before.size_bytes - after.size_bytes
    if form == "json":
        removed = {"records": records, "size_bytes": size_bytes}
        yield _encode({"directory": before.directory, "removed": removed})
        return
    place = escape_text(before.directory)
    yield f"removed {_count_records(records)}, {_format_size(size_bytes)}, from {place}"


def render_collected(collected: Collected, form: str) -> Iterator[str]:
    """Render what collecting garbage has changed."""
    before, after, forgotten = collected
    if form == "json":
        stats = {"before": _convert_stats(before), "after": _convert_stats(after)}
        yield _encode({**stats, "files_forgotten": forgotten})
        return
    yield f"before: {_count_records(before.records)}, {_format_size(before.size_bytes)}"
    yield f"after:  {_count_records(after.records)}, {_format_size(after.size_bytes)}"
    yield f"notes about deleted files removed: {forgotten:,}"


def render_verification(found: Verification, form: str) -> Iterator[str]:
    """Render the result of verifying a cache."""
    if form == "json":
        differences = [difference._asdict() for difference in found.differences]
        yield _encode({**found._asdict(), "differences": differences})
        return
    for path, processor, start_line, end_line, what in found.differences:
        named = f"{escape_text(processor)}: " if processor else ""
        yield f"{escape_text(path)}:{start_line}-{end_line}: {named}{DIFFERENCES[what]}"
    yield _summarise(found)


def render_warmed(report: Report, form: str) -> Iterator[str]:
    """Render the summary of a run, and what could not be processed."""
    errors = [file.error for file in report.files if file.error is not None]
    if form == "json":
        metrics = {name: part._asdict() for name, part in report.metrics._asdict().items()}
        yield _encode({"totals": report.totals._asdict(), "metrics": metrics, "errors": errors})
        return
    yield from (f"failed: {escape_text(error)}" for error in errors)
    yield render_summary(report)


def _summarise(found: Verification) -> str:
    parts = [
        f"{found.checked:,} of {found.files:,} files verified, {found.chunks:,} chunks",
        f"{len(found.differences):,} differences, {len(found.failed):,} failed",
    ]
    if found.records:
        parts.append(f"{_count_records(found.records)} checked, {found.damaged:,} damaged")
    return "; ".join(parts)


def _convert_stats(stats: CacheStats) -> dict[str, Any]:
    return {
        **stats._asdict(),
        "kinds": {name: kind._asdict() for name, kind in stats.kinds.items()},
    }


def _encode(fields: dict[str, Any]) -> str:
    return json.dumps({"version": VERSION, **fields})


def _count_records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"


def _format_size(size_bytes: int) -> str:
    if abs(size_bytes) < _MEGABYTE:
        return f"{size_bytes / 1000:.1f} kB"
    return f"{size_bytes / _MEGABYTE:,.1f} MB"


def _format_day(time_s: int | None) -> str:
    if time_s is None:
        return "never"
    try:
        return datetime.fromtimestamp(time_s, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return "at no time"  # a database may hold anything
