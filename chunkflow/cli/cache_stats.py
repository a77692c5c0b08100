"""`chunkflow cache stats`: print what is in the cache."""

from chunkflow.cli.cache_options import COMMON, Common, tend
from chunkflow.cli.options import Command
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.flow.maintenance import empty_stats
from chunkflow.report.cache import render_stats


def cache_stats(arguments: Common) -> int:
    """Print how many records of each kind the cache holds, its size, and when it was used.

    Example: chunkflow cache stats --format json
    """
    return tend(arguments, ChunkFlow.cache_stats, empty_stats, render_stats)


COMMAND = Command("cache stats", cache_stats, Common, COMMON)
