"""What was called is told apart from what was found, and where."""

from collections.abc import Mapping, Sequence

import pytest

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.chunk_queue import ChunkAnswer, ChunkQueue
from chunkflow.engine.file_reports import FileResult
from chunkflow.engine.file_results import fail_job, make_result
from chunkflow.engine.files import File
from chunkflow.engine.lookup import NOTHING_PREVIOUS, FileRecords, Previous
from chunkflow.engine.manifest import Signature
from chunkflow.engine.messages import FileDone, FilePart
from chunkflow.engine.options import RunOptions, RunProcessor
from chunkflow.engine.pending_files import CutFile, FileJob
from chunkflow.engine.records.drafts import Place, pack_places
from chunkflow.engine.records.files import packed, reusable, unpack
from chunkflow.engine.workers import Workers
from chunkflow.engine.write_buffer import WriteBuffer
from chunkflow.model.finding import Outcome
from chunkflow.model.report import FileReport, Hits

KNOWN = Previous((b"record", b"record"), "l3")
FILE = File("a.ts", "/p/a.ts", "typescript", Signature(9, 0, 0, 0), 0, None, False)
KEY_BYTES = 25
NOTHING = Outcome()
UNREADABLE = "cannot process a.ts: the worker's answer cannot be read"


def record(chunks: int) -> bytes:
    """The record of a file with so many chunks, of which nothing is said."""
    return packed(
        complete=True,
        chunks=chunks,
        findings=0,
        size_bytes=9,
        local_keys=b"".join(local_key(index) for index in range(chunks)),
        findings_json=b"[]",
        values_json=b"[]",
    )


def local_key(index: int) -> bytes:
    return b"k%02d" % index + bytes(KEY_BYTES - 3)


class Drafted:
    """A processor's part of a file in which chunks were missing.

    Args:
        tiers: of their results, by the index of the chunk.
        same: whether they are all equal.
        outcome: what was said of each.
        late_code: what was loaded late at each.
    """

    def __init__(
        self,
        tiers: Mapping[int, str],
        *,
        same: bool = False,
        outcome: Outcome = NOTHING,
        late_code: Mapping[str, str] | None = None,
    ) -> None:
        self.places = [
            Place(i, local_key(0 if same else i).hex(), "", "function", "f", i + 1, 1, i + 1)
            for i in sorted(tiers)
        ]
        self.results = [ChunkAnswer(outcome, tiers[i], late_code or {}) for i in sorted(tiers)]


Part = Sequence[int] | Drafted
"""The indexes of the chunks that were called, or which were missing."""


def no_workers(*, small: bool) -> Workers:
    raise AssertionError


class Trial:
    """Makes the result of a file."""

    def __init__(self, tiers: Tiers) -> None:
        self.tiers = tiers

    def make(
        self,
        *parts: Part,
        previous: Previous = NOTHING_PREVIOUS,
        limits: Sequence[int | None] = (None,),
        chunks: Sequence[int] = (5,),
        done: FileDone | None = None,
    ) -> FileResult:
        processors = tuple(
            RunProcessor(f"p{number}", b"%d" % number * 16, max_chunk_bytes=limit)
            for number, limit in enumerate(limits)
        )
        queue = ChunkQueue(processors, WriteBuffer(self.tiers), jobs=1)
        found = [
            FilePart(record(count), missing=pack_places(part.places))
            if isinstance(part, Drafted)
            else FilePart(record(count), tuple(part))
            for part, count in zip(parts, chunks, strict=False)
        ]
        told = done or FileDone("", b"d" * 16, tuple(found))
        cut = CutFile(FileJob(FILE, previous=previous), told, queue)
        for number, draft in cut.drafts.items():
            part = parts[number]
            assert isinstance(part, Drafted)
            keys = [missing.key for missing in draft.missing()]
            draft.results = dict(zip(keys, part.results, strict=True))
        options = RunOptions(processors, no_workers)
        return make_result(cut, options, FileRecords(self.tiers, processors))

    def count(
        self,
        *parts: Part,
        previous: Previous = NOTHING_PREVIOUS,
        limits: Sequence[int | None] = (None,),
        chunks: Sequence[int] = (5,),
    ) -> tuple[int, Hits]:
        report = self.make(*parts, previous=previous, limits=limits, chunks=chunks).report
        return report.reran, report.hits


@pytest.fixture
def trial(tiers: Tiers) -> Trial:
    return Trial(tiers)


