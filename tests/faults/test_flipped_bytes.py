"""Every byte of a small cache flipped in turn, at the level of the tiers; some in whole runs."""

import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

import pytest
from faults.conftest import database_in
from faults.trial import Trial

from chunkflow.cache.connection import PAGE_BYTES
from chunkflow.cache.database import open_store
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers

# Without a zero, so that no record has the looks of free space.
PAYLOADS = {bytes([65 + n]) * 5: bytes(range(1 + n, 21 + n)) for n in range(3)}
WELL = (True, list[str]())
FREE_BYTES = 64
"""So many zeros in a row are room that no page uses yet."""
AT_ONCE = 512
JOURNAL_HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24
# The default store is tried at every byte, the other, whose tables are larger, at every fifth.
STEPS = {"sqlite": 1, "diskcache": 5}


class Small(NamedTuple):
    """A cache of a few records, and how to use it."""

    directory: Path
    kind: str
    told: list[str]

    def open(self) -> Tiers:
        store = open_store(
            self.directory,
            l3=self.kind,
            limit_bytes=64 << 20,
            warn=self.told.append,
            clock=lambda: 1_700_000_000.0,
        )
        return Tiers(MemoryTier(1 << 20), store, warn=self.told.append)


@pytest.fixture
def small(in_memory: Path, kind: str) -> Small:
    """A closed cache of a few records."""
    made = Small(in_memory / "small", kind, [])
    tiers = made.open()
    tiers.put_many(PAYLOADS.items())
    tiers.close()
    return made


@pytest.fixture
def small_and_killed(in_memory: Path, kind: str) -> Small:
    """One whose records are in the journal still."""
    made = Small(in_memory / "open", kind, [])
    tiers = made.open()
    tiers.put_many(PAYLOADS.items())
    left = made._replace(directory=shutil.copytree(made.directory, in_memory / "small"))
    tiers.close()
    return left


def every_byte(content: bytes) -> Iterator[range]:
    """The bytes one after another; what is free space, 512 at a time."""
    at = 0
    for is_zero, run in groupby(content, lambda byte: byte == 0):
        end = at + sum(1 for _ in run)
        step = AT_ONCE if is_zero and end - at >= FREE_BYTES else 1
        for start in range(at, end, step):
            yield range(start, min(start + step, end))
        at = end


def journal_bytes(content: bytes) -> Iterator[range]:
    """Every byte of a journal's headers, and of each page some: its checksum is over all alike."""
    yield from (range(at, at + 1) for at in range(JOURNAL_HEADER_BYTES))
    frame_bytes = FRAME_HEADER_BYTES + PAGE_BYTES
    for start in range(JOURNAL_HEADER_BYTES, len(content), frame_bytes):
        yield from (range(start + at, start + at + 1) for at in range(FRAME_HEADER_BYTES))
        page = range(start + FRAME_HEADER_BYTES, start + frame_bytes)
        yield from (range(at, at + 1) for at in page[:: PAGE_BYTES // 8])


def live_positions(content: bytes) -> list[int]:
    """Where there is something."""
    return [at for at, byte in enumerate(content) if byte]


def use(small: Small, *, new: bytes | None = None) -> tuple[bool, list[str]]:
    """Do what a run does; return whether all was there, and what was told."""
    small.told.clear()
    tiers = small.open()
    found = {key: hit.payload for key, hit in tiers.get_many(list(PAYLOADS)).items()}
    assert found.items() <= PAYLOADS.items()
    missing = {key: payload for key, payload in PAYLOADS.items() if key not in found}
    tiers.put_many((missing if new is None else {**missing, new: new}).items())
    tiers.close()
    return not missing, list(small.told)


def assert_survived(small: Small) -> None:
    first = use(small, new=b"first")
    if use(small, new=b"second") == WELL:
        return
    # What is wrong in an index may show as late as when it is written to. Then all is begun anew,
    # and what that run had found before is stored by the next one.
    later = use(small, new=b"third"), use(small, new=b"fourth")
    assert WELL in later, (first, later)


def restore(directory: Path, files: dict[Path, bytes]) -> None:
    """Make the directory hold these files and nothing else."""
    shutil.rmtree(directory)
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def try_all(small: Small, file: Path, places: Iterable[range]) -> None:
    files = {path: path.read_bytes() for path in small.directory.rglob("*") if path.is_file()}
    bits = random.Random(1)
    for place in places:
        flipped = bytearray(files[file])
        mask = bits.randrange(1, 256)
        for at in place:
            flipped[at] ^= mask
        restore(small.directory, {**files, file: bytes(flipped)})
        try:
            assert_survived(small)
        except Exception as exc:
            exc.add_note(f"bytes {place} of {file.name} were changed by {mask:#x}")
            raise


def test_no_flipped_byte_of_a_database_gives_a_wrong_value_or_lasts(small: Small) -> None:
    database = database_in(small.directory)
    places = every_byte(database.read_bytes())
    try_all(small, database, islice(places, 0, None, STEPS[small.kind]))


def test_no_flipped_byte_of_a_journal_gives_a_wrong_value_or_lasts(
    small_and_killed: Small,
) -> None:
    database = database_in(small_and_killed.directory)
    journal = database.with_name(database.name + "-wal")
    places = journal_bytes(journal.read_bytes())
    try_all(small_and_killed, journal, islice(places, 0, None, STEPS[small_and_killed.kind]))


@pytest.mark.parametrize(
    ("at", "mask"),
    [(18, 0x04), (19, 0x04), (36, 0x80), (36, 0x40), (47, 0x80), (60, 0x01), (68, 0x01)],
)
def test_no_changed_field_of_the_header_lasts(small: Small, at: int, mask: int) -> None:
    # The versions that may write and read it, the number of free pages, the schema's format, and
    # the two marks of this program: what SQLite believes, or refuses without calling it damage.
    try_all(small, database_in(small.directory), [range(at, at + 1)])


def test_whole_runs_over_flipped_bytes_are_as_one_without_cache(
    cache: Path, kind: str, attempt: Callable[[Path], Trial]
) -> None:
    database = database_in(cache)
    content = database.read_bytes()
    some = random.Random(kind)
    # Half of them in the header and the schema, where a change concerns all.
    live = live_positions(content)
    head = [at for at in live if at < 100]
    for at in some.sample(head, 15) + some.sample(live, 35):
        flipped = bytearray(content)
        flipped[at] ^= some.randrange(1, 256)
        directory = cache.with_name(f"flipped-{at}")
        target = directory / database.relative_to(cache)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(cache / "CACHEDIR.TAG", directory / "CACHEDIR.TAG")
        target.write_bytes(flipped)
        assert len(attempt(directory).warnings) <= 1
