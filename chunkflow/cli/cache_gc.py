"""`chunkflow cache gc`: remove from the cache what no run will use."""

from chunkflow.cli.cache_options import COMMON, CacheArguments, open_flow
from chunkflow.cli.commands import Command
from chunkflow.cli.output import write_lines
from chunkflow.cli.status import BROKEN, SUCCESS
from chunkflow.report.cache import render_collected


def cache_gc(arguments: CacheArguments) -> int:
    """Remove records over the limit, unused for 30 days or of an older format; then compact.

    Notes about deleted files are removed too, in directories that still exist. The others go when
    they have not been used for 30 days.

    Example: chunkflow cache gc
    """
    warnings: list[str] = []
    with open_flow(arguments.cache_dir, arguments.config, warnings.append) as flow:
        collected = flow.collect_garbage()
    write_lines(render_collected(collected, arguments.format), None)
    return BROKEN if warnings else SUCCESS


COMMAND = Command("cache gc", cache_gc, CacheArguments, COMMON)