class TestCounts:
    """How many chunks were called, and where the others were found."""

    def test_new_file_is_all_called(self, trial: Trial) -> None:
        assert trial.count(range(5)) == (5, Hits())

    def test_equal_chunks_of_a_new_file_are_no_hits(self, trial: Trial) -> None:
        assert trial.count([0, 1]) == (2, Hits())

    @pytest.mark.parametrize(("tier", "hits"), [("l1", Hits(l1=3)), ("l3", Hits(l3=3))])
    def test_what_the_file_s_last_record_had_is_a_hit(
        self, trial: Trial, tier: str, hits: Hits
    ) -> None:
        assert trial.count([1, 4], previous=Previous((b"record",), tier)) == (2, hits)

    def test_chunk_that_was_called_is_told_from_those_that_were_found(self, trial: Trial) -> None:
        found = Drafted({0: "", 1: "l3", 2: "l1", 3: "", 4: "l2"})
        assert trial.count(found) == (2, Hits(1, 1, 1))

    def test_of_equal_chunks_that_were_called_the_first_is_charged(self, trial: Trial) -> None:
        assert trial.count(Drafted(dict.fromkeys(range(5), ""), same=True)) == (1, Hits())

    def test_equal_chunks_that_were_found_are_all_hits(self, trial: Trial) -> None:
        found = Drafted(dict.fromkeys(range(5), "l1"), same=True)
        assert trial.count(found) == (0, Hits(l1=5))

    def test_what_is_not_missing_comes_from_the_file_s_last_record(self, trial: Trial) -> None:
        found = Drafted({1: "", 2: "l1"})
        assert trial.count(found, previous=KNOWN) == (1, Hits(l1=1, l3=3))

    def test_chunk_on_which_any_processor_was_called_counts_once(self, trial: Trial) -> None:
        parts = [0, 1], [1, 2]
        found = trial.count(*parts, previous=KNOWN, limits=(None, None), chunks=(5, 5))
        assert found == (3, Hits(l3=2))

    def test_chunk_that_one_processor_was_called_on_is_no_hit_of_another(
        self, trial: Trial
    ) -> None:
        parts = [0, 1], Drafted({0: "l3", 3: "", 4: "l3"})
        found = trial.count(*parts, previous=KNOWN, limits=(None, None), chunks=(5, 5))
        assert found == (3, Hits(l3=2))

    def test_finest_cut_is_counted(self, trial: Trial) -> None:
        parts = [0], Drafted({0: "", 1: "l1", 2: "l1", 8: ""})
        found = trial.count(*parts, limits=(None, 10), chunks=(5, 9))
        assert found == (2, Hits(l1=2))

    def test_coarser_cut_of_which_more_was_called_counts_for_what_was(self, trial: Trial) -> None:
        parts = [0, 1, 2], [7]
        found = trial.count(*parts, previous=KNOWN, limits=(None, 10), chunks=(5, 9))
        assert found == (3, Hits(l3=8))

    def test_processor_without_a_record_has_no_hits(self, trial: Trial) -> None:
        previous = Previous((b"record", b""), "l3")
        found = trial.count([], range(9), previous=previous, limits=(None, 10), chunks=(5, 9))
        assert found == (9, Hits())


def test_file_is_kept_with_the_digest_of_what_was_processed(trial: Trial) -> None:
    result = trial.make([0], [0], limits=(None, None), chunks=(5, 5))
    keys = FileRecords(
        trial.tiers, [RunProcessor("p0", b"0" * 16), RunProcessor("p1", b"1" * 16)]
    ).keys(FILE, b"d" * 16)
    assert result.records == tuple((key, record(5)) for key in keys)
    assert (result.path, result.seen) == ("/p/a.ts", FILE.seen(b"d" * 16))


def test_draft_becomes_a_record_with_its_outcomes(trial: Trial) -> None:
    result = trial.make(Drafted({1: ""}, outcome=Outcome(value=7)))
    ((_, stored),) = result.records
    unpacked = unpack(stored)
    assert unpacked is not None
    assert reusable(unpacked)[local_key(1)] == Outcome(value=7)
    assert [row.value for row in result.report.results["p0"]] == [7]


def test_errors_of_chunks_are_told_in_few_words(trial: Trial) -> None:
    failed = Drafted(dict.fromkeys(range(25), ""), outcome=Outcome(error="no"))
    report = trial.make(failed, chunks=(30,)).report
    assert report.status == "failed"
    assert report.error is not None
    assert report.error.startswith("cannot process a.ts: lines 1-1: no; lines 2-2: no; ")
    assert report.error.endswith("; lines 20-20: no; and 5 more chunks")


def test_file_that_could_not_be_read_has_the_worker_s_word(trial: Trial) -> None:
    result = trial.make(done=FileDone("cannot read a.ts: no such file", b"", ()))
    report = FileReport("a.ts", "failed", error="cannot read a.ts: no such file")
    assert result == FileResult(report)


@pytest.mark.parametrize(
    "parts", [(), (FilePart(b"no record"),), (FilePart(b""),), (FilePart(record(5)),) * 2]
)
def test_what_cannot_be_understood_costs_the_file(
    trial: Trial, parts: tuple[FilePart, ...]
) -> None:
    result = trial.make(done=FileDone("", b"d" * 16, parts))
    assert result == fail_job(FileJob(FILE), "the worker's answer cannot be read")
    assert result.report.error == UNREADABLE


def test_draft_that_cannot_be_read_costs_the_file(trial: Trial) -> None:
    missing = Drafted({0: ""})
    part = FilePart(b"no record", missing=pack_places(missing.places))
    result = trial.make(missing, done=FileDone("", b"d" * 16, (part,)))
    assert result.report.error == UNREADABLE


def test_late_code_is_told_with_its_processor(trial: Trial) -> None:
    of_chunk, of_file = {"module late": "/p/late.py"}, {"module later": "/p/later.py"}
    both: list[Part] = [[], Drafted({0: ""}, late_code=of_chunk)]
    result = trial.make(*both, limits=(None, None), chunks=(5, 5))
    assert result.late_code == ((1, "module late", "/p/late.py"),)
    part = FilePart(record(5), late_code=of_file)
    result = trial.make(done=FileDone("", b"d" * 16, (part,)))
    assert result.late_code == ((0, "module later", "/p/later.py"),)
