"""`chunkflow cache gc`: remove from the cache what no run will use."""

from chunkflow.cli.cache_options import COMMON, Common, tend
from chunkflow.cli.options import Command
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.flow.maintenance import Collected, empty_stats
from chunkflow.report.cache import render_collected
from chunkflow.settings import Settings


def cache_gc(arguments: Common) -> int:
    """Remove what is over the limit, unused for 30 days, or of an older format; then compact.

    What was last seen of files that are gone is forgotten too, in the directories that still
    exist; of the others it goes when it was not used for 30 days.

    Example: chunkflow cache gc
    """
    return tend(arguments, ChunkFlow.collect_garbage, _nothing, render_collected)


def _nothing(settings: Settings) -> Collected:
    return Collected(empty_stats(settings), empty_stats(settings), 0)


COMMAND = Command("cache gc", cache_gc, Common, COMMON)
