"""One run: files in, a report out; only what no record holds is processed."""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain, islice

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.entries import Entries
from chunkflow.engine.manifest import Manifest
from chunkflow.engine.options import RunOptions, Wanted
from chunkflow.engine.plan import File, Records, look
from chunkflow.errors import SourceError
from chunkflow.model.report import FileReport

# So many files' records are looked up at once: a bulk read, but not all of a large project.
_LOOKUP_FILES = 1024


def run_files(files: Collection[Wanted], tiers: Tiers, options: RunOptions) -> list[FileReport]:
    """Process files, reusing all that the tiers hold.

    Args:
        files: what to process, each once. They are gone over twice, and none is held: a collection
            may make them as they are asked for.
        tiers: where records and the manifest are kept.
        options: processors and the pool.

    Returns:
        An entry a file, in no particular order. A file that cannot be processed has an entry too;
        one that was found, not named, and is gone has none, nor has one that was not begun when
        the run was asked to stop.
    """
    manifest = Manifest(tiers, (file.path for file in files))
    names = [processor.name for processor in options.processors]
    entries = Entries(names, options.progress, len(files), warn=options.warn)
    records = Records(tiers, options.processors, with_values=options.with_values)
    found = _looked_at(files, manifest, entries, options.clock_ns)
    # Where nothing was seen before, each is new, and workers need not wait until all are found.
    changed = _changed(found, records, entries) if manifest else found
    try:
        first = next(changed, None)
        if first is not None:
            # Here and not above: most runs find everything in the cache.
            from chunkflow.engine.processing import Processing  # noqa: PLC0415

            # The others are looked at as the pool has room for them, so that none is held.
            pending = chain((first,), changed)
            processing = Processing(tiers, options, manifest, records, entries)
            processing.run(pending)
    finally:
        # What was done is kept, however the run ends.
        manifest.save()
    return entries.reports


def _looked_at(
    files: Iterable[Wanted], manifest: Manifest, entries: Entries, clock_ns: Callable[[], int]
) -> Iterator[File]:
    for shown, path, named in files:
        try:
            file = look(shown, path, manifest, clock_ns(), named=named)
        except SourceError as exc:
            entries.fail(shown, str(exc))
        else:
            if file is not None:
                yield file


def _changed(files: Iterator[File], records: Records, entries: Entries) -> Iterator[File]:
    """Report the files that did not change, and yield the others."""
    while group := list(islice(files, _LOOKUP_FILES)):
        unchanged = [(f, f.last_digest) for f in group if f.unchanged and f.last_digest]
        known = records.find(unchanged)
        for file in group:
            if file.path in known:
                entries.add_known(known[file.path], "reused")
            else:
                yield file
