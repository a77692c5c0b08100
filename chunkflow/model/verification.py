"""What came of comparing the cache with results that were worked out again."""

from typing import NamedTuple

DIFFERENCES = {
    "value": "the value differs",
    "findings": "the findings differ",
    "chunks": "the record is of other chunks",
    "chunk record": "the result that is kept for the chunk by itself differs",
    "content": "its content is not what was last seen, though size and times are",
}
"""What can differ, and how that is told."""


class Difference(NamedTuple):
    """Something that the cache gives, and a run without it does not."""

    path: str
    processor: str
    start_line: int
    end_line: int
    """The lines of the chunk, or of the file."""
    what: str
    """One of `DIFFERENCES`."""


class Verification(NamedTuple):
    """How much of the cache was verified, and what was found."""

    files: int
    """Of which the cache holds all."""
    checked: int
    """Of these, those that were processed again."""
    chunks: int
    """In them, as many as the processors saw."""
    differences: tuple[Difference, ...]
    failed: tuple[str, ...] = ()
    """What could not be worked out again, and why."""
    records: int = 0
    """Records of the store whose seals were checked."""
    damaged: int = 0
    """Those whose seal is broken: each is a miss, and is computed again when it is asked for."""

    @property
    def is_sound(self) -> bool:
        """Whether everything that was looked at was right."""
        return not (self.differences or self.failed or self.damaged)
