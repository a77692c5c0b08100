"""What a run is told."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from chunkflow.engine.plan import RunProcessor

if TYPE_CHECKING:
    from chunkflow.pool.protocol import Pool


class OpenPool(Protocol):
    """Makes the pool of a run; told whether the work is small enough to be done in-line.

    Asked for a pool for small work, trusted processors get one that needs no other process.
    """

    def __call__(self, *, small: bool) -> "Pool": ...  # noqa: D102 - see the class


class RunOptions(NamedTuple):
    """How a run goes about its work."""

    processors: tuple[RunProcessor, ...]
    """At least one."""
    open_pool: OpenPool
    root: str = "."
    """The project's, absolute."""
    jobs: int = 1
    """How many workers the pool may have."""
    limit_s: float | None = None
    """How long a processor that is not trusted may take for a chunk, and others for a file."""
    streaming_bytes: int | None = None
    """A larger file is not held whole; see `bytes_to_hold`."""
    with_values: bool = True
    """Whether the report holds values; a report that shows none is quicker without."""
    should_stop: Callable[[], bool] = lambda: False
    """Asked before anything is begun; what is in hand is finished and kept."""
    progress: Callable[[int, int], None] = lambda _done, _total: None
    """Told the number of files done and in all."""
    warn: Callable[[str], None] = lambda _message: None
    """Told what goes wrong without costing a file."""
    clock_ns: Callable[[], int] = time.time_ns


class Wanted(NamedTuple):
    """A file that a run is about."""

    shown: str
    """What the report calls it."""
    path: str
    """Absolute."""
    named: bool
    """Whether a user named it: then it is told if it is not there."""
