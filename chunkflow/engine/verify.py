"""Works out again, without the cache, what the cache holds of some files, and compares the two."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.compare import Differing, compared, compared_chunks
from chunkflow.engine.file_record import FileRecord, contents_of, unpack
from chunkflow.engine.manifest import Manifest, signature_of
from chunkflow.engine.options import RunOptions, Wanted
from chunkflow.engine.plan import File, Records, RunProcessor, look
from chunkflow.engine.reading import opened, read_digest
from chunkflow.engine.run import run_files
from chunkflow.engine.seen import seen_file
from chunkflow.errors import SourceError
from chunkflow.model.verification import Difference, Verification

import os

# What is worked out is held in memory until it is compared.
_GROUP_FILES = 512
_GROUP_BYTES = 16 * 1024 * 1024
_NO_BOUND_BYTES = 1 << 62


class Sample(NamedTuple):
    """Which of the files are verified."""

    percent: float
    """Of those of which the cache holds all; at least one is."""
    seed: str
    """The same chooses the same files."""

    def of(self, files: Sequence["_Known"]) -> list["_Known"]:
        """The chosen ones, in their order."""
        count = min(len(files), max(1, math.ceil(len(files) * self.percent / 100)))
        chosen = Random(self.seed).sample(range(len(files)), count)  # noqa: S311 - no secret
        return [files[index] for index in sorted(chosen)]
