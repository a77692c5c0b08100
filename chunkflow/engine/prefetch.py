"""Brings the records that later runs need from the disk into memory."""

from collections.abc import Sequence

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.files import look
from chunkflow.engine.lookup import FileRecords
from chunkflow.engine.manifest import Manifest
from chunkflow.engine.options import RunProcessor, Wanted
from chunkflow.errors import SourceError


def prefetch_records(
    files: Sequence[Wanted], tiers: Tiers, processors: Sequence[RunProcessor]
) -> int:
    """Prefetch the records of files as last seen; returns how many came from the store.

    Records already in memory stay where they are.
    """
    manifest = Manifest(tiers, (file.path for file in files))
    records = FileRecords(tiers, processors)
    keys: list[bytes] = []
    for wanted in files:
        try:
            file = look(wanted, manifest, 0)
        except SourceError:
            continue  # the run has reported it
        if file is not None and file.last_digest is not None:
            keys += records.keys(file, file.last_digest)
    return tiers.prefetch(keys)
