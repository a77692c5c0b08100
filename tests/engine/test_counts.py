"""What was called for is told apart from what was found, and where."""

from collections.abc import Sequence

import pytest

from chunkflow.engine.counts import Counts, counted
from chunkflow.engine.dispatch.chunk_work import Result
from chunkflow.engine.dispatch.in_hand import Draft, Drafts, Missing
from chunkflow.engine.messages import FileDone, FilePart
from chunkflow.engine.plan import NOTHING_PREVIOUS, Previous
from chunkflow.engine.records.drafts import Place
from chunkflow.model.finding import Outcome
from chunkflow.model.report import Hits

KNOWN = Previous((b"record", b"record"), "l3")


def done(*reran: Sequence[int]) -> FileDone:
    return FileDone("", b"d", tuple(FilePart(b"", tuple(indexes)) for indexes in reran))


def draft(tiers: dict[int, str], *, same: bool = False) -> Draft:
    """Chunks by their index, and the tier of each one's result; all of one key, or each of its."""
    keys = {index: b"k" if same else b"k%d" % index for index in tiers}
    missing = [
        Missing(Place(index, "", "", "", "", 1, 1, 1), keys[index]) for index in sorted(tiers)
    ]
    return Draft(missing, {keys[i]: Result(Outcome(), tier) for i, tier in tiers.items()})


def counts(
    told: FileDone,
    drafts: Drafts | None = None,
    previous: Previous = NOTHING_PREVIOUS,
    *,
    limits: Sequence[int | None] = (None,),
    chunks: Sequence[int] = (5,),
) -> Counts:
    return counted(told, drafts or {}, previous, limits, chunks)


def test_new_file_is_called_for() -> None:
    assert counts(done([0, 1, 2, 3, 4])) == (5, Hits())


def test_equal_chunks_of_a_new_file_are_no_hits() -> None:
    assert counts(done([0, 1])) == (2, Hits())


@pytest.mark.parametrize(("tier", "hits"), [("l1", Hits(l1=3)), ("l3", Hits(l3=3))])
def test_what_the_file_s_last_record_had_is_a_hit(tier: str, hits: Hits) -> None:
    assert counts(done([1, 4]), previous=Previous((b"record",), tier)) == (2, hits)


def test_chunk_that_was_called_for_is_told_from_those_that_were_found() -> None:
    found = draft({0: "", 1: "l3", 2: "l1", 3: "", 4: "l2"})
    assert counts(done([]), {0: found}) == (2, Hits(1, 1, 1))


def test_of_equal_chunks_that_were_called_for_the_first_is_charged() -> None:
    assert counts(done([]), {0: draft(dict.fromkeys(range(5), ""), same=True)}) == (1, Hits())


def test_equal_chunks_that_were_found_are_all_hits() -> None:
    found = draft(dict.fromkeys(range(5), "l1"), same=True)
    assert counts(done([]), {0: found}) == (0, Hits(l1=5))


def test_what_is_not_missing_comes_from_the_file_s_last_record() -> None:
    found = draft({1: "", 2: "l1"})
    assert counts(done([]), {0: found}, KNOWN) == (1, Hits(l1=1, l3=3))


def test_chunk_on_which_any_processor_was_called_counts_once() -> None:
    told = done([0, 1], [1, 2])
    assert counts(told, None, KNOWN, limits=(None, None), chunks=(5, 5)) == (3, Hits(l3=2))


def test_chunk_that_one_processor_was_called_on_is_no_hit_of_another() -> None:
    told = done([0, 1], [])
    drafts = {1: draft({0: "l3", 3: "", 4: "l3"})}
    found = counts(told, drafts, KNOWN, limits=(None, None), chunks=(5, 5))
    assert found == (3, Hits(l3=2))


def test_finest_cut_is_counted() -> None:
    drafts = {1: draft({0: "", 1: "l1", 2: "l1", 8: ""})}
    found = counts(done([0], []), drafts, limits=(None, 10), chunks=(5, 9))
    assert found == (2, Hits(l1=2))


def test_coarser_cut_of_which_more_was_called_for_counts_for_what_was() -> None:
    told = done([0, 1, 2], [7])
    found = counts(told, None, KNOWN, limits=(None, 10), chunks=(5, 9))
    assert found == (3, Hits(l3=8))


def test_processor_without_a_record_has_no_hits() -> None:
    previous = Previous((b"record", b""), "l3")
    told = done([], range(9))
    assert counts(told, None, previous, limits=(None, 10), chunks=(5, 9)) == (9, Hits())
