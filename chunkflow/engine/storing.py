"""When the records of a run are stored: while workers are busy, and not while one would wait."""

import math
from collections.abc import Collection, Sequence

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.facts import changed_facts
from chunkflow.engine.plan import RunProcessor

# In transactions of about this size an interruption loses little.
_STORE_BYTES = 128 * 1024


class Storing:
    """Takes records, and stores some at a time.

    The first are stored at once, and with them a new store is opened: all workers have plenty in
    hand then. While the last tasks are handed out, none is; who is done with one would wait.

    Args:
        tiers: where they are stored.
        processors: of the run.
        last_bytes: when no more source than that is on its way, all of it is with workers.
    """

    def __init__(
        self, tiers: Tiers, processors: Sequence[RunProcessor], *, last_bytes: int
    ) -> None:
        self._tiers = tiers
        self._processors = processors
        self._last_bytes = last_bytes
        self._unstored: list[tuple[bytes, bytes]] = []
        self._unstored_bytes = 0
        self._most_unstored_bytes: float = 0
        self._source_bytes = 0
        self._is_explained = False

    def expect(self, source_bytes: int) -> None:
        """So much source is on its way to workers."""
        self._source_bytes += source_bytes

    def expect_no_more(self) -> None:
        """What is on its way is all."""
        self._most_unstored_bytes = math.inf

    def settle(self, source_bytes: int) -> None:
        """It is known what became of so much source."""
        self._source_bytes -= source_bytes
        if self._source_bytes <= self._last_bytes:
            self._most_unstored_bytes = min(self._most_unstored_bytes, _STORE_BYTES)

    def keep(self, records: Collection[tuple[bytes, bytes]]) -> None:
        """Take records with their keys."""
        self._unstored += records
        self._unstored_bytes += sum(len(record) for _, record in records)
        if self._unstored_bytes > self._most_unstored_bytes:
            self.store()
            self._most_unstored_bytes = _STORE_BYTES

    def store(self) -> None:
        """Store what is not stored yet."""
        if self._unstored:
            if not self._is_explained:
                # Along with the first results, so that they can be told from later ones.
                self._unstored += changed_facts(self._tiers, self._processors)
                self._is_explained = True
            self._tiers.put_many(self._unstored)
            self._unstored.clear()
            self._unstored_bytes = 0
