"""What a read of each tier costs, from Python: one at a time (p50, p99) and in bulk.

    python scripts/bench/cache.py [--records 1500] [--bytes 3000] [--rounds 20] [--l3 sqlite]

Prints a Markdown table. Times are of the CPU, so that what else the machine does counts for little;
the files are in the system's cache, as they are when a command is run again. Compare rows with each
other, or with a run on the same machine.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple, Protocol

if not __package__:  # run by its path: what the folders share lies one up
    sys.path[0] = str(Path(__file__).parents[1])

from markdown_table import join_rows

from chunkflow.cache.database import open_store
from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.store import Store
from chunkflow.cache.tiers import Tiers

ROOM_BYTES = 1 << 30
HEADER = ("read from", "one, p50 (µs)", "one, p99 (µs)", "bulk (µs a record)")


class Row(NamedTuple):
    """One line of the table; microseconds."""

    what: str
    p50_us: float
    p99_us: float
    bulk_us: float
    """A record, when all are read at once."""


class Readable(Protocol):
    """What all tiers can do."""

    def get_many(self, keys: Collection[bytes]) -> object:
        """Return what is there of `keys`."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    options = _parser().parse_args(arguments)
    items = [(b"f" + os.urandom(16), os.urandom(options.bytes)) for _ in range(options.records)]
    with tempfile.TemporaryDirectory() as directory:
        rows, writing_us = measure(items, directory, l3=options.l3, rounds=options.rounds)
    print(f"{options.records} records of {options.bytes} bytes, {options.rounds} rounds\n")
    print(join_rows([HEADER, ("---",) * len(HEADER), *map(_cells, rows)]))
    print(f"\nwritten in bulk, L1 and {options.l3}: {writing_us:.1f} µs a record")


def measure(
    items: Sequence[tuple[bytes, bytes]], directory: str, *, l3: str, rounds: int
) -> tuple[list[Row], float]:
    """Return the table's rows, and what writing a record in bulk takes in µs."""
    store = open_store(directory, l3=l3, limit_bytes=ROOM_BYTES, warn=print)
    tiers = Tiers(None, store, warn=print)
    started_s = time.thread_time()
    tiers.put_many(items)
    writing_us = (time.thread_time() - started_s) / len(items) * 1e6
    l1, l2 = MemoryTier(ROOM_BYTES), MemoryTier(ROOM_BYTES, ttl_s=3600)
    l1.put_many(items)
    l2.put_many(items)
    keys = [key for key, _ in items]
    rows = [
        _row("L1", l1, keys, rounds),
        _row("L2", l2, keys, rounds),
        _row(f"L3 ({l3}), as it is", store, keys, rounds),
        _warm_row(store, keys, rounds),
    ]
    tiers.close()
    return rows, writing_us


def _row(what: str, tier: Readable, keys: Sequence[bytes], rounds: int) -> Row:
    singles = [_cpu_us(partial(tier.get_many, (key,))) for key in keys]
    bulk = [_cpu_us(partial(tier.get_many, keys)) for _ in range(rounds)]
    return _summary(what, singles, median(bulk) / len(keys))


def _warm_row(store: Store, keys: Sequence[bytes], rounds: int) -> Row:
    """What a program that has just started pays: every record is checked, and moved up to L1."""
    first, *others = [Tiers(MemoryTier(ROOM_BYTES), store, warn=print) for _ in range(rounds + 1)]
    singles = [_cpu_us(partial(first.get_many, (key,))) for key in keys]
    bulk = [_cpu_us(partial(tiers.get_many, keys)) for tiers in others]
    return _summary("L3 through Tiers, checked and moved to L1", singles, median(bulk) / len(keys))


def _summary(what: str, singles: list[float], bulk_us: float) -> Row:
    singles = sorted(singles)
    p99 = singles[min(len(singles) - 1, len(singles) * 99 // 100)]
    return Row(what, median(singles), p99, bulk_us)


def _cpu_us(action: Callable[[], object]) -> float:
    started_s = time.thread_time()
    action()
    return (time.thread_time() - started_s) * 1e6


def _cells(row: Row) -> tuple[str, ...]:
    return row.what, f"{row.p50_us:.1f}", f"{row.p99_us:.1f}", f"{row.bulk_us:.2f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1500)
    parser.add_argument("--bytes", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--l3", choices=("sqlite", "diskcache"), default="sqlite")
    return parser


if __name__ == "__main__":
    main()
