"""The cache as those see it who look after it: what is in it, and what can go."""

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from chunkflow.cache.generations import FORMAT
from chunkflow.cache.keys import KINDS
from chunkflow.cache.store import Census, TendedStore
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.manifest import Manifest
from chunkflow.errors import CacheError
from chunkflow.settings import Settings

_OTHER = "others"
_FOLDERS_AT_ONCE = 1000


class KindStats(NamedTuple):
    """How much there is of one kind of record."""

    records: int
    size_bytes: int
    """Keys and values, without what the database adds."""


class CacheStats(NamedTuple):
    """What a cache's directory holds."""

    directory: str
    """Absolute."""
    store: str
    """`sqlite` or `diskcache`."""
    format: int
    """Of the store's files."""
    limit_bytes: int
    size_bytes: int = 0
    """What the files take on disk."""
    records: int = 0
    kinds: Mapping[str, KindStats] = {}
    """`files`, `chunks`, `manifests` and `facts` → how much there is of each."""
    oldest_use_s: int | None = None
    """When the record was used last that was not used for longest, in seconds since 1970; right
    to a day. None where there is no record."""
    newest_use_s: int | None = None


class Collected(NamedTuple):
    """What collecting garbage has changed."""

    before: CacheStats
    after: CacheStats
    files_forgotten: int
    """Files that are not there any more, of which it was kept when they were last seen."""


def empty_stats(settings: Settings) -> CacheStats:
    """What is said of a cache that does not exist."""
    cache = settings.cache
    kinds = {name: KindStats(0, 0) for name in KINDS.values()}
    return CacheStats(settings.cache_dir, cache.l3, FORMAT, cache.size, kinds=kinds)


def cache_stats(settings: Settings, store: TendedStore | None) -> CacheStats:
    """What a store holds.

    Raises:
        CacheError: there is none, or it cannot be read.
    """
    return _stats(settings, _present(settings, store))


def collect_garbage(settings: Settings, store: TendedStore | None, tiers: Tiers) -> Collected:
    """Forget what no run will use, and give the disk all the room that is free.

    Of files that are gone it forgets when they were last seen, in all directories of the project
    that there still are. Of a directory that is gone too it cannot: its record has a key from
    which its name cannot be told. It goes when it has not been used for 30 days.

    Raises:
        CacheError: there is no store, or it cannot be read.
    """
    store = _present(settings, store)
    before = _stats(settings, store)
    forgotten = 0
    folders = _folders(settings.root, settings.cache_dir)
    while group := list(islice(folders, _FOLDERS_AT_ONCE)):
        manifest = Manifest(tiers, (os.path.join(folder, "any") for folder in group))
        forgotten += manifest.forget_gone()
        manifest.save()
    store.collect()
    return Collected(before, _stats(settings, store), forgotten)


def _present(settings: Settings, store: TendedStore | None) -> TendedStore:
    if store is None:
        raise _unreadable(settings)
    return store


def _unreadable(settings: Settings) -> CacheError:
    return CacheError(f"cannot read the cache in {settings.cache_dir}; is it there, and yours?")


def _stats(settings: Settings, store: TendedStore) -> CacheStats:
    census = store.census()
    if census is None:
        raise _unreadable(settings)
    return empty_stats(settings)._replace(
        size_bytes=store.stats().size_bytes,
        records=sum(census.records.values()),
        kinds=_kinds(census),
        oldest_use_s=census.oldest_use_s,
        newest_use_s=census.newest_use_s,
    )


def _kinds(census: Census) -> dict[str, KindStats]:
    kinds = {name: KindStats(0, 0) for name in KINDS.values()}
    for kind, records in census.records.items():
        name = KINDS.get(kind, _OTHER)
        before = kinds.get(name, KindStats(0, 0))
        size_bytes = before.size_bytes + census.size_bytes[kind]
        kinds[name] = KindStats(before.records + records, size_bytes)
    return kinds


def _folders(root: str, cache_dir: str) -> Iterator[str]:
    """All directories of a project; files that git ignores may have been named, too."""
    for folder, inner, _ in os.walk(root):
        inner[:] = [n for n in inner if n != ".git" and os.path.join(folder, n) != cache_dir]
        yield folder
