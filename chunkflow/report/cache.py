"""What the commands about the cache print, for people and for programs."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chunkflow.flow.maintenance import CacheStats, Collected
from chunkflow.model.report import Report
from chunkflow.model.verification import DIFFERENCES, Verification
from chunkflow.report.escape import escaped
from chunkflow.report.text import summary_line

VERSION = 1
"""Raised when a field changes its meaning or goes."""

_MEGABYTE = 1_000_000


def render_directory(directory: str, form: str) -> Iterator[str]:
    """Where a cache is; `form` is `text` or `json`, here and below."""
    yield _json({"directory": directory}) if form == "json" else escaped(directory)


def render_stats(stats: CacheStats, form: str) -> Iterator[str]:
    """What is in a cache."""
    if form == "json":
        yield _json(_stats_as_dict(stats))
        return
    yield f"directory    {escaped(stats.directory)}"
    yield f"store        {stats.store}, format {stats.format}"
    yield f"on disk      {_size(stats.size_bytes)} of {_size(stats.limit_bytes)}"
    yield f"records      {stats.records:,}"
    for name, kind in stats.kinds.items():
        yield f"  {name:<10} {kind.records:,} ({_size(kind.size_bytes)})"
    yield f"oldest use   {_day(stats.oldest_use_s)}"
    yield f"newest use   {_day(stats.newest_use_s)}"


def render_cleared(cleared: Collected, form: str) -> Iterator[str]:
    """What was removed from a cache."""
    before, after = cleared.before, cleared.after
    records, size_bytes = before.records - after.records, before.size_bytes - after.size_bytes
    if form == "json":
        removed = {"records": records, "size_bytes": size_bytes}
        yield _json({"directory": before.directory, "removed": removed})
        return
    place = escaped(before.directory)
    yield f"removed {_records(records)}, {_size(size_bytes)}, from {place}"


def render_collected(collected: Collected, form: str) -> Iterator[str]:
    """What collecting garbage has done."""
    before, after, forgotten = collected
    if form == "json":
        told = {"before": _stats_as_dict(before), "after": _stats_as_dict(after)}
        yield _json({**told, "files_forgotten": forgotten})
        return
    yield f"before: {_records(before.records)}, {_size(before.size_bytes)}"
    yield f"after:  {_records(after.records)}, {_size(after.size_bytes)}"
    yield f"files that are gone and were forgotten: {forgotten:,}"


def render_verification(found: Verification, form: str) -> Iterator[str]:
    """What verifying a cache has shown."""
    if form == "json":
        differences = [difference._asdict() for difference in found.differences]
        yield _json({**found._asdict(), "differences": differences})
        return
    for path, processor, start_line, end_line, what in found.differences:
        named = f"{escaped(processor)}: " if processor else ""
        yield f"{escaped(path)}:{start_line}-{end_line}: {named}{DIFFERENCES[what]}"
    yield _verified(found)


def render_warmed(report: Report, form: str) -> Iterator[str]:
    """The summary of a run, and what could not be processed."""
    errors = [file.error for file in report.files if file.error is not None]
    if form == "json":
        metrics = {name: part._asdict() for name, part in report.metrics._asdict().items()}
        yield _json({"totals": report.totals._asdict(), "metrics": metrics, "errors": errors})
        return
    yield from (f"failed: {escaped(error)}" for error in errors)
    yield summary_line(report)


def _verified(found: Verification) -> str:
    parts = [
        f"{found.checked:,} of {found.files:,} files verified, {found.chunks:,} chunks",
        f"{len(found.differences):,} differences, {len(found.failed):,} failed",
    ]
    if found.records:
        parts.append(f"{_records(found.records)} checked, {found.damaged:,} damaged")
    return "; ".join(parts)


def _stats_as_dict(stats: CacheStats) -> dict[str, Any]:
    return {
        **stats._asdict(),
        "kinds": {name: kind._asdict() for name, kind in stats.kinds.items()},
    }


def _json(fields: dict[str, Any]) -> str:
    return json.dumps({"version": VERSION, **fields})


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"


def _size(size_bytes: int) -> str:
    if abs(size_bytes) < _MEGABYTE:
        return f"{size_bytes / 1000:.1f} kB"
    return f"{size_bytes / _MEGABYTE:,.1f} MB"


def _day(time_s: int | None) -> str:
    if time_s is None:
        return "never"
    try:
        return datetime.fromtimestamp(time_s, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return "at no time"  # a database may hold anything
