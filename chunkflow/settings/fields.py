"""The settings with their defaults; cheap to import, as every run does."""

import os
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Path: TypeAlias = tuple[str, ...]
"""A setting's name in parts: `("cache", "size")`, `("processors", "metrics", "limit")`."""


class CacheSettings(NamedTuple):
    """`[cache]`: where results are stored, and how many."""

    dir: str | None = None
    """The cache's directory, absolute; None leaves it to `location`."""
    size: int = 1_000_000_000
    """Maximum size on disk, in bytes."""
    l3: str = "sqlite"
    """The store: `sqlite` or `diskcache`."""
    ttl_s: float = 3600.0
    """How long an unused value stays in L2."""
    location: str = "project"
    """`project`: `.chunkflow_cache` in the root; `user`: one cache for all of a user's projects."""


class Settings(NamedTuple):
    """All settings of a run. Field names are the names in a settings file.

    `processors` names what runs; the tables `[processors.NAME]` are in `processor_settings`.
    """

    root: str
    """The project's root, absolute; patterns and `module:attr` processors start from it."""
    processors: tuple[str, ...] = ("metrics",)
    include: tuple[str, ...] = ()
    """Patterns as in .gitignore; files found must match one. Empty matches everything."""
    exclude: tuple[str, ...] = ()
    """Patterns as in .gitignore; files found that match are left out."""
    parallel_operations: int | None = None
    """Maximum number of worker processes; None is the number of CPUs, see `jobs`."""
    timeout: float | None = 60.0
    """Time limit of a processor for one chunk, in seconds; None (0 in a file) is no limit."""
    memory_limit: int | None = None
    """Memory limit of a worker process, in bytes; None is no limit."""
    fail_on: str = "error"
    """Minimum severity that fails the run: `error`, `warning` or `never`."""
    max_chunk_bytes: int | None = None
    """Larger declarations are cut for users' functions without a limit of their own."""
    suites: tuple[str, ...] = ("describe", "suite", "context", "test.describe")
    """Functions whose calls are test suites: containers of tests."""
    streaming_threshold_bytes: int = 5_000_000
    """Larger files are never held in memory whole."""
    cache: CacheSettings = CacheSettings()
    processor_settings: Mapping[str, Mapping[str, object]] = {}
    """Processor → its table, which the processor checks."""
    origin: Mapping[str, str] = {}
    """Dotted name → where the value came from: `default`, `chunkflow.toml:3`, the name of an
    environment variable, or `call`. A table `[processors.NAME]` has an entry of its own."""
    notes: tuple[str, ...] = ()
    """Remarks on valid settings that the user should see."""

    @property
    def jobs(self) -> int:
        """Maximum number of worker processes; by default the CPUs that this process may use."""
        if self.parallel_operations is not None:
            return self.parallel_operations
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1  # macOS has no affinity

    def locate(self, name: str) -> str:
        """Where a setting was given, to start a message: `chunkflow.toml:3: `; empty for a call."""
        origin = self.origin.get(name, "call")
        return "" if origin in ("call", "default") else f"{origin}: "

    @property
    def cache_dir(self) -> str:
        """The cache's directory, absolute; it need not exist."""
        if self.cache.dir is not None:
            return self.cache.dir
        if self.cache.location == "project":
            return os.path.join(self.root, ".chunkflow_cache")
        from platformdirs import user_cache_dir  # noqa: PLC0415 - few runs need it

        return user_cache_dir("chunkflow", appauthor=False)
