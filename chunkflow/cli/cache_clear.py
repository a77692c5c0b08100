"""`chunkflow cache clear`: empty the cache."""

from typing import NamedTuple

from chunkflow.cli.cache_options import COMMON, open_flow
from chunkflow.cli.commands import CHOICE, Command, Option
from chunkflow.cli.output import write_lines
from chunkflow.cli.status import BROKEN, SUCCESS
from chunkflow.report.cache import render_cleared


class CacheClearArguments(NamedTuple):
    """The arguments of `cache clear`."""

    tier: str = "all"
    format: str = "text"
    cache_dir: str | None = None
    config: str | None = None


# The other tiers are memory of this process, and are gone when it ends.
_TIER = Option("tier", ("--tier",), "What to empty.", CHOICE, choices=("l3", "all"))


def cache_clear(arguments: CacheClearArguments) -> int:
    """Remove every record from the cache, and print how many there were.

    Example: chunkflow cache clear --tier all
    """
    warnings: list[str] = []
    with open_flow(arguments.cache_dir, arguments.config, warnings.append) as flow:
        before = flow.cache_stats()
        flow.clear_caches(arguments.tier)
        after = flow.cache_stats()
    write_lines(render_cleared(before, after, arguments.format), None)
    return BROKEN if warnings else SUCCESS


COMMAND = Command("cache clear", cache_clear, CacheClearArguments, (_TIER, *COMMON))
