"""What processors return for a chunk: findings, and plain values."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

SEVERITIES = ("info", "warning", "error")
"""Every value that `Finding.severity` can have, lowest first."""

Plain: TypeAlias = (
    "bool | int | float | str | bytes | list[Plain] | tuple[Plain, ...] | dict[str, Plain] | None"
)
"""What a processor can return as a value: anything that JSON can hold.

A report, fresh or from the cache, shows a tuple as a list, and bytes as `{"$base64": "…"}`. To tell
a user's dict from bytes, a key `$base64` in it becomes `$$base64`, `$$base64` becomes `$$$base64`,
and so on.
"""


class Finding(NamedTuple):
    """A remark about a place in a chunk.

    Lines and columns are 1-based, columns in code points, ends exclusive. They count from the
    start of the chunk and must be inside it: a column is at most one past the end of its line.
    Without an end, the finding covers one character.
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
    """Findings and a value together, as a processor can return them.

    A tuple of the two means the same: `return findings, value`, where `findings` is a Finding, or a
    list or tuple of them, which may be empty. A Finding inside a value is an error.
    """

    findings: Finding | Sequence[Finding] = ()
    value: "Plain" = None


class Outcome(NamedTuple):
    """The outcome of one processor for one chunk."""

    findings: tuple[Finding, ...] = ()
    value: "Plain" = None
    error: str | None = None
    """What the processor raised, if there is neither. Such an outcome is not stored."""
    is_certain: bool = True
    """Whether the key holds all that the result depends on; if not, it is not stored either."""
