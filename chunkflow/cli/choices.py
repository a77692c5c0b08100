"""What options with a fixed set of values take."""

from enum import Enum


class ReportFormat(str, Enum):
    """Formats of a report."""

    text = "text"
    json = "json"


class ChunksFormat(str, Enum):
    """Formats of a list of chunks."""

    text = "text"
    json = "json"
    jsonl = "jsonl"


class FailOn(str, Enum):
    """The mildest severity that makes a run fail."""

    error = "error"
    warning = "warning"
    never = "never"


class Color(str, Enum):
    """When to colour."""

    auto = "auto"
    always = "always"
    never = "never"
