"""`chunkflow cache clear`: empty the cache."""

from typing import NamedTuple

from chunkflow.cli.cache_options import COMMON, Common, tend
from chunkflow.cli.options import CHOICE, Command, Option
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.flow.maintenance import Collected, empty_stats
from chunkflow.report.cache import render_cleared
from chunkflow.settings import Settings


class Arguments(NamedTuple):
    """What `cache clear` may be told."""

    tier: str = "all"
    format: str = "text"
    cache_dir: str | None = None
    config: str | None = None


# The others are memory of the process, and are gone when it ends.
_TIER = Option("tier", ("--tier",), "What to empty.", CHOICE, choices=("l3", "all"))


def cache_clear(arguments: Arguments) -> int:
    """Remove every record from the cache, and say how many they were.

    Example: chunkflow cache clear --tier all
    """

    def clear(flow: ChunkFlow) -> Collected:
        before = flow.cache_stats()
        flow.clear_caches(arguments.tier)
        return Collected(before, flow.cache_stats(), 0)

    return tend(Common(*arguments[1:]), clear, _nothing, render_cleared)


def _nothing(settings: Settings) -> Collected:
    return Collected(empty_stats(settings), empty_stats(settings), 0)


COMMAND = Command("cache clear", cache_clear, Arguments, (_TIER, *COMMON))
