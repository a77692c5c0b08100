"""What processors say about a chunk: findings, and plain values."""

from typing import NamedTuple, TypeAlias

SEVERITIES = ("info", "warning", "error")
"""Every value that `Finding.severity` can have, mildest first."""

Plain: TypeAlias = (
    "bool | int | float | str | bytes | list[Plain] | tuple[Plain, ...] | dict[str, Plain] | None"
)
"""What a processor may return as a value: JSON can hold it. In a report bytes are
`{"$base64": …}`, and a tuple is a list."""


class Finding(NamedTuple):
    """Something worth telling about a place in a chunk.

    Lines and columns are 1-based, columns in code points, ends exclusive; they count from the
    start of the chunk. Without an end the finding is about one character.
    """

    message: str
    rule: str = ""
    """A short identifier; empty stands for the processor's name."""
    severity: str = "warning"
    """One of `SEVERITIES`."""
    start_line: int = 1
    start_column: int = 1
    end_line: int | None = None
    end_column: int | None = None


class Outcome(NamedTuple):
    """What one processor made of one chunk."""

    findings: tuple[Finding, ...] = ()
    value: "Plain" = None
    error: str | None = None
    """Why there is neither: what the processor raised. Such an outcome is not kept."""
    is_certain: bool = True
    """Whether the key of the result holds all that it depends on; else it is not kept either."""
