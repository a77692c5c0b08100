"""The result of comparing the cache with results that were computed again."""

from typing import NamedTuple

DIFFERENCES = {
    "value": "the value differs",
    "findings": "the findings differ",
    "chunks": "the record is about other chunks",
    "chunk record": "the chunk's own record differs",
    "content": "the content has changed, but not the size and times",
}
"""Kind of difference → its text."""


class Difference(NamedTuple):
    """A difference between the cache and a run without it."""

    path: str
    processor: str
    start_line: int
    end_line: int
    """The lines of the chunk, or of the file."""
    what: str
    """One of `DIFFERENCES`."""


class Verification(NamedTuple):
    """How much of the cache was verified, and the differences."""

    files: int
    """Files whose results are all in the cache."""
    checked: int
    """Those of them that were processed again."""
    chunks: int
    """The chunks in them, as the processors see them."""
    differences: tuple[Difference, ...]
    failed: tuple[str, ...] = ()
    """What could not be processed again, and why."""
    records: int = 0
    """Records in the store whose seals were checked."""
    damaged: int = 0
    """Records whose seal is broken: each is a miss, and is computed again when needed."""

    @property
    def is_sound(self) -> bool:
        """Whether everything that was checked is right."""
        return not (self.differences or self.failed or self.damaged)
