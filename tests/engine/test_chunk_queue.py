"""Each chunk is called once, the largest first, and its result is kept at once."""

from collections.abc import Iterable, Sequence

import pytest

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.chunk_queue import ChunkAnswer, ChunkQueue
from chunkflow.engine.messages import ChunkDone, ChunkTask
from chunkflow.engine.options import RunProcessor
from chunkflow.engine.records.chunks import pack_chunk, unpack_chunk
from chunkflow.engine.spill_queue import Pending
from chunkflow.engine.write_buffer import WriteBuffer
from chunkflow.errors import PoolError, TaskTimeout, WorkerDied, WorkerSpoiled
from chunkflow.model.finding import Outcome
from chunkflow.syntax.chunker import chunk_source

(CHUNK,) = chunk_source(b"let a", "typescript")
FIRST, SECOND = (
    RunProcessor(n, n.encode() * 4, expensive=True, own=n.encode() * 4) for n in ("fast", "slow")
)
FILE, OTHER = 1, 2


class Clock:
    """Moved by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Trial:
    """A queue, and what became of its chunks."""

    def __init__(self, tiers: Tiers, memory: MemoryTier, *, jobs: int = 2) -> None:
        self.tiers = tiers
        self.memory = memory
        self.clock = Clock()
        self.writes = WriteBuffer(tiers, clock_s=self.clock)
        self.queue = ChunkQueue((FIRST, SECOND), self.writes, jobs=jobs)

    def want(self, *tasks: ChunkTask, owner: int = FILE) -> None:
        self.queue.want(owner, tasks)

    def result(self, task: ChunkTask) -> ChunkAnswer | None:
        return self.queue.result(self.key(task))

    def values(self, *tasks: ChunkTask) -> list[object]:
        """The value or the error of each; None where there is none yet."""
        results = map(self.result, tasks)
        return [one and (one.outcome.value or one.outcome.error) for one in results]

    def key(self, task: ChunkTask) -> bytes:
        return self.queue.key(task.processor, task.local_key)

    def next(self, *, busy: int = 0) -> list[bytes]:
        """Local keys of the next task."""
        return local_keys(self.queue.next_task(busy=busy))

    def do(self, pending: Iterable[Pending], *, took_s: float = 0.001) -> None:
        for one in pending:
            assert self.queue.finish(one, done(one.task.local_key, took_s=took_s)) == one.key

    def do_all(self) -> list[bytes]:
        """Work off all that waits; returns the local keys."""
        called = []
        while pending := self.queue.next_task(busy=0):
            self.do(pending)
            called += local_keys(pending)
        return called

    def measured(self, took_s: float, *, processor: int = 0) -> None:
        """Let a processor take so long for a chunk."""
        self.want(task(b"measured", processor=processor), owner=99)
        self.do(self.queue.next_task(busy=0), took_s=took_s)

    @property
    def kept(self) -> int:
        return len(self.memory)


@pytest.fixture
def trial(tiers: Tiers, memory: MemoryTier) -> Trial:
    return Trial(tiers, memory)


def task(local_key: bytes, *, size: int = 10, processor: int = 0) -> ChunkTask:
    return ChunkTask(processor, local_key, bytes(size))


def done(value: bytes, *, took_s: float = 0.001) -> ChunkDone:
    return ChunkDone(pack_chunk(CHUNK, Outcome(value=value.decode())), "", took_s)


def local_keys(pending: Sequence[Pending]) -> list[bytes]:
    return [one.task.local_key for one in pending]


A, B, C = map(task, (b"a", b"b", b"c"))


def many(count: int, *, size: int = 10, processor: int = 0) -> list[ChunkTask]:
    return [task(b"%04d" % n, size=size, processor=processor) for n in range(count)]


def test_largest_chunk_goes_first(trial: Trial) -> None:
    trial.want(task(b"s", size=1), task(b"l", size=9), task(b"m", size=5))
    trial.want(task(b"x", size=7))
    assert trial.do_all() == [b"l", b"x", b"m", b"s"]


def test_equal_size_keeps_its_order(trial: Trial) -> None:
    trial.want(A, B)
    trial.want(C)
    assert trial.do_all() == [b"a", b"b", b"c"]


def test_chunk_is_a_task_until_one_was_measured(trial: Trial) -> None:
    trial.want(*many(10))
    assert [len(trial.next()) for _ in range(3)] == [1, 1, 1]


def test_cheap_chunks_go_together(trial: Trial) -> None:
    trial.measured(1 / 1024)
    trial.want(*many(1000))
    assert len(trial.next()) == 51  # for a twentieth of a second


def test_very_cheap_chunks_go_together_up_to_a_number(trial: Trial) -> None:
    trial.measured(0.0)
    trial.want(*many(1000))
    assert len(trial.next()) == 256


def test_large_chunks_go_together_up_to_a_size(trial: Trial) -> None:
    trial.measured(0.0)
    trial.want(*many(10, size=100_000))
    assert [len(trial.next()) for _ in range(5)] == [2] * 5


def test_chunk_of_any_size_goes_at_last(trial: Trial) -> None:
    trial.measured(0.0)
    trial.want(task(b"huge", size=1_000_000), A)
    assert trial.next() == [b"huge"]
    assert trial.next() == [b"a"]


def test_last_chunks_are_shared_out_among_all_workers(trial: Trial) -> None:
    trial.measured(0.001)
    trial.want(*many(8))
    assert [len(trial.next()) for _ in range(4)] == [2, 1, 1, 1]


@pytest.mark.parametrize(("busy", "count"), [(0, 1), (1, 1), (2, 0), (6, 0)])
def test_slow_chunks_go_alone_and_no_more_than_there_are_workers(
    trial: Trial, busy: int, count: int
) -> None:
    trial.measured(1.0)
    trial.want(*many(10))
    assert len(trial.next(busy=busy)) == count


def test_chunks_of_a_cheap_processor_are_handed_out_ahead(trial: Trial) -> None:
    trial.measured(0.1)
    trial.want(*many(10))
    assert len(trial.next(busy=5)) == 1


def test_cost_follows_the_measurements(trial: Trial) -> None:
    trial.measured(0.001)
    trial.want(*many(100))
    for _ in range(20):
        trial.do(trial.queue.next_task(busy=0)[:1], took_s=1.0)
    trial.want(*(task(b"later%d" % n) for n in range(100)))
    assert len(trial.next()) == 1


def test_each_processor_has_its_own_cost(trial: Trial) -> None:
    trial.measured(0.001)
    trial.measured(1.0, processor=1)
    trial.want(*many(10, processor=1))
    assert len(trial.next()) == 1
    assert trial.next(busy=2) == []
    trial.want(*many(100, size=20))
    assert len(trial.next(busy=2)) > 1


def test_nothing_to_do_is_no_task(trial: Trial) -> None:
    assert trial.next() == []


def test_chunk_that_several_want_is_called_once(trial: Trial) -> None:
    trial.want(A, A)
    trial.want(A, owner=OTHER)
    assert trial.values(A) == [None]
    assert trial.do_all() == [b"a"]
    assert trial.values(A, A) == ["a"] * 2


def test_first_to_ask_is_charged(trial: Trial) -> None:
    trial.want(A)
    trial.do_all()
    results = [trial.result(A) for _ in range(3)]
    assert [result and result.tier for result in results] == ["", "l1", "l1"]


@pytest.mark.parametrize(
    "other",
    [
        A._replace(processor=1),
        A._replace(local_key=b"b"),
    ],
)
def test_chunk_of_another_key_is_another_chunk(trial: Trial, other: ChunkTask) -> None:
    trial.want(A, other)
    assert len(trial.do_all()) == 2


def test_chunk_whose_result_is_kept_is_not_called_again(trial: Trial) -> None:
    trial.want(A)
    trial.do_all()
    trial.writes.flush()
    again = Trial(trial.tiers, trial.memory)
    again.want(A, B)
    assert again.do_all() == [b"b"]
    assert again.result(A) == ChunkAnswer(Outcome(value="a"), "l1")


@pytest.mark.parametrize("payload", [b"", b"no record", pack_chunk(CHUNK, Outcome(error="no"))])
def test_record_that_cannot_be_read_is_missing_and_replaced(trial: Trial, payload: bytes) -> None:
    trial.tiers.put_many([(trial.key(A), payload)])
    trial.want(A)
    assert trial.do_all() == [b"a"]
    assert trial.result(A) == ChunkAnswer(Outcome(value="a"), "")
    trial.writes.flush()
    again = Trial(trial.tiers, trial.memory)
    again.want(A)
    assert again.do_all() == []


def test_result_is_stored_at_once(trial: Trial) -> None:
    trial.want(A, B, C)
    for count in (1, 2, 3):
        trial.clock.now_s += 1 / 64
        trial.do(trial.queue.next_task(busy=0))
        assert trial.kept == count


def test_results_that_come_fast_share_a_transaction(trial: Trial) -> None:
    trial.want(A, B, C)
    trial.do(trial.queue.next_task(busy=0))
    trial.do(trial.queue.next_task(busy=0))
    assert trial.kept == 0
    trial.clock.now_s += 1 / 64
    trial.do(trial.queue.next_task(busy=0))
    assert trial.kept == 3


def test_record_that_is_stored_is_what_the_worker_said(trial: Trial) -> None:
    trial.want(A)
    trial.do_all()
    trial.writes.flush()
    hit = trial.tiers.get_many([trial.key(A)]).get(trial.key(A))
    assert hit is not None
    assert unpack_chunk(hit.payload) == Outcome(value="a")


def test_chunk_that_fails_has_its_error_and_is_not_stored(trial: Trial) -> None:
    trial.want(A)
    (one,) = trial.queue.next_task(busy=0)
    trial.queue.finish(one, ChunkDone(b"", "it raised", 0.001))
    trial.writes.flush()
    assert trial.result(A) == ChunkAnswer(Outcome(error="it raised"), "")
    assert trial.kept == 0


def test_answer_that_is_no_record_is_an_error(trial: Trial) -> None:
    trial.want(A)
    (one,) = trial.queue.next_task(busy=0)
    trial.queue.finish(one, ChunkDone(b"no record", "", 0.001))
    trial.writes.flush()
    assert trial.values(A) == ['processor "fast": the worker\'s answer cannot be read']
    assert trial.kept == 0


DIED = WorkerDied("its worker process was killed by SIGSEGV")


def take(trial: Trial, *tasks: ChunkTask) -> list[Pending]:
    """One task of them all."""
    trial.measured(0.0)
    trial.want(*tasks, *many(20, size=1))
    return [one for one in trial.queue.next_task(busy=0) if one.task in tasks]


def give_out_all(trial: Trial) -> list[Pending]:
    """All that waits, given out."""
    found: list[Pending] = []
    while pending := trial.queue.next_task(busy=0):
        found += pending
    return found


def test_chunk_that_cost_its_worker_goes_alone_once_more(trial: Trial) -> None:
    assert trial.queue.fail(take(trial, A), DIED) == []
    trial.want(*(task(b"other%d" % n) for n in range(20)))
    tasks = []
    while pending := trial.queue.next_task(busy=0):
        tasks.append(local_keys(pending))
        if pending[0].task == A:
            assert trial.values(A) == [None]
            assert trial.queue.fail(pending, DIED) == [trial.key(A)]
        else:
            trial.do(pending)
    assert [b"a"] in tasks
    assert sum(b"a" in one for one in tasks) == 1
    assert trial.values(A) == [f'processor "fast": {DIED}']


def test_chunk_that_goes_well_the_second_time_has_its_result(trial: Trial) -> None:
    trial.queue.fail(take(trial, A), DIED)
    assert b"a" in trial.do_all()
    assert trial.values(A) == ["a"]


@pytest.mark.parametrize("error", [TaskTimeout("too long"), PoolError("it needed more memory")])
def test_chunk_that_failed_otherwise_has_no_second_chance(trial: Trial, error: PoolError) -> None:
    assert trial.queue.fail(take(trial, A), error) == [trial.key(A)]
    assert b"a" not in trial.do_all()
    assert trial.values(A) == [f'processor "fast": {error}']


@pytest.mark.parametrize("error", [TaskTimeout("too long"), DIED])
def test_others_of_its_task_go_again(trial: Trial, error: PoolError) -> None:
    pending = take(trial, A, B, C)
    assert local_keys(pending) == [b"a", b"b", b"c"]
    trial.do(pending[:1])
    trial.queue.fail(pending[1:], error)
    called = trial.do_all()
    assert b"a" not in called
    assert (b"b" in called, b"c" in called) == (error is DIED, True)


def test_spoiled_worker_is_charged_to_no_chunk(trial: Trial) -> None:
    pending = take(trial, A, B, C)
    trial.do(pending[:1])
    assert trial.queue.fail(pending[1:], WorkerSpoiled("it has spoiled its process")) == []
    called = trial.do_all()
    assert (b"a" in called, b"b" in called, b"c" in called) == (False, True, True)
    assert trial.values(A, B, C) == ["a", "b", "c"]


def test_chunk_is_not_charged_however_often_its_worker_is_spoiled(trial: Trial) -> None:
    pending = take(trial, A)
    for _ in range(5):
        trial.queue.fail(pending, WorkerSpoiled("it has spoiled its process"))
        pending = [one for one in give_out_all(trial) if one.task == A]
        assert len(pending) == 1
    trial.queue.fail(pending, DIED)
    assert b"a" in trial.do_all()
    assert trial.values(A) == ["a"]


def test_late_code_makes_a_result_uncertain_and_keeps_it_out_of_the_cache(trial: Trial) -> None:
    trial.want(A, B)
    code = {"module late": "/p/late.py"}
    for key in (b"a", b"b"):
        (one,) = trial.queue.next_task(busy=0)
        trial.queue.finish(one, done(key)._replace(late_code=code if key == b"a" else {}))
    trial.writes.flush()
    assert trial.result(A) == ChunkAnswer(Outcome(value="a", is_certain=False), "", code)
    assert trial.result(B) == ChunkAnswer(Outcome(value="b"), "")
    assert trial.kept == 1


def test_task_that_ends_after_its_last_chunk_costs_none(trial: Trial) -> None:
    assert trial.queue.fail([], DIED) == []
    assert trial.next() == []


def test_chunks_of_a_lost_task_go_again(trial: Trial) -> None:
    trial.queue.put_back(take(trial, A, B))
    trial.do_all()
    assert trial.values(A, B) == ["a", "b"]


def test_without_workers_what_has_no_result_has_failed(trial: Trial) -> None:
    trial.want(A, B, C)
    trial.do(trial.queue.next_task(busy=0))
    trial.queue.next_task(busy=0)
    assert trial.queue.give_up("no memory") == [trial.key(B), trial.key(C)]
    assert trial.values(A, B, C) == ["a", "no memory", "no memory"]
    assert trial.next() == []
    assert not trial.queue.is_full


def test_it_is_full_from_much_that_waits_until_nothing_does(trial: Trial) -> None:
    trial.measured(0.0)
    trial.want(*many(5, size=1 << 20))
    seen = [trial.queue.is_full]
    while pending := trial.queue.next_task(busy=0):
        seen.append(trial.queue.is_full)
        trial.do(pending)
    assert seen == [True, True, True, True, True, False]


def test_it_is_not_full_of_little(trial: Trial) -> None:
    trial.want(*many(100))
    assert not trial.queue.is_full


def test_what_is_released_before_its_result_is_called_all_the_same(trial: Trial) -> None:
    trial.want(A)
    trial.queue.release(FILE)
    assert trial.do_all() == [b"a"]
    assert trial.values(A) == ["a"]
    trial.queue.drop_unclaimed(trial.key(A))
    assert not trial.queue.is_wanted(trial.key(A))


def test_what_nobody_claims_any_more_is_forgotten(trial: Trial) -> None:
    trial.want(A, B)
    trial.want(B, owner=OTHER)
    trial.do_all()
    trial.queue.drop_unclaimed(trial.key(A))
    assert trial.queue.is_wanted(trial.key(A))
    trial.queue.release(FILE)
    assert not trial.queue.is_wanted(trial.key(A))
    assert trial.queue.is_wanted(trial.key(B))
    trial.queue.release(OTHER)
    assert not trial.queue.is_wanted(trial.key(B))


@pytest.mark.parametrize("is_stored", [True, False])
def test_what_was_forgotten_is_found_in_the_cache(trial: Trial, is_stored: bool) -> None:
    """In the same moment, too, so that nothing was stored yet."""
    trial.want(A)
    trial.do_all()
    if is_stored:
        trial.writes.flush()
    trial.queue.release(FILE)
    trial.want(A, owner=OTHER)
    assert trial.do_all() == []
    assert trial.result(A) == ChunkAnswer(Outcome(value="a"), "l1")


def test_nothing_is_held_for_who_wanted_nothing(trial: Trial) -> None:
    trial.queue.release(OTHER)
    assert not trial.queue.is_wanted(trial.key(A))


def test_it_works_without_a_cache() -> None:
    memory = MemoryTier(0)
    trial = Trial(Tiers(memory, None, warn=lambda _: None), memory)
    trial.want(A)
    trial.want(A, owner=OTHER)
    assert trial.do_all() == [b"a"]
    assert trial.values(A, A) == ["a", "a"]
