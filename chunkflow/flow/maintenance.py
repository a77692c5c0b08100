"""Maintains the cache: counts what is in it, and removes what no run will use."""

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from chunkflow.cache.keys import FORMAT, KINDS
from chunkflow.cache.store import AdminStore, Census
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.manifest import Manifest
from chunkflow.errors import CacheError
from chunkflow.settings import Settings

_OTHER = "others"
_FOLDERS_AT_ONCE = 1000


class KindStats(NamedTuple):
    """The records of one kind."""

    records: int
    size_bytes: int
    """Size of keys and values, without the database's overhead."""


class CacheStats(NamedTuple):
    """What a cache's directory holds."""

    directory: str
    """Absolute."""
    store: str
    """`sqlite` or `diskcache`."""
    format: int
    """Version of the store's file format."""
    limit_bytes: int
    size_bytes: int = 0
    """Size of the files on disk."""
    records: int = 0
    kinds: Mapping[str, KindStats] = {}
    """Records by kind: `files`, `chunks`, `manifests` and `facts`."""
    oldest_use_s: int | None = None
    """The last use of the least recently used record, in seconds since 1970, accurate to a day;
    None without a record."""
    newest_use_s: int | None = None


class Collected(NamedTuple):
    """What collecting garbage has changed."""

    before: CacheStats
    after: CacheStats
    files_forgotten: int
    """Deleted files whose notes were removed."""


def build_empty_stats(settings: Settings) -> CacheStats:
    """The stats of a cache that does not exist."""
    cache = settings.cache
    kinds = {name: KindStats(0, 0) for name in KINDS.values()}
    return CacheStats(settings.cache_dir, cache.l3, FORMAT, cache.size, kinds=kinds)


def cache_stats(settings: Settings, store: AdminStore | None) -> CacheStats:
    """What a store holds.

    Raises:
        CacheError: there is none, or it cannot be read.
    """
    return _count(settings, _require(settings, store))


def collect_garbage(settings: Settings, store: AdminStore | None, tiers: Tiers) -> Collected:
    """Remove what no run will use, and return free space to the disk.

    Notes about deleted files are removed in all directories of the project that still exist. The
    record of a deleted directory cannot be found, as its key does not show the name; it goes when
    it has not been used for 30 days.

    Raises:
        CacheError: there is no store, or it cannot be read.
    """
    store = _require(settings, store)
    before = _count(settings, store)
    forgotten = 0
    folders = _walk_folders(settings.root, settings.cache_dir)
    while group := list(islice(folders, _FOLDERS_AT_ONCE)):
        manifest = Manifest(tiers, (os.path.join(folder, "any") for folder in group))
        forgotten += manifest.forget_gone()
        manifest.save()
    store.collect_garbage()
    return Collected(before, _count(settings, store), forgotten)


def _require(settings: Settings, store: AdminStore | None) -> AdminStore:
    if store is None:
        raise _build_error(settings)
    return store


def _build_error(settings: Settings) -> CacheError:
    return CacheError(f"cannot read the cache in {settings.cache_dir}; is it there, and yours?")


def _count(settings: Settings, store: AdminStore) -> CacheStats:
    census = store.take_census()
    if census is None:
        raise _build_error(settings)
    return build_empty_stats(settings)._replace(
        size_bytes=census.file_bytes,
        records=sum(census.records.values()),
        kinds=_sum_kinds(census),
        oldest_use_s=census.oldest_use_s,
        newest_use_s=census.newest_use_s,
    )


def _sum_kinds(census: Census) -> dict[str, KindStats]:
    kinds = {name: KindStats(0, 0) for name in KINDS.values()}
    for kind, records in census.records.items():
        name = KINDS.get(kind, _OTHER)
        before = kinds.get(name, KindStats(0, 0))
        size_bytes = before.size_bytes + census.size_bytes[kind]
        kinds[name] = KindStats(before.records + records, size_bytes)
    return kinds


def _walk_folders(root: str, cache_dir: str) -> Iterator[str]:
    """All directories of a project; ignored ones too, as their files may have been named."""
    for folder, inner, _ in os.walk(root):
        inner[:] = [n for n in inner if n != ".git" and os.path.join(folder, n) != cache_dir]
        yield folder
