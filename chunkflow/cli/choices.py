"""What options with a fixed set of values take."""

from enum import StrEnum


class ReportFormat(StrEnum):
    """Formats of a report."""

    text = "text"
    json = "json"


class ChunksFormat(StrEnum):
    """Formats of a list of chunks."""

    text = "text"
    json = "json"
    jsonl = "jsonl"


class FailOn(StrEnum):
    """The mildest severity that makes a run fail."""

    error = "error"
    warning = "warning"
    never = "never"


class Color(StrEnum):
    """When to colour."""

    auto = "auto"
    always = "always"
    never = "never"
