"""The settings as values, with their defaults; cheap to import, since every run does."""

import os
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Path: TypeAlias = tuple[str, ...]
"""A setting's name in parts: `("cache", "size")`, `("processors", "metrics", "limit")`."""


class Entry(NamedTuple):
    """One setting as one layer gives it, not yet checked."""

    path: Path
    value: object
    origin: str

    @property
    def name(self) -> str:
        """The setting's dotted name."""
        return ".".join(self.path)


class CacheSettings(NamedTuple):
    """`[cache]`: where results are kept, and how much of them."""

    dir: str | None = None
    """The cache's directory, absolute; None leaves it to `location`."""
    size: int = 1_000_000_000
    """Bytes that it may take on disk."""
    l3: str = "sqlite"
    """The store: `sqlite` or `diskcache`."""
    ttl_s: float = 3600.0
    """How long a value stays in L2 without being asked for."""
    location: str = "project"
    """`project`: `.chunkflow_cache` in the root; `user`: one cache for all of a user's projects."""


class Settings(NamedTuple):
    """Everything that a run may be told. Field names are the names in a settings file.

    `processors` is what runs; what `[processors.NAME]` holds is in `processor_settings`.
    """

    root: str
    """The project's root, absolute; patterns and `module:attr` processors start from it."""
    processors: tuple[str, ...] = ("metrics",)
    include: tuple[str, ...] = ()
    """Patterns as in .gitignore; what is found must match one. Empty takes everything."""
    exclude: tuple[str, ...] = ()
    """Patterns as in .gitignore; what is found and matches is left out."""
    parallel_operations: int | None = None
    """Most worker processes at a time; None is as many as there are CPUs, see `jobs`."""
    timeout: float | None = 60.0
    """Seconds that a processor may take for one chunk; None (0 in a file) is no limit."""
    memory_limit: int | None = None
    """Bytes of memory that a worker process may take; None is no limit."""
    fail_on: str = "error"
    """The mildest severity that makes a run fail: `error`, `warning` or `never`."""
    max_chunk_bytes: int | None = None
    suites: tuple[str, ...] = ("describe", "suite", "context", "test.describe")
    """Functions whose calls are containers of tests."""
    streaming_threshold_bytes: int = 5_000_000
    """Files that are larger are never held in memory whole."""
    cache: CacheSettings = CacheSettings()
    processor_settings: Mapping[str, Mapping[str, object]] = {}
    """Processor → its own settings, which it checks itself."""
    origin: Mapping[str, str] = {}
    """Dotted name → where the value came from: `default`, `chunkflow.toml:3`, the name of an
    environment variable, or `call`. A table `[processors.NAME]` has an entry of its own."""
    notes: tuple[str, ...] = ()
    """What a user should be told of the settings, though they are right."""

    @property
    def jobs(self) -> int:
        """How many worker processes may run at a time: the CPUs that this process may use."""
        if self.parallel_operations is not None:
            return self.parallel_operations
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1  # macOS tells no affinity

    @property
    def cache_dir(self) -> str:
        """The cache's directory, absolute; it need not exist."""
        if self.cache.dir is not None:
            return self.cache.dir
        if self.cache.location == "project":
            return os.path.join(self.root, ".chunkflow_cache")
        from platformdirs import user_cache_dir  # noqa: PLC0415 - few runs need it

        return user_cache_dir("chunkflow", appauthor=False)
