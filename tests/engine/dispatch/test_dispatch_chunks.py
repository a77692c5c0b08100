"""Every chunk that files want is answered for, once, whatever becomes of the workers."""

from collections.abc import Iterator
from itertools import chain

import pytest
from dispatches import (
    CHUNK,
    ERRORS,
    NO_PROCESS,
    SLOW,
    UNREADABLE,
    Stop,
    Trial,
    chunks_in,
    files_in,
    names_in,
    sent,
)
from runs import Tasks

from chunkflow.engine.dispatch.chunk_work import ChunkWork
from chunkflow.engine.messages import (
    DONE,
    WANTED,
    ChunkDone,
    ChunkTask,
    FileDone,
    FilePart,
    joined,
    parted,
)
from chunkflow.engine.records.chunks import pack_chunk, unpack_chunk
from chunkflow.engine.records.drafts import Place, pack_places
from chunkflow.errors import PoolError, WorkerDied
from chunkflow.model.finding import Outcome
from chunkflow.pool.protocol import Answer, Task

BATCHES = [[sent("a.ts"), sent("b.ts")], [sent("c.ts")]]


class Workers:
    """A pool of a processor that is called chunk by chunk; every file holds the chunks named."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks
        self.called: list[list[bytes]] = []
        self.limits: list[float | None] = []

    def __call__(self, tasks: Tasks) -> Iterator[Answer]:
        # What is asked for in vain is asked for again once something has been answered.
        for task in tasks:
            if task is not None:
                yield from self.files(task) if files_in(task) else self.called_for(task)

    def files(self, task: Task) -> Iterator[Answer]:
        wanted = [ChunkTask(0, key, key).encode() for key in self.chunks]
        yield Answer(task.id, joined(WANTED, wanted), is_final=False)
        missing = pack_places(
            Place(index, key.hex(), "", "", "", 1, 1, 1) for index, key in enumerate(self.chunks)
        )
        parts = (FilePart(b"", missing=missing),)
        told = [FileDone(name, b"d", parts).encode() for name in names_in(task)]
        yield Answer(task.id, joined(DONE, told), is_final=False)
        yield Answer(task.id)

    def called_for(self, task: Task) -> Iterator[Answer]:
        chunks = chunks_in(task)
        self.limits.append(task.limit_s)
        self.called.append([chunk.local_key for chunk in chunks])
        for chunk in chunks:
            yield Answer(task.id, self.answer(chunk), is_final=False)
        yield Answer(task.id)

    def answer(self, chunk: ChunkTask) -> bytes:
        outcome = Outcome(value=chunk.local_key.decode())
        return ChunkDone(pack_chunk(CHUNK, outcome), "", 0.0).encode()


def values(found: Trial, name: str) -> list[object]:
    return [outcome.value or outcome.error for outcome in found.results[name]]


def test_chunks_that_files_want_are_called_for_once() -> None:
    workers = Workers(b"a", b"bb", b"ccc")
    found = Trial(workers, trusted=False)
    found.run(*BATCHES)
    assert sorted(chain.from_iterable(workers.called)) == [b"a", b"bb", b"ccc"]
    for name in ("a.ts", "b.ts", "c.ts"):
        assert values(found, name) == ["a", "bb", "ccc"]
    assert {*workers.limits} == {7.0}


def test_results_are_kept_when_all_is_done() -> None:
    found = Trial(Workers(b"a", b"bb"), trusted=False)
    found.run([sent("a.ts")])
    assert len(found.memory) == 2


class Failing(Workers):
    """One in whom a chunk fails so often, after all before it in its task were answered."""

    def __init__(self, bad: bytes, error: PoolError | None, *chunks: bytes, times: int = 9) -> None:
        super().__init__(*chunks)
        self.bad = bad
        self.error = error
        self.times = times

    def called_for(self, task: Task) -> Iterator[Answer]:
        chunks = chunks_in(task)
        self.called.append([chunk.local_key for chunk in chunks])
        for chunk in chunks:
            if chunk.local_key == self.bad and self.times:
                self.times -= 1
                yield Answer(task.id, error=self.error)
                return
            yield Answer(task.id, self.answer(chunk), is_final=False)
        yield Answer(task.id)


@pytest.mark.parametrize(("error", "times"), list(zip(ERRORS, [2, 1, 1], strict=True)))
def test_chunk_that_costs_its_task_costs_itself_alone(error: PoolError, times: int) -> None:
    workers = Failing(b"bb", error, b"a", b"bb", b"ccc")
    found = Trial(workers, trusted=False)
    found.run([sent("a.ts")], [sent("b.ts")])
    for name in ("a.ts", "b.ts"):
        assert values(found, name) == ["a", f'processor "slow": {error}', "ccc"]
    assert sum(b"bb" in keys for keys in workers.called) == times
    assert ([b"bb"] in workers.called) == (times == 2)
    assert found.failed == []


def test_chunk_that_costs_its_worker_once_has_its_result() -> None:
    workers = Failing(b"bb", WorkerDied("died"), b"a", b"bb", b"ccc", times=1)
    found = Trial(workers, trusted=False)
    found.run([sent("a.ts")])
    assert values(found, "a.ts") == ["a", "bb", "ccc"]


def test_task_that_ends_before_all_its_chunks_costs_the_next_one() -> None:
    workers = Failing(b"bb", None, b"a", b"bb", b"ccc")
    found = Trial(workers, trusted=False)
    found.run([sent("a.ts")])
    assert values(found, "a.ts") == ["a", f'processor "slow": {UNREADABLE}', "ccc"]


class Babbling(Workers):
    """One that answers for a chunk with bytes of its own, and once more than it was asked."""

    def answer(self, chunk: ChunkTask) -> bytes:
        return b"garbage" if chunk.local_key == b"bb" else super().answer(chunk)

    def called_for(self, task: Task) -> Iterator[Answer]:
        *parts, end = super().called_for(task)
        yield from parts
        yield Answer(task.id, b"more", is_final=False)
        yield end


def test_garbage_costs_the_chunk_that_it_stands_for() -> None:
    found = Trial(Babbling(b"a", b"bb", b"ccc"), trusted=False)
    found.run([sent("a.ts")])
    assert values(found, "a.ts") == ["a", f'processor "slow": {UNREADABLE}', "ccc"]


class Unasked(Workers):
    """One that tells of chunks that it never said were wanted."""

    def files(self, task: Task) -> Iterator[Answer]:
        _, *rest = super().files(task)
        yield from rest


def test_file_with_chunks_that_nobody_was_asked_for_is_told() -> None:
    found = Trial(Unasked(b"a"), trusted=False)
    found.run([sent("a.ts")])
    assert (found.done, found.failed) == ([], [("a.ts", UNREADABLE)])


def test_chunks_that_wait_are_called_for_before_more_files_are_cut() -> None:
    order: list[str] = []

    class Large(Workers):
        def files(self, task: Task) -> Iterator[Answer]:
            order.extend(names_in(task))
            for one in super().files(task):
                kind, parts = parted(one.payload) if one.payload else (b"", [])
                if kind == WANTED:
                    # Each file has a chunk of its own besides.
                    own = names_in(task)[0].encode()
                    large = ChunkTask(0, own, bytes(5 << 20)).encode()
                    yield one._replace(payload=joined(WANTED, [*parts, large]))
                else:
                    yield one

        def answer(self, chunk: ChunkTask) -> bytes:
            order.append("chunk")
            return super().answer(chunk)

    found = Trial(Large(), trusted=False)
    found.run([sent("a.ts")], [sent("b.ts")])
    assert order == ["a.ts", "chunk", "b.ts", "chunk"]


def test_chunks_in_hand_are_finished_and_kept_after_it_was_asked_to_stop() -> None:
    stop = Stop()

    class Stopped(Workers):
        def called_for(self, task: Task) -> Iterator[Answer]:
            stop.is_asked = True
            return super().called_for(task)

    workers = Stopped(b"a", b"bb", b"ccc")
    found = Trial(workers, trusted=False, should_stop=stop)
    found.run([sent("a.ts")])
    assert workers.called == [[b"ccc"]]
    assert (found.done, found.failed) == ([], [])
    assert len(found.memory) == 1


class Vanishing(Workers):
    """When so many tasks about chunks are given out, the last process goes."""

    def __init__(self, after: int, *chunks: bytes) -> None:
        super().__init__(*chunks)
        self.after = after

    def called_for(self, task: Task) -> Iterator[Answer]:
        if len(self.called) == self.after:
            raise NO_PROCESS
        return super().called_for(task)


def test_without_processes_chunks_without_a_result_are_told_why() -> None:
    found = Trial(Vanishing(1, b"a", b"bb", b"ccc"), trusted=False)
    found.run([sent("a.ts", size_bytes=600_000)], [sent("b.ts")])
    for name in found.done:
        assert values(found, name) == [str(NO_PROCESS), str(NO_PROCESS), "ccc"]
    assert sorted([*found.done, *(name for name, _ in found.failed)]) == ["a.ts", "b.ts"]
    assert len(found.memory) == 1


def test_without_processes_chunks_of_trusted_processors_are_called_for_here() -> None:
    second = Workers(b"a", b"bb", b"ccc")
    found = Trial(Vanishing(1, b"a", b"bb", b"ccc"), second)
    found.run([sent("a.ts", size_bytes=600_000)], [sent("b.ts")])
    for name in ("a.ts", "b.ts"):
        assert values(found, name) == ["a", "bb", "ccc"]
    assert sorted(chain.from_iterable(second.called)) == [b"a", b"bb"]


def test_interruption_passes_through_and_what_was_done_is_kept() -> None:
    class Interrupted(Workers):
        def called_for(self, task: Task) -> Iterator[Answer]:
            if self.called:
                raise KeyboardInterrupt
            return super().called_for(task)

    found = Trial(Interrupted(b"a", b"bb"), trusted=False)
    with pytest.raises(KeyboardInterrupt):
        found.run(*BATCHES)
    assert len(found.memory) == 1


def test_record_that_is_kept_is_what_the_worker_said() -> None:
    found = Trial(Workers(b"a"), trusted=False)
    found.run([sent("a.ts")])
    (key,) = ChunkWork((SLOW,), found.tiers, jobs=1).keys(0, [b"a"])
    hit = found.tiers.get_many([key]).get(key)
    assert hit is not None
    assert unpack_chunk(hit.payload) == Outcome(value="a")
