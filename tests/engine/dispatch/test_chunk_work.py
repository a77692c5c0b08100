"""Each chunk is called for once, the largest first, and its result is kept at once."""

from collections.abc import Iterable, Sequence

import pytest

from chunkflow.cache.memory import MemoryTier
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.dispatch.chunk_work import ChunkWork, Result
from chunkflow.engine.dispatch.waiting import Pending
from chunkflow.engine.messages import ChunkDone, ChunkTask
from chunkflow.engine.plan import RunProcessor
from chunkflow.engine.records.chunks import pack_chunk
from chunkflow.errors import PoolError, TaskTimeout, WorkerDied, WorkerSpoiled
from chunkflow.model.finding import Outcome
from chunkflow.syntax.chunker import chunk_source

(CHUNK,) = chunk_source(b"let a", "typescript")
FIRST, SECOND = (
    RunProcessor(n, n.encode() * 4, False, expensive=True, own=n.encode() * 4)
    for n in ("fast", "slow")
)
FILE, OTHER = 1, 2


class Clock:
    """Moved by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Trial:
    """Chunk work, and what its askers were told."""

    def __init__(self, memory: MemoryTier, *, jobs: int = 2) -> None:
        self.memory = memory
        self.tiers = Tiers(memory, None, warn=pytest.fail)
        self.clock = Clock()
        self.work = ChunkWork((FIRST, SECOND), self.tiers, jobs=jobs, clock_s=self.clock)
        self.told: list[tuple[bytes, Result]] = []

    def want(self, *tasks: ChunkTask, owner: int = FILE) -> None:
        self.work.want(owner, tasks)

    def ask(self, *tasks: ChunkTask) -> None:
        for task in tasks:
            self.work.ask(self.key(task), lambda key, result: self.told.append((key, result)))

    def key(self, task: ChunkTask) -> bytes:
        (key,) = self.work.keys(task.processor, [task.local_key])
        return key

    def next(self, *, busy: int = 0) -> list[bytes]:
        """Local keys of the next task."""
        return local_keys(self.work.next(busy=busy))

    def do(self, pending: Iterable[Pending], *, took_s: float = 0.001) -> None:
        for one in pending:
            self.work.take(one, done(one.task.local_key, took_s=took_s))

    def do_all(self) -> list[bytes]:
        """Work off all that waits; returns the local keys."""
        called = []
        while pending := self.work.next(busy=0):
            self.do(pending)
            called += local_keys(pending)
        return called

    def measured(self, took_s: float, *, processor: int = 0) -> None:
        """Let a processor take so long for a chunk."""
        self.want(task(b"measured", processor=processor), owner=99)
        self.do(self.work.next(busy=0), took_s=took_s)

    @property
    def results(self) -> list[Result]:
        return [result for _, result in self.told]

    @property
    def kept(self) -> int:
        return len(self.memory)


@pytest.fixture
def trial(memory: MemoryTier) -> Trial:
    return Trial(memory)


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
        trial.do(trial.work.next(busy=0)[:1], took_s=1.0)
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
    trial.ask(A, A)
    assert trial.do_all() == [b"a"]
    trial.ask(A)
    assert [result.outcome.value for result in trial.results] == ["a"] * 3


def test_first_to_ask_is_charged(trial: Trial) -> None:
    trial.want(A)
    trial.ask(A, A)
    trial.do_all()
    trial.ask(A)
    assert [result.tier for result in trial.results] == ["", "l1", "l1"]


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
    trial.work.store()
    again = Trial(trial.memory)
    again.want(A, B)
    again.ask(A)
    assert again.do_all() == [b"b"]
    assert again.results == [Result(Outcome(value="a"), "l1")]


@pytest.mark.parametrize("payload", [b"", b"no record", pack_chunk(CHUNK, Outcome(error="no"))])
def test_record_that_cannot_be_read_is_missing_and_replaced(trial: Trial, payload: bytes) -> None:
    trial.tiers.put_many([(trial.key(A), payload)])
    trial.want(A)
    trial.ask(A)
    assert trial.do_all() == [b"a"]
    assert trial.results == [Result(Outcome(value="a"), "")]
    trial.work.store()
    again = Trial(trial.memory)
    again.want(A)
    assert again.do_all() == []


def test_results_that_come_slowly_are_kept_at_once(trial: Trial) -> None:
    trial.want(A, B, C)
    for count in (1, 2, 3):
        trial.clock.now_s += 1 / 64
        trial.do(trial.work.next(busy=0))
        assert trial.kept == count


def test_results_that_come_fast_share_a_transaction(trial: Trial) -> None:
    trial.want(A, B, C)
    trial.do(trial.work.next(busy=0))
    trial.do(trial.work.next(busy=0))
    assert trial.kept == 0
    trial.clock.now_s += 1 / 64
    trial.do(trial.work.next(busy=0))
    assert trial.kept == 3


def test_results_that_are_left_are_kept_in_the_end(trial: Trial) -> None:
    trial.want(A)
    trial.do_all()
    assert trial.kept == 0
    trial.work.store()
    assert trial.kept == 1


def test_chunk_that_fails_is_told_and_not_kept(trial: Trial) -> None:
    trial.want(A)
    trial.ask(A)
    (one,) = trial.work.next(busy=0)
    trial.clock.now_s += 1
    trial.work.take(one, ChunkDone(b"", "it raised", 0.001))
    trial.work.store()
    assert trial.results == [Result(Outcome(error="it raised"), "")]
    assert trial.kept == 0


def test_answer_that_is_no_record_is_an_error(trial: Trial) -> None:
    trial.want(A)
    trial.ask(A)
    (one,) = trial.work.next(busy=0)
    trial.work.take(one, ChunkDone(b"no record", "", 0.001))
    assert trial.results[0].outcome.error == (
        'processor "fast": the worker\'s answer cannot be read'
    )
    assert trial.kept == 0


DIED = WorkerDied("its worker process was killed by SIGSEGV")


def taken(trial: Trial, *tasks: ChunkTask) -> list[Pending]:
    """One task of them all."""
    trial.measured(0.0)
    trial.want(*tasks, *many(20, size=1))
    trial.ask(*tasks)
    return [one for one in trial.work.next(busy=0) if one.task in tasks]


def give_out_all(trial: Trial) -> list[Pending]:
    """All that waits, given out."""
    found: list[Pending] = []
    while pending := trial.work.next(busy=0):
        found += pending
    return found


def test_chunk_that_cost_its_worker_goes_alone_once_more(trial: Trial) -> None:
    trial.work.fail(taken(trial, A), DIED)
    trial.want(*(task(b"other%d" % n) for n in range(20)))
    tasks = []
    while pending := trial.work.next(busy=0):
        tasks.append(local_keys(pending))
        if pending[0].task == A:
            assert trial.results == []
            trial.work.fail(pending, DIED)
        else:
            trial.do(pending)
    assert [b"a"] in tasks
    assert sum(b"a" in one for one in tasks) == 1
    assert trial.results == [Result(Outcome(error=f'processor "fast": {DIED}'), "")]


def test_chunk_that_goes_well_the_second_time_has_its_result(trial: Trial) -> None:
    trial.work.fail(taken(trial, A), DIED)
    assert b"a" in trial.do_all()
    assert trial.results == [Result(Outcome(value="a"), "")]


@pytest.mark.parametrize("error", [TaskTimeout("too long"), PoolError("it needed more memory")])
def test_chunk_that_failed_otherwise_has_no_second_chance(trial: Trial, error: PoolError) -> None:
    trial.work.fail(taken(trial, A), error)
    assert b"a" not in trial.do_all()
    assert trial.results == [Result(Outcome(error=f'processor "fast": {error}'), "")]


@pytest.mark.parametrize("error", [TaskTimeout("too long"), DIED])
def test_others_of_its_task_go_again(trial: Trial, error: PoolError) -> None:
    pending = taken(trial, A, B, C)
    assert local_keys(pending) == [b"a", b"b", b"c"]
    trial.do(pending[:1])
    trial.work.fail(pending[1:], error)
    called = trial.do_all()
    assert b"a" not in called
    assert (b"b" in called, b"c" in called) == (error is DIED, True)


def test_spoiled_worker_costs_no_chunk(trial: Trial) -> None:
    pending = taken(trial, A, B, C)
    trial.do(pending[:1])
    trial.work.fail(pending[1:], WorkerSpoiled("it has spoiled its process"))
    called = trial.do_all()
    assert (b"a" in called, b"b" in called, b"c" in called) == (False, True, True)
    assert [result.outcome.value for result in trial.results] == ["a", "b", "c"]


def test_chunk_is_not_charged_however_often_its_worker_is_spoiled(trial: Trial) -> None:
    pending = taken(trial, A)
    for _ in range(5):
        trial.work.fail(pending, WorkerSpoiled("it has spoiled its process"))
        pending = [one for one in give_out_all(trial) if one.task == A]
        assert len(pending) == 1
    trial.work.fail(pending, DIED)
    assert b"a" in trial.do_all()
    assert trial.results == [Result(Outcome(value="a"), "")]


def test_result_that_late_code_had_a_part_in_is_told_and_not_kept(trial: Trial) -> None:
    trial.want(A, B)
    trial.ask(A, B)
    code = {"module late": "/p/late.py"}
    for key in (b"a", b"b"):
        (one,) = trial.work.next(busy=0)
        trial.work.take(one, done(key)._replace(late_code=code if key == b"a" else {}))
    trial.work.store()
    assert [result.outcome for result in trial.results] == [
        Outcome(value="a", is_certain=False),
        Outcome(value="b"),
    ]
    assert trial.work.late_code == {0: code}
    assert trial.kept == 1


def test_late_code_of_several_chunks_is_told_together(trial: Trial) -> None:
    trial.want(A, B, task(b"c", processor=1))
    for number in range(3):
        (one,) = trial.work.next(busy=0)
        late = {f"module late{number}": "/p/late.py"}
        trial.work.take(one, done(one.task.local_key)._replace(late_code=late))
    assert trial.work.late_code == {
        0: {"module late0": "/p/late.py", "module late1": "/p/late.py"},
        1: {"module late2": "/p/late.py"},
    }


def test_task_that_ends_after_its_last_chunk_costs_none(trial: Trial) -> None:
    trial.work.fail([], DIED)
    assert trial.next() == []


def test_chunks_of_a_lost_task_go_again(trial: Trial) -> None:
    pending = taken(trial, A, B)
    trial.work.put_back(pending)
    trial.do_all()
    assert [result.outcome.value for result in trial.results] == ["a", "b"]


def test_without_workers_everybody_is_told_why(trial: Trial) -> None:
    trial.want(A, B, C)
    trial.ask(A, B, C)
    trial.do(trial.work.next(busy=0))
    trial.work.next(busy=0)
    trial.work.give_up("no memory")
    assert [result.outcome for result in trial.results] == [
        Outcome(value="a"),
        Outcome(error="no memory"),
        Outcome(error="no memory"),
    ]
    assert trial.next() == []
    assert not trial.work.is_full


def test_it_is_full_from_much_that_waits_until_nothing_does(trial: Trial) -> None:
    trial.measured(0.0)
    trial.want(*many(5, size=1 << 20))
    seen = [trial.work.is_full]
    while pending := trial.work.next(busy=0):
        seen.append(trial.work.is_full)
        trial.do(pending)
    assert seen == [True, True, True, True, True, False]


def test_it_is_not_full_of_little(trial: Trial) -> None:
    trial.want(*many(100))
    assert not trial.work.is_full


def test_what_is_let_go_before_its_result_is_called_all_the_same(trial: Trial) -> None:
    trial.want(A)
    trial.ask(A)
    trial.work.let_go(FILE)
    assert trial.do_all() == [b"a"]
    assert trial.results == [Result(Outcome(value="a"), "")]


def test_what_nobody_wants_any_more_is_forgotten(trial: Trial) -> None:
    trial.want(A, B)
    trial.want(B, owner=OTHER)
    trial.do_all()
    assert trial.work.is_wanted(trial.key(A))
    trial.work.let_go(FILE)
    assert not trial.work.is_wanted(trial.key(A))
    assert trial.work.is_wanted(trial.key(B))
    trial.work.let_go(OTHER)
    assert not trial.work.is_wanted(trial.key(B))


def test_what_was_forgotten_is_found_in_the_cache(trial: Trial) -> None:
    trial.want(A)
    trial.do_all()
    trial.work.store()
    trial.work.let_go(FILE)
    trial.want(A, owner=OTHER)
    trial.ask(A)
    assert trial.do_all() == []
    assert trial.results == [Result(Outcome(value="a"), "l1")]


def test_nothing_is_held_for_who_wanted_nothing(trial: Trial) -> None:
    trial.work.let_go(OTHER)
    assert not trial.work.is_wanted(trial.key(A))


def test_it_works_without_a_cache() -> None:
    trial = Trial(MemoryTier(0))
    trial.want(A)
    trial.want(A, owner=OTHER)
    trial.ask(A, A)
    assert trial.do_all() == [b"a"]
    assert [result.outcome.value for result in trial.results] == ["a", "a"]


def test_result_that_is_not_stored_yet_is_found(trial: Trial) -> None:
    one = task(b"one")
    trial.want(one)
    trial.ask(one)
    assert trial.do_all() == [b"one"]
    trial.work.let_go(FILE)  # in the same moment, so that nothing was stored
    trial.want(one, owner=OTHER)
    trial.ask(one)
    assert trial.do_all() == []
    assert [result.outcome.value for result in trial.results] == ["one", "one"]
