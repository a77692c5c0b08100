"""Checks what a user's function returns, and makes an outcome of it."""

from collections.abc import Sequence
from typing import TypeGuard

from chunkflow.errors import ProcessorError
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import SEVERITIES, Finding, Outcome, Result
from chunkflow.processors.values import copy_plain_value, copy_text, name_type, refuse, show


def build_outcome(returned: object, chunk: Chunk) -> Outcome:
    """Build the outcome: findings, a value, or both, as `Result` describes them.

    An empty list is a list of no findings. A value is copied, its tuples turned into lists, so
    that it is what a cache would give back.

    Args:
        returned: what the function returned.
        chunk: what it was called with; findings must be about places in its text.

    Raises:
        ProcessorError: it is none of these; says what is wrong and where, without a subject.
    """
    try:
        return _build(returned, chunk)
    except (ProcessorError, MemoryError):
        raise
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - a user's class may raise anything
        refuse("", f"cannot be read: it raised {show(exc)}")


def _build(returned: object, chunk: Chunk) -> Outcome:
    if isinstance(returned, Result):
        findings = _check_findings(returned.findings, ".findings", chunk)
        return Outcome(findings, copy_plain_value(returned.value, ".value"))
    if _is_pair(returned):
        return Outcome(
            _check_findings(returned[0], "[0]", chunk), copy_plain_value(returned[1], "[1]")
        )
    if _is_findings(returned):
        return Outcome(_check_findings(returned, "", chunk))
    return Outcome(value=copy_plain_value(returned, ""))


def _is_findings(returned: object) -> bool:
    if isinstance(returned, Finding) or (isinstance(returned, list) and not returned):
        return True
    if not isinstance(returned, list | tuple):
        return False
    return any(isinstance(item, Finding) for item in returned)


def _is_pair(returned: object) -> TypeGuard[tuple[object, object]]:
    """Whether it is findings and a value. Two findings are not: those are findings alone."""
    if not isinstance(returned, tuple) or len(returned) != 2:
        return False
    first, second = returned
    if isinstance(first, Finding):
        return not isinstance(second, Finding)
    return isinstance(first, list | tuple) and all(isinstance(item, Finding) for item in first)


def _check_findings(given: object, where: str, chunk: Chunk) -> tuple[Finding, ...]:
    if given is None:
        return ()
    if isinstance(given, Finding):
        return (_check(given, where, chunk),)
    if not isinstance(given, list | tuple):
        refuse(where, f"is a {name_type(given)}, not a list of findings")
    for index, item in enumerate(given):
        if not isinstance(item, Finding):
            refuse(f"{where}[{index}]", f"is a {name_type(item)} among findings")
    return tuple(_check(item, f"{where}[{index}]", chunk) for index, item in enumerate(given))


def _check(finding: Finding, where: str, chunk: Chunk) -> Finding:
    """The finding, of plain texts and numbers."""
    message, rule, severity = (
        _check_text(getattr(finding, name), f"{where}.{name}")
        for name in ("message", "rule", "severity")
    )
    if not message.strip():
        refuse(f"{where}.message", "is empty; say what was found")
    if severity not in SEVERITIES:
        refuse(f"{where}.severity", f'is "{severity[:60]}", not one of {", ".join(SEVERITIES)}')
    start_line = _check_place(finding.start_line, f"{where}.start_line")
    start_column = _check_place(finding.start_column, f"{where}.start_column")
    end_line = _check_end(finding.end_line, f"{where}.end_line")
    end_column = _check_end(finding.end_column, f"{where}.end_column")
    checked = Finding(message, rule, severity, start_line, start_column, end_line, end_column)
    _check_inside(checked, where, chunk)
    return checked


def _check_text(value: object, where: str) -> str:
    if not isinstance(value, str):
        refuse(where, f"is a {name_type(value)}, not a string")
    return copy_text(value, where)


def _check_end(number: object, where: str) -> int | None:
    return None if number is None else _check_place(number, where)


def _check_place(number: object, where: str) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        refuse(where, f"is {show(number)}, not a whole number from 1 on")
    return int.__int__(number)


def _check_inside(finding: Finding, where: str, chunk: Chunk) -> None:
    """Refuse a finding that is about a place outside the chunk, or ends before it starts."""
    lines = chunk.text.split("\n")
    first, last = finding.start_line, finding.end_line or finding.start_line
    _check_line(first, f"{where}.start_line", chunk)
    _check_column(finding.start_column, first, f"{where}.start_column", lines)
    _check_line(last, f"{where}.end_line", chunk)
    if last < first:
        refuse(f"{where}.end_line", f"is {last}, before start_line, which is {first}")
    if finding.end_column is None:
        return
    _check_column(finding.end_column, last, f"{where}.end_column", lines)
    if last == first and finding.end_column < finding.start_column:
        start = finding.start_column
        refuse(f"{where}.end_column", f"is {finding.end_column}, before start_column, {start}")


def _check_line(line: int, where: str, chunk: Chunk) -> None:
    count = chunk.end_line - chunk.start_line + 1
    if line > count:
        refuse(where, f"is {show(line)}, but the chunk has {_count(count, 'line')}")


def _check_column(column: int, line: int, where: str, lines: Sequence[str]) -> None:
    length = len(lines[line - 1]) if line <= len(lines) else 0
    if column > length + 1:
        held = _count(length, "character")
        refuse(where, f"is {show(column)}, but line {line} of the chunk has {held}")


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
