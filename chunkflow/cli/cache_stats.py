"""`chunkflow cache stats`: print what is in the cache."""

from chunkflow.cli.cache_options import COMMON, CacheArguments, open_flow
from chunkflow.cli.commands import Command
from chunkflow.cli.output import write_lines
from chunkflow.cli.status import BROKEN, SUCCESS
from chunkflow.report.cache import render_stats


def cache_stats(arguments: CacheArguments) -> int:
    """Print the number of records of each kind, the cache's size, and when it was used.

    Example: chunkflow cache stats --format json
    """
    warnings: list[str] = []
    with open_flow(arguments.cache_dir, arguments.config, warnings.append) as flow:
        stats = flow.cache_stats()
    write_lines(render_stats(stats, arguments.format), None)
    return BROKEN if warnings else SUCCESS


COMMAND = Command("cache stats", cache_stats, CacheArguments, COMMON)
