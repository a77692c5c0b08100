"""Of a file that was processed: how many chunks were called for, and what came from the cache."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from chunkflow.engine.dispatch.in_hand import Draft, Drafts
from chunkflow.engine.messages import FileDone
from chunkflow.engine.plan import Previous
from chunkflow.engine.reporting import hits_in
from chunkflow.model.report import Hits


class Counts(NamedTuple):
    """Counted in chunks."""

    reran: int
    """On which any processor was called. Where processors want a file cut at other sizes, those of
    the cut with the most of them."""
    hits: Hits
    """Of the others, those that came from the cache, in the finest cut."""


def counted(
    done: FileDone,
    drafts: Drafts,
    previous: Previous,
    limits: Sequence[int | None],
    chunks: Sequence[int],
) -> Counts:
    """The counts of a file.

    Args:
        done: what the worker said of it.
        drafts: what was missing, with its results.
        previous: what the worker was given.
        limits: at which size each processor has the file cut.
        chunks: how many chunks it then has.
    """
    if len(limits) == 1 and not drafts:
        count = len(done.parts[0].reran)
        return Counts(count, hits_in(previous.tier, chunks[0] - count if previous.records else 0))
    reran: dict[int | None, set[int]] = {limit: set() for limit in limits}
    for number, limit in enumerate(limits):
        reran[limit].update(done.parts[number].reran)
        if number in drafts:
            reran[limit].update(_called(drafts[number]))
    finest = chunks.index(max(chunks))
    is_known = bool(previous.records and previous.records[finest])
    rest = chunks[finest] - len(reran[limits[finest]])
    tiers: Counter[str] = Counter()
    if finest in drafts:
        draft = drafts[finest]
        others = (m for m in draft.missing if m.place.chunk_index not in reran[limits[finest]])
        tiers.update(draft.results[m.key].tier for m in others)
        rest -= tiers.total()
        del tiers[""]
    if is_known:
        tiers[previous.tier] += rest
    return Counts(max(map(len, reran.values())), Hits(**tiers))


def _called(draft: Draft) -> set[int]:
    """Indexes of the chunks that were called for: of equal ones the first."""
    first: dict[bytes, int] = {}
    for missing in draft.missing:
        if not draft.results[missing.key].tier:
            first.setdefault(missing.key, missing.place.chunk_index)
    return set(first.values())
