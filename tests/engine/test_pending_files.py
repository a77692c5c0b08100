"""A file is ready when there is a result for each of its chunks, and not before."""

from collections.abc import Sequence

import pytest

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.chunk_queue import ChunkQueue
from chunkflow.engine.files import File
from chunkflow.engine.manifest import Signature
from chunkflow.engine.messages import ChunkDone, ChunkTask, FileDone, FilePart
from chunkflow.engine.options import RunProcessor
from chunkflow.engine.pending_files import CutFile, FileJob, PendingFiles
from chunkflow.engine.records.chunks import pack_chunk
from chunkflow.engine.records.drafts import Place, pack_places
from chunkflow.engine.write_buffer import WriteBuffer
from chunkflow.model.finding import Outcome
from chunkflow.syntax.chunker import chunk_source

(CHUNK,) = chunk_source(b"let a", "typescript")
PROCESSORS = tuple(
    RunProcessor(n, n.encode() * 16, expensive=True, own=n.encode() * 16) for n in "pq"
)
OWNER = 1


class Trial:
    """Files that wait, and those that are ready."""

    def __init__(self, tiers: Tiers) -> None:
        self.queue = ChunkQueue(PROCESSORS, WriteBuffer(tiers), jobs=2)
        self.pending = PendingFiles(self.queue)
        self.ready: list[CutFile] = []

    def want(self, *wanted: tuple[int, bytes]) -> None:
        self.queue.want(OWNER, (ChunkTask(n, key, b"text") for n, key in wanted))

    def add(self, job: FileJob, told: FileDone) -> None:
        cut = self.pending.add(job, told)
        if cut is not None:
            self.ready.append(cut)

    def do(self, *, error: str = "") -> None:
        """Work off the next chunk."""
        (one,) = self.queue.next_task(busy=0)
        value = one.task.local_key.decode() + PROCESSORS[one.task.processor].name
        record = b"" if error else pack_chunk(CHUNK, Outcome(value=value))
        self.ready += self.pending.settle(self.queue.finish(one, ChunkDone(record, error, 1.0)))

    @property
    def names(self) -> list[str]:
        return [cut.job.file.shown for cut in self.ready]

    def found(self) -> dict[int, list[object]]:
        """What the last file got: values or errors by processor, one a place."""
        return {
            number: [
                draft.results[missing.key].outcome.value or draft.results[missing.key].outcome.error
                for missing in draft.missing()
            ]
            for number, draft in self.ready[-1].drafts.items()
        }


@pytest.fixture
def trial(tiers: Tiers) -> Trial:
    return Trial(tiers)


def job(name: str) -> FileJob:
    signature = Signature(1, 0, 0, 0)
    return FileJob(File(name, f"/p/{name}", "typescript", signature, 0, None, False), b"text")


def done(*missing: Sequence[bytes]) -> FileDone:
    """A file in which each processor lacks chunks with these local keys."""
    return FileDone("", b"digest", tuple(FilePart(b"", missing=places(keys)) for keys in missing))


def places(keys: Sequence[bytes]) -> bytes:
    return pack_places(
        Place(index, key.hex(), "ab", "variable", "a", 1, 1, 1) for index, key in enumerate(keys)
    )


def test_file_that_lacks_nothing_is_ready_at_once(trial: Trial) -> None:
    trial.add(job("a.ts"), done([], []))
    assert [(cut.job.file.shown, cut.drafts) for cut in trial.ready] == [("a.ts", {})]


def test_file_is_ready_when_its_last_chunk_is_there(trial: Trial) -> None:
    trial.want((0, b"a"), (0, b"b"))
    trial.add(job("a.ts"), done([b"a", b"b"]))
    assert trial.names == []
    trial.do()
    assert trial.names == []
    trial.do()
    assert trial.names == ["a.ts"]
    assert trial.found() == {0: ["ap", "bp"]}


def test_file_waits_for_every_processor(trial: Trial) -> None:
    trial.want((0, b"a"), (1, b"a"), (1, b"b"))
    trial.add(job("a.ts"), done([b"a"], [b"a", b"b"]))
    for _ in range(3):
        assert trial.names == []
        trial.do()
    assert trial.found() == {0: ["ap"], 1: ["aq", "bq"]}


def test_file_in_which_one_processor_lacks_nothing_has_no_draft_of_it(trial: Trial) -> None:
    trial.want((1, b"a"))
    trial.add(job("a.ts"), done([], [b"a"]))
    trial.do()
    assert trial.found() == {1: ["aq"]}


def test_equal_chunks_of_a_file_are_waited_for_once(trial: Trial) -> None:
    trial.want((0, b"a"))
    trial.add(job("a.ts"), done([b"a", b"a", b"a"]))
    trial.do()
    assert trial.found() == {0: ["ap", "ap", "ap"]}


def test_file_whose_chunks_are_there_already_is_ready_at_once(trial: Trial) -> None:
    trial.want((0, b"a"))
    trial.do()
    trial.add(job("a.ts"), done([b"a"]))
    assert trial.names == ["a.ts"]


def test_chunk_that_several_files_hold_readies_all_of_them(trial: Trial) -> None:
    trial.want((0, b"a"), (0, b"b"))
    trial.add(job("a.ts"), done([b"a"]))
    trial.add(job("b.ts"), done([b"b", b"a"]))
    trial.add(job("c.ts"), done([b"a"]))
    trial.do()
    assert trial.names == ["a.ts", "c.ts"]
    trial.do()
    assert trial.names == ["a.ts", "c.ts", "b.ts"]


def test_chunk_that_fails_is_a_result_too(trial: Trial) -> None:
    trial.want((0, b"a"), (0, b"b"))
    trial.add(job("a.ts"), done([b"a", b"b"]))
    trial.do(error="it raised")
    trial.do()
    assert trial.found() == {0: ["it raised", "bp"]}


def test_file_needs_no_more_claim_on_its_chunks(trial: Trial) -> None:
    trial.want((0, b"a"))
    trial.add(job("a.ts"), done([b"a"]))
    trial.queue.release(OWNER)
    trial.do()
    assert trial.found() == {0: ["ap"]}
    (missing,) = trial.ready[0].drafts[0].missing()
    assert not trial.queue.is_wanted(missing.key)


def test_text_of_a_file_is_let_go_while_it_waits(trial: Trial) -> None:
    trial.want((0, b"a"))
    trial.add(job("a.ts"), done([b"a"]))
    trial.do()
    (cut,) = trial.ready
    assert cut.job.source is None
    assert [part.missing for part in cut.done.parts] == [b""]


REFUSED = (ValueError, TypeError, LookupError)


@pytest.mark.parametrize("told", [done([b"a", b"b"]), done([], [b"a"]), done([], [], [b"a"])])
def test_chunk_that_nobody_was_asked_for_is_refused(trial: Trial, told: FileDone) -> None:
    trial.want((0, b"a"))
    with pytest.raises(REFUSED):
        trial.add(job("a.ts"), told)
    trial.do()
    assert trial.ready == []


@pytest.mark.parametrize("missing", [b"{", b"7", b"\1\0\0\0", b"[[0]]"])
def test_answer_that_cannot_be_understood_is_refused(trial: Trial, missing: bytes) -> None:
    part = FilePart(b"", missing=missing)
    with pytest.raises(REFUSED):
        trial.add(job("a.ts"), FileDone("", b"digest", (part,)))
