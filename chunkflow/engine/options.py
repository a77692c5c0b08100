"""What a run is told: its files, its processors, and how to go about the work."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from chunkflow.engine.workers import Workers


class Wanted(NamedTuple):
    """A file that a run is about."""

    shown: str
    """What the report calls it."""
    path: str
    """Absolute."""
    named: bool
    """Whether a user named it. A named file that does not exist is an error."""


class RunProcessor(NamedTuple):
    """A processor as the keys see it."""

    name: str
    run: bytes
    """`fingerprint` of the processor and of how files are cut; keys of files hold it."""
    own: bytes = b""
    """`fingerprint` of the processor alone; keys of chunks hold it."""
    context: tuple[str, ...] = ()
    """What it sees besides the chunk."""
    max_chunk_bytes: int | None = None
    """Declarations that are larger are cut for it."""
    expensive: bool = False
    """Whether it is called chunk by chunk, and each result has a record."""
    alone: bool = False
    """Whether it sees each chunk by itself."""
    trusted: bool = True
    """Whether it is chunkflow's own, and may run in the run's own process."""
    parts: Mapping[str, str] = {}
    """What `run` is made of, by name. `--explain` compares the parts of two runs."""
    described: str = ""
    """The encoded `Description` of a user's function."""
    base: bytes = b""
    """`fingerprint` of a user's function without code that it was seen to load late."""

    @property
    def sees_path(self) -> bool:
        """Whether its results depend on the file's path."""
        return "path" in self.context


class Cutting(NamedTuple):
    """How files are cut, as far as the processor does not decide it."""

    suites: tuple[str, ...]
    """The names that make a call a test suite."""
    streaming_bytes: int | None
    """A larger file is never held whole."""


class OpenWorkers(Protocol):
    """Opens the workers of a run.

    For small work with trusted processors alone they are in this process.
    """

    def __call__(self, *, small: bool) -> "Workers": ...  # noqa: D102 - see the class


class RunOptions(NamedTuple):
    """How a run goes about its work."""

    processors: tuple[RunProcessor, ...]
    """At least one."""
    open_workers: OpenWorkers
    root: str = "."
    """The project's, absolute."""
    jobs: int = 1
    """How many workers there may be."""
    limit_s: float | None = None
    """How long a user's function may take for a chunk, and built-in processors for a file."""
    streaming_bytes: int | None = None
    """A larger file is never held whole."""
    with_values: bool = True
    """Whether the report holds values; a report that shows none is quicker without."""
    should_stop: Callable[[], bool] = lambda: False
    """Asked before anything is begun; what is in hand is finished and kept."""
    progress: Callable[[int, int], None] = lambda _done, _total: None
    """Called with the number of files done and in all."""
    warn: Callable[[str], None] = lambda _message: None
    """Called with what goes wrong without costing a file."""
    clock_ns: Callable[[], int] = time.time_ns

    @property
    def is_trusted(self) -> bool:
        """Whether all processors are chunkflow's own."""
        return all(processor.trusted for processor in self.processors)

    @property
    def is_risky(self) -> bool:
        """Whether users' functions are called on all chunks of a file in one task."""
        return not all(each.trusted or each.expensive for each in self.processors)
