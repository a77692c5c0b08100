"""Which files a run is about: what was named, and what a search of the named directories finds."""

from chunkflow.engine.discover.names import files_from, split_names
from chunkflow.engine.discover.search import Discovered, Problem, discover

__all__ = ["Discovered", "Problem", "discover", "files_from", "split_names"]
