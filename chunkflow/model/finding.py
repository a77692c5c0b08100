"""What processors say about a chunk: findings, and plain values."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

SEVERITIES = ("info", "warning", "error")
"""Every value that `Finding.severity` can have, mildest first."""

Plain: TypeAlias = (
    "bool | int | float | str | bytes | list[Plain] | tuple[Plain, ...] | dict[str, Plain] | None"
)
"""What a processor may return as a value: JSON can hold it.

A report, fresh or from the cache, shows a tuple as a list and bytes as `{"$base64": "…"}`. So that
a dict of the user's own is never taken for bytes, a key `$base64` in it is shown as `$$base64`,
`$$base64` as `$$$base64`, and so on: one more `$` in front.
"""


class Finding(NamedTuple):
    """Something worth telling about a place in a chunk.

    Lines and columns are 1-based, columns in code points, ends exclusive; they count from the
    start of the chunk and must be inside it: a column is at most one past the end of its line.
    Without an end the finding is about one character.
    """

    message: str
    """Not empty."""
    rule: str = ""
    """A short identifier; empty stands for the processor's name."""
    severity: str = "warning"
    """One of `SEVERITIES`."""
    start_line: int = 1
    start_column: int = 1
    end_line: int | None = None
    end_column: int | None = None


class Result(NamedTuple):
    """Findings and a value together, as a processor may return them.

    A tuple of the two means the same: `return findings, value`, where `findings` is a Finding, or a
    list or tuple of them, which may be empty. Everywhere else in a value a Finding is an error.
    """

    findings: Finding | Sequence[Finding] = ()
    value: "Plain" = None


class Outcome(NamedTuple):
    """What one processor made of one chunk."""

    findings: tuple[Finding, ...] = ()
    value: "Plain" = None
    error: str | None = None
    """Why there is neither: what the processor raised. Such an outcome is not kept."""
    is_certain: bool = True
    """Whether the key of the result holds all that it depends on; else it is not kept either."""
