"""Tables in Markdown, and figures as they stand in them."""

import math
from collections.abc import Sequence

MEGABYTE = 1e6
MEBIBYTE = 1 << 20


def join_rows(rows: Sequence[Sequence[str]]) -> str:
    """Write the rows, the header and the line below it included, as lines of a table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def format_share(part: float, whole: float, *, digits: int = 1) -> str:
    """Write a part in percent, rounded down so that 100 % means all; `-` where there is nothing."""
    if not whole:
        return "-"
    unit = 10**digits
    return f"{math.floor(100 * unit * part / whole) / unit:.{digits}f} %"


def format_mebibytes(size_bytes: int | None, *, digits: int = 0) -> str:
    """Write a size of memory; `-` where it was not told."""
    return "-" if size_bytes is None else f"{size_bytes / MEBIBYTE:.{digits}f}"
