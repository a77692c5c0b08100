"""Looks at other processes."""

from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether a process is there, and more than its exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
