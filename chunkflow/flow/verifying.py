"""Verifies a cache: a sample of what it holds is worked out again and compared."""

from collections.abc import Sequence
from datetime import UTC, datetime

from chunkflow.cache.census import count_damaged
from chunkflow.cache.store import AdminStore
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.audit.verify import Sample, verify_files
from chunkflow.engine.options import Cutting, RunOptions, Wanted
from chunkflow.errors import CacheError
from chunkflow.model.verification import Verification

_ALL_PERCENT = 100.0


def verify(
    files: Sequence[Wanted],
    options: RunOptions,
    cutting: Cutting,
    *,
    tiers: Tiers,
    store: AdminStore | None,
    percent: float,
    seed: str | None,
) -> Verification:
    """Verify a share of the files of which the cache holds all, at least one.

    Args:
        files: which may be verified.
        options: processors and the pool.
        cutting: how files are cut.
        tiers: the cache.
        store: with all of the files, the seal of each of its records is checked too.
        percent: how large the share is.
        seed: chooses; None chooses others every day.

    Raises:
        CacheError: there is no store.
    """
    if store is None:
        raise CacheError("there is no cache that could be verified")
    today = datetime.now(UTC).date().isoformat()
    sample = Sample(percent, today if seed is None else seed)
    found = verify_files(files, tiers, options, cutting, sample)
    if percent < _ALL_PERCENT:
        return found
    records, damaged = count_damaged(store)
    return found._replace(records=records, damaged=damaged)
