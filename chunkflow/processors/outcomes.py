"""From what a user's function returns to an outcome, or a word on why it is none."""

import math
from typing import NoReturn

from chunkflow.errors import ProcessorError
from chunkflow.model.finding import SEVERITIES, Finding, Outcome, Plain

_MAX_DEPTH = 100


def outcome_of(returned: object) -> Outcome:
    """The outcome: findings for a Finding or a list of them, else a value.

    An empty list is a list of no findings. A value is copied, its tuples turned into lists, so
    that it is what a cache would give back.

    Raises:
        ProcessorError: it is neither; says what is wrong and where, without a subject.
    """
    if returned is None:
        return Outcome()
    if isinstance(returned, Finding):
        return Outcome(findings=(_checked(returned, ""),))
    if isinstance(returned, list | tuple):
        if any(isinstance(item, Finding) for item in returned):
            return Outcome(findings=_all_findings(returned))
        if isinstance(returned, list) and not returned:
            return Outcome()
    return Outcome(value=_plain(returned, "", 0))


def _all_findings(returned: "list[object] | tuple[object, ...]") -> tuple[Finding, ...]:
    findings = []
    for index, item in enumerate(returned):
        if not isinstance(item, Finding):
            _refuse(f"[{index}]", f"is a {_kind(item)} among findings")
        findings.append(_checked(item, f"[{index}]"))
    return tuple(findings)


def _checked(finding: Finding, where: str) -> Finding:
    for name in ("message", "rule", "severity"):
        if not isinstance(getattr(finding, name), str):
            _refuse(f"{where}.{name}", f"is a {_kind(getattr(finding, name))}, not a text")
    if finding.severity not in SEVERITIES:
        _refuse(f"{where}.severity", f'is "{finding.severity}", not one of {", ".join(SEVERITIES)}')
    for name in ("start_line", "start_column", "end_line", "end_column"):
        number = getattr(finding, name)
        if number is None and name.startswith("end"):
            continue
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            _refuse(f"{where}.{name}", f"is {number!r}, not a whole number from 1 on")
    return finding


def _plain(value: object, where: str, depth: int) -> Plain:  # noqa: PLR0911 - a case a type
    if depth > _MAX_DEPTH:
        _refuse(where[:40] + "…", f"is nested more than {_MAX_DEPTH} deep")
    match value:
        case None | bool():
            return value
        case int():
            return int(value)
        case float():
            return _number(value, where)
        case str():
            return str.__str__(value)
        case bytes():
            return bytes(value)
        case list() | tuple():
            items = enumerate(value)
            return [_plain(item, f"{where}[{index}]", depth + 1) for index, item in items]
        case dict():
            return {
                _key(key, where): _plain(item, f"{where}[{key!r}]", depth + 1)
                for key, item in value.items()
            }
    _refuse(
        where,
        f"is a {_kind(value)}; return findings, or None, bool, int, float, str, bytes,"
        " list and dict",
    )


def _number(value: float, where: str) -> float:
    if not math.isfinite(value):
        _refuse(where, f"is {value}, which JSON cannot hold")
    return float(value)


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        _refuse(where, f"is a dict with the key {key!r}; keys must be texts")
    return str.__str__(key)


def _kind(value: object) -> str:
    return type(value).__name__


def _refuse(where: str, what: str) -> NoReturn:
    place = f"result{where}" if where else "what it returned"
    raise ProcessorError(f"gave a wrong result: {place} {what}")
