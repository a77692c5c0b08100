"""One run: files in, reports out. Only what no record holds is processed."""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.file_reports import FileResult, fail_file, reuse_file
from chunkflow.engine.files import File, look
from chunkflow.engine.fingerprint_history import list_new_fingerprints
from chunkflow.engine.lookup import FileRecords
from chunkflow.engine.manifest import Manifest
from chunkflow.engine.options import RunOptions, Wanted
from chunkflow.engine.write_buffer import WriteBuffer
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
        options: processors and workers.

    Returns:
        A report a file, in no particular order. A file that cannot be processed has one too; one
        that was found, not named, and is gone has none, nor has one that was not begun when the
        run was asked to stop.
    """
    manifest = Manifest(tiers, (file.path for file in files))
    records = FileRecords(tiers, options.processors, with_values=options.with_values)
    writes = WriteBuffer(tiers, first=lambda: list_new_fingerprints(tiers, options.processors))
    reports: list[FileReport] = []
    late_code: list[tuple[int, str, str]] = []
    try:
        found = _look_up(files, manifest, records, options)
        is_first_run = not manifest and tiers.is_empty
        for result in _process_changed(found, records, writes, options, is_first_run=is_first_run):
            writes.add(result.records)
            if result.seen is not None:
                manifest.note(result.path, result.seen)
            late_code += result.late_code
            reports.append(result.report)
            for note in result.notes:
                options.warn(note)
            options.progress(len(reports), len(files))
    finally:
        # What was done is kept, however the run ends.
        writes.flush()
        manifest.save()
        if late_code:
            _keep_late_code(tiers, options, late_code)
    return reports


def _look_up(
    files: Iterable[Wanted], manifest: Manifest, records: FileRecords, options: RunOptions
) -> Iterator[FileResult | File]:
    """Look at files: the result of each that cannot be used or did not change, and the others."""
    names = [processor.name for processor in options.processors]
    looked = _look_at(files, manifest, options)
    if not manifest:
        # Nothing was seen before, so each is new, and workers need not wait until all are found.
        yield from looked
        return
    while group := list(islice(looked, _LOOKUP_FILES)):
        unchanged = [
            (file, file.last_digest)
            for file in group
            if isinstance(file, File) and file.unchanged and file.last_digest
        ]
        known = records.find(unchanged)
        for file in group:
            if isinstance(file, File) and file.path in known:
                yield reuse_file(file, known[file.path], names, seen=True)
            else:
                yield file


def _look_at(
    files: Iterable[Wanted], manifest: Manifest, options: RunOptions
) -> Iterator[FileResult | File]:
    for wanted in files:
        try:
            file = look(wanted, manifest, options.clock_ns())
        except SourceError as exc:
            yield fail_file(wanted.shown, str(exc))
        else:
            if file is not None:
                yield file


def _process_changed(
    found: Iterator[FileResult | File],
    records: FileRecords,
    writes: WriteBuffer,
    options: RunOptions,
    *,
    is_first_run: bool,
) -> Iterator[FileResult]:
    """The result of each file; workers are opened when there is a file to process."""
    for one in found:
        if isinstance(one, FileResult):
            yield one
            continue
        # Here and not above: most runs find everything in the cache.
        from chunkflow.engine.scheduler import Scheduler  # noqa: PLC0415

        scheduler = Scheduler(options, records, writes, is_first_run=is_first_run)
        yield from scheduler.run(chain((one,), found))
        return  # where the run was asked to stop, nothing more is looked at


def _keep_late_code(
    tiers: Tiers, options: RunOptions, late_code: Iterable[tuple[int, str, str]]
) -> None:
    from chunkflow.engine.late_code import keep_late_code  # noqa: PLC0415 - few runs have any

    for number, processor in enumerate(options.processors):
        code = {name: path for each, name, path in late_code if each == number}
        if code:
            keep_late_code(tiers, processor, options.root, code)
            options.warn(
                f'processor "{processor.name}" loaded code that was not known before:'
                f" {_list_names(code)}; results that depend on it are not kept this time"
            )


def _list_names(names: Collection[str], most: int = 5) -> str:
    more = len(names) - most
    rest = f" and {more} more" if more > 0 else ""
    return ", ".join(sorted(names)[:most]) + rest
