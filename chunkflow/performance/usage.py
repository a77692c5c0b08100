"""Measures the resources that a run uses, as the operating system counts them."""

import resource
import sys

# Linux counts in KiB, macOS in bytes.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def measure_cpu_s() -> float:
    """Processor time of this process and its ended children."""
    spent = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        spent += usage.ru_utime + usage.ru_stime
    return spent


def measure_peak_memory_bytes() -> int:
    """Highest resident size of this process or one of its ended children."""
    return _RSS_UNIT * max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
