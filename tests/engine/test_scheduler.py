"""Each file has a result, and each chunk is called once, whatever becomes of the workers."""

import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from reports import counts
from scripted_workers import (
    DIED,
    ERRORS,
    NO_PROCESS,
    Echo,
    Script,
    ScriptedRuns,
    fail_chunk,
    fail_file,
    list_names,
    list_texts,
    list_values,
    script_tasks,
    take_at_hand,
)

from chunkflow.cache.tiers import Tiers
from chunkflow.engine.messages import ChunkTask, FileDone, FilePart
from chunkflow.engine.workers import UNREADABLE, Reply, Tasks, Workers, WorkerTask
from chunkflow.errors import PoolError, Terminated, WorkerSpoiled
from chunkflow.model.framing import join
from chunkflow.model.report import FileReport

SOURCE = "let a\nlet bb\nlet ccc\n"
TEXTS = ["let a", "let bb", "let ccc"]
BATCH_BYTES = 100_000
LARGE_BYTES = 600_000


@pytest.fixture
def trusted(project: Path, tiers: Tiers) -> ScriptedRuns:
    """Runs of a processor that may run in this process."""
    return ScriptedRuns(project, tiers, trusted=True)


@pytest.fixture
def risky(project: Path, tiers: Tiers) -> ScriptedRuns:
    """Runs of a user's function that is called on whole files."""
    return ScriptedRuns(project, tiers)


@pytest.fixture
def expensive(project: Path, tiers: Tiers) -> ScriptedRuns:
    """Runs of a user's function that is called chunk by chunk."""
    return ScriptedRuns(project, tiers, Echo(expensive=True))


@pytest.fixture
def trusted_expensive(project: Path, tiers: Tiers) -> ScriptedRuns:
    return ScriptedRuns(project, tiers, Echo(expensive=True), trusted=True)


def save_two_batches(runs: ScriptedRuns) -> list[str]:
    """Files a and b make a batch; c makes another."""
    return [
        runs.save("a.ts", "let a"),
        runs.save("b.ts", "let b", size_bytes=BATCH_BYTES),
        runs.save("c.ts", "let c"),
    ]


def save_four(runs: ScriptedRuns) -> list[str]:
    """Four files: a is large, b and c make a batch."""
    return [
        runs.save("a.ts", "let a", size_bytes=LARGE_BYTES),
        runs.save("b.ts", "let b"),
        runs.save("c.ts", "let c", size_bytes=BATCH_BYTES),
        runs.save("d.ts", "let d"),
    ]


def names_of(tasks: Sequence[WorkerTask]) -> list[list[str]]:
    return [list_names(task) for task in tasks if task.files]


def texts_of(tasks: Sequence[WorkerTask]) -> list[list[str]]:
    return [list_texts(task) for task in tasks if task.chunks]


def list_errors(reports: dict[str, FileReport]) -> dict[str, str]:
    return {name: report.error for name, report in sorted(reports.items()) if report.error}


class Stop:
    """Asked whether to stop, says yes from the time that it is told to."""

    is_asked = False

    def __call__(self) -> bool:
        return self.is_asked


class TestFiles:
    """Files are sent in batches; what goes wrong costs as few of them as possible."""

    def test_replies_may_come_in_any_order(self, trusted: ScriptedRuns) -> None:
        def reverse(inner: Workers, tasks: Tasks) -> Iterator[Reply]:
            for task in reversed(list(take_at_hand(tasks))):
                yield from inner.run([task])

        trusted.scripts = [reverse]
        reports = trusted.run(*save_two_batches(trusted))
        assert {name: list_values(report) for name, report in reports.items()} == {
            "a.ts": ["let a"],
            "b.ts": ["let b"],
            "c.ts": ["let c"],
        }

    def test_nothing_to_do_opens_no_workers(self, trusted: ScriptedRuns) -> None:
        names = save_two_batches(trusted)
        trusted.run(*names)
        (trusted.project / "a.ts").touch()
        trusted.run(*names)
        assert len(trusted.small) == 1

    @pytest.mark.parametrize(("size_bytes", "small"), [(1000, True), (LARGE_BYTES, False)])
    def test_it_is_told_whether_the_work_is_small(
        self, trusted: ScriptedRuns, size_bytes: int, small: bool
    ) -> None:
        names = trusted.save("a.ts", "let a", size_bytes=size_bytes), trusted.save("b.ts", "let b")
        assert len(trusted.run(*names)) == 2
        assert trusted.small == [small]

    def test_small_files_are_sent_together(self, trusted: ScriptedRuns) -> None:
        names = [trusted.save(f"{number:02}.ts", "let a") for number in range(70)]
        trusted.run(*names)
        assert list(map(len, names_of(trusted.given))) == [64, 6]
        assert [task.size_bytes for task in trusted.given] == [64 * 5, 6 * 5]

    def test_large_files_are_sent_one_by_one(self, trusted: ScriptedRuns) -> None:
        names = [trusted.save(f"{n}.ts", "let a", size_bytes=BATCH_BYTES) for n in range(2)]
        trusted.run(*names)
        assert names_of(trusted.given) == [["0.ts"], ["1.ts"]]

    def test_files_of_risky_processors_are_sent_one_by_one(self, risky: ScriptedRuns) -> None:
        names = [risky.save(f"{number}.ts", "let a") for number in range(5)]
        risky.run(*names)
        assert names_of(risky.given) == [[name] for name in names]

    def test_worker_reads_files_of_a_first_run_and_is_given_the_others(
        self, trusted: ScriptedRuns
    ) -> None:
        trusted.run(trusted.save("a.ts", "let a"))
        trusted.run(trusted.save("a.ts", "let b"), trusted.save("b.ts", "let c"))
        files = [file for task in trusted.given for file in task.files]
        assert [file.source for file in files] == [None, b"let b", b"let c"]
        # Results of chunks may be found in what the file last held.
        assert [bool(file.previous) for file in files] == [False, True, False]

    def test_files_are_taken_only_when_a_worker_asks(self, trusted: ScriptedRuns) -> None:
        names = [trusted.save(f"{n}.ts", "let a", size_bytes=LARGE_BYTES) for n in range(4)]
        looked: list[int] = []
        clock_ns = trusted.options().clock_ns

        def count_looks() -> int:
            looked.append(1)
            return clock_ns()

        done_then: list[int] = []
        trusted.run(
            *names,
            clock_ns=count_looks,
            progress=lambda _done, _total: done_then.append(len(looked)),
        )
        assert done_then == [1, 2, 3, 4]

    def test_text_of_what_is_done_is_not_held(self, risky: ScriptedRuns) -> None:
        risky.run(risky.save("stored.ts", "let s"))  # so files are read before they are sent
        names = [
            risky.save("large.ts", "let a", size_bytes=50 * BATCH_BYTES),
            *(risky.save(f"{n}.ts", f"let a{n}", size_bytes=BATCH_BYTES) for n in range(3)),
        ]
        held_bytes: list[int] = []

        def measure(inner: Workers, tasks: Tasks) -> Iterator[Reply]:
            for task in take_at_hand(tasks):
                yield from inner.run([task])
                risky.given.clear()
                held_bytes.append(tracemalloc.get_traced_memory()[0])

        risky.scripts = [measure]
        tracemalloc.start()
        try:
            risky.run(*names)
        finally:
            tracemalloc.stop()
        assert held_bytes[0] > 50 * BATCH_BYTES
        assert held_bytes[-1] < 10 * BATCH_BYTES

    @pytest.mark.parametrize("error", ERRORS)
    def test_file_that_costs_its_task_takes_no_other_with_it(
        self, trusted: ScriptedRuns, error: PoolError
    ) -> None:
        trusted.scripts = [fail_file("a.ts", error)]
        reports = trusted.run(*save_two_batches(trusted))
        assert list_errors(reports) == {"a.ts": f"cannot process a.ts: {error}"}
        assert names_of(trusted.given)[1:3] == [["a.ts"], ["b.ts"]]
        assert counts(reports["b.ts"]) == counts(reports["c.ts"]) == ("changed", 1, 0)

    @pytest.mark.parametrize(("error", "tries"), list(zip(ERRORS, [2, 1, 1], strict=True)))
    def test_only_after_a_death_a_file_has_a_second_chance(
        self, trusted: ScriptedRuns, error: PoolError, tries: int
    ) -> None:
        trusted.scripts = [fail_file("a.ts", error)]
        reports = trusted.run(trusted.save("a.ts", "let a"))
        assert names_of(trusted.given) == [["a.ts"]] * tries
        assert list_errors(reports) == {"a.ts": f"cannot process a.ts: {error}"}

    @pytest.mark.parametrize("error", ERRORS)
    def test_file_of_a_risky_function_goes_again_chunk_by_chunk(
        self, risky: ScriptedRuns, error: PoolError
    ) -> None:
        def fail_whole_files(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            if any(not file.apart for file in task.files):
                yield Reply(task.number, error=error, is_final=True)
            else:
                yield from inner.run([task])

        risky.scripts = [script_tasks(fail_whole_files)]
        reports = risky.run(risky.save("a.ts", SOURCE), risky.save("b.ts", "let b"))
        assert list_values(reports["a.ts"]) == TEXTS
        assert list_values(reports["b.ts"]) == ["let b"]
        assert list_errors(reports) == {}

    def test_chunk_at_which_a_risky_function_kills_its_worker_costs_itself_alone(
        self, risky: ScriptedRuns
    ) -> None:
        kill_at_chunk = fail_chunk("let bb", DIED)

        def fail_whole_files(inner: Workers, tasks: Tasks) -> Iterator[Reply]:
            for task in take_at_hand(tasks):
                if any(not file.apart for file in task.files):
                    yield Reply(task.number, error=DIED, is_final=True)
                else:
                    yield from kill_at_chunk(inner, [task])

        risky.scripts = [fail_whole_files]
        report = risky.run(risky.save("a.ts", SOURCE))["a.ts"]
        assert report.error == f'cannot process a.ts: lines 2-2: processor "echo": {DIED}'
        assert list_values(report) == ["let a", "let ccc"]

    @pytest.mark.parametrize("error", ERRORS)
    def test_file_that_costs_its_task_even_so_has_failed(
        self, risky: ScriptedRuns, error: PoolError
    ) -> None:
        risky.scripts = [fail_file("a.ts", error)]
        reports = risky.run(risky.save("a.ts", "let a"), risky.save("b.ts", "let b"))
        sent = [(file.shown, file.apart) for task in risky.given for file in task.files]
        assert sorted(sent) == [("a.ts", False), ("a.ts", True), ("b.ts", False)]
        assert list_errors(reports) == {"a.ts": f"cannot process a.ts: {error}"}

    @pytest.mark.parametrize(("name", "limit_s"), [("risky", 7.0), ("trusted", 14.0)])
    def test_built_in_processors_have_time_to_keep_the_limit_themselves(
        self, name: str, limit_s: float, request: pytest.FixtureRequest
    ) -> None:
        runs: ScriptedRuns = request.getfixturevalue(name)
        runs.run(runs.save("a.ts", "let a"), limit_s=7.0)
        assert [task.limit_s for task in runs.given] == [limit_s]


GOOD = FileDone("", b"d" * 16, (FilePart(b"no record"),))


class TestGarbage:
    """Foreign code runs in a worker, and may have done anything to what it says."""

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(0),
            Reply(0, error=PoolError(UNREADABLE)),
            Reply(0, files=[GOOD, GOOD]),
            Reply(0, files=[GOOD]),
            Reply(0, files=[FileDone("", b"d" * 16, ())]),
            Reply(0, files=[FileDone("", b"d" * 16, (FilePart(b""),) * 2)]),
            Reply(0, files=[FileDone("", b"d" * 16, (FilePart(join([b""] * 5)),))]),
            Reply(0, files=[FileDone("", b"d" * 16, (FilePart(b"", missing=b"{"),))]),
            Reply(0, files=[FileDone("", b"d" * 16, (FilePart(b"", missing=b"[[0]]"),))]),
            Reply(0, wanted=[ChunkTask(9, b"", b"")]),
        ],
    )
    @pytest.mark.parametrize("is_final", [True, False])
    def test_reply_that_makes_no_sense_costs_the_file_once(
        self, trusted: ScriptedRuns, reply: Reply, is_final: bool
    ) -> None:
        def babble(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            yield reply._replace(number=task.number, is_final=is_final)
            if not is_final:
                yield Reply(task.number, is_final=True)

        trusted.scripts = [script_tasks(babble)]
        report = trusted.run(trusted.save("a.ts", "let a"))["a.ts"]
        assert report.error == f"cannot process a.ts: {UNREADABLE}"
        assert counts(trusted.run("a.ts")["a.ts"]) == ("changed", 1, 0)

    def test_what_comes_after_garbage_is_not_believed(self, trusted: ScriptedRuns) -> None:
        def babble_first(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            yield Reply(task.number, error=PoolError(UNREADABLE))
            yield from inner.run([task])

        trusted.scripts = [script_tasks(babble_first)]
        report = trusted.run(trusted.save("a.ts", "let a"))["a.ts"]
        assert report.error == f"cannot process a.ts: {UNREADABLE}"

    def test_error_after_the_reply_costs_nothing(self, trusted: ScriptedRuns) -> None:
        def fail_late(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            for reply in inner.run([task]):
                yield reply._replace(error=DIED) if reply.is_final else reply

        trusted.scripts = [script_tasks(fail_late)]
        reports = trusted.run(*save_two_batches(trusted))
        assert (len(reports), list_errors(reports)) == (3, {})

    def test_garbage_costs_the_chunk_that_it_stands_for(self, expensive: ScriptedRuns) -> None:
        def babble(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            for reply in inner.run([task]):
                if reply.is_final and task.chunks:
                    # Once more than it was asked.
                    yield Reply(task.number, error=PoolError(UNREADABLE))
                is_garbled = list_texts(task) == ["let bb"] and reply.chunk is not None
                yield Reply(task.number, error=PoolError(UNREADABLE)) if is_garbled else reply

        expensive.scripts = [script_tasks(babble)]
        report = expensive.run(expensive.save("a.ts", SOURCE))["a.ts"]
        assert report.error == f'cannot process a.ts: lines 2-2: processor "echo": {UNREADABLE}'
        assert list_values(report) == ["let a", "let ccc"]

    def test_chunk_record_that_is_none_costs_the_chunk(self, expensive: ScriptedRuns) -> None:
        def garble(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            for reply in inner.run([task]):
                if reply.chunk is not None and list_texts(task) == ["let bb"]:
                    yield reply._replace(chunk=reply.chunk._replace(record=b"no record"))
                else:
                    yield reply

        expensive.scripts = [script_tasks(garble)]
        report = expensive.run(expensive.save("a.ts", SOURCE))["a.ts"]
        assert report.error == f'cannot process a.ts: lines 2-2: processor "echo": {UNREADABLE}'

    def test_file_with_a_chunk_that_nobody_was_asked_for_has_failed(
        self, expensive: ScriptedRuns
    ) -> None:
        def hide_wanted(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            return (reply for reply in inner.run([task]) if not reply.wanted)

        expensive.scripts = [script_tasks(hide_wanted)]
        reports = expensive.run(expensive.save("a.ts", SOURCE))
        assert list_errors(reports) == {"a.ts": f"cannot process a.ts: {UNREADABLE}"}

    def test_draft_that_cannot_be_read_costs_the_file(self, expensive: ScriptedRuns) -> None:
        def garble(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            for reply in inner.run([task]):
                files = [
                    file._replace(parts=tuple(p._replace(record=b"no record") for p in file.parts))
                    if name == "a.ts"
                    else file
                    for name, file in zip(list_names(task), reply.files, strict=False)
                ]
                yield reply._replace(files=files)

        expensive.scripts = [script_tasks(garble)]
        names = expensive.save("a.ts", SOURCE), expensive.save("b.ts", "let b\n")
        reports = expensive.run(*names)
        assert list_errors(reports) == {"a.ts": f"cannot process a.ts: {UNREADABLE}"}
        assert list_values(reports["b.ts"]) == ["let b"]


def lose_all(_inner: Workers, _tasks: Tasks) -> Iterator[Reply]:
    raise NO_PROCESS


def do_one_then_lose_all(inner: Workers, tasks: Tasks) -> Iterator[Reply]:
    """The first task is done and the next one taken when the last process goes."""
    given = take_at_hand(tasks)
    yield from inner.run([next(given)])
    next(given)
    raise NO_PROCESS


def fail_one_then_lose_all(inner: Workers, tasks: Tasks) -> Iterator[Reply]:
    yield Reply(next(take_at_hand(tasks)).number, error=DIED, is_final=True)
    raise NO_PROCESS


def fail_all_then_lose_all(inner: Workers, tasks: Tasks) -> Iterator[Reply]:
    """Each task fails; when one of two files is with a worker again, the last process goes."""
    for task in take_at_hand(tasks):
        if list_names(task) == ["b.ts"]:
            raise NO_PROCESS
        yield Reply(task.number, error=DIED, is_final=True)


LOSSES = [
    NO_PROCESS,
    lose_all,
    do_one_then_lose_all,
    fail_one_then_lose_all,
    fail_all_then_lose_all,
]


def lose_all_after(count: int) -> Script:
    """When so many tasks about chunks are done, the last process goes."""
    done = [0]

    def do(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
        if task.chunks and done[0] == count:
            raise NO_PROCESS
        done[0] += bool(task.chunks)
        yield from inner.run([task])

    return script_tasks(do)


class TestWithoutProcesses:
    """When no process is to be had, trusted work is done here, and other work is not."""

    @pytest.mark.parametrize("loss", LOSSES)
    def test_trusted_work_is_done_here_with_one_warning(
        self, trusted: ScriptedRuns, loss: Script | PoolError
    ) -> None:
        trusted.scripts = [loss]
        reports = trusted.run(*save_four(trusted))
        assert sorted(reports) == ["a.ts", "b.ts", "c.ts", "d.ts"]
        # Of a file that cost two workers no more is expected.
        failed = {"a.ts": f"cannot process a.ts: {DIED}"}
        assert list_errors(reports) == (failed if loss is fail_all_then_lose_all else {})
        assert trusted.warnings == [f"{NO_PROCESS}; going on in one process"]
        assert trusted.small == [False, True]

    @pytest.mark.parametrize("loss", LOSSES)
    def test_foreign_work_is_not_done(
        self, expensive: ScriptedRuns, loss: Script | PoolError
    ) -> None:
        expensive.scripts = [loss]
        names = save_four(expensive)
        reports = expensive.run(*names)
        assert sorted(reports) == names
        errors = [reports[name].error or "" for name in names]
        # A file that cost two workers has failed before.
        cause = str(DIED if loss is fail_all_then_lose_all else NO_PROCESS)
        assert cause in errors[0]
        assert all(str(NO_PROCESS) in error for error in errors[1:])
        assert (expensive.warnings, len(expensive.small)) == ([], 1)

    def test_foreign_work_that_was_done_is_reported(self, risky: ScriptedRuns) -> None:
        risky.scripts = [do_one_then_lose_all]
        reports = risky.run(*save_four(risky))
        error = "cannot process {}: " + str(NO_PROCESS)
        assert list_errors(reports) == {n: error.format(n) for n in ("b.ts", "c.ts", "d.ts")}
        assert list_values(reports["a.ts"]) == ["let a"]

    def test_chunks_without_a_result_have_failed(self, expensive: ScriptedRuns) -> None:
        expensive.scripts = [lose_all_after(1)]
        report = expensive.run(expensive.save("a.ts", SOURCE))["a.ts"]
        assert report.error == (
            f"cannot process a.ts: lines 1-1: {NO_PROCESS}; lines 2-2: {NO_PROCESS}"
        )
        assert list_values(report) == ["let ccc"]
        again = expensive.run("a.ts")["a.ts"]
        assert counts(again) == ("changed", 2, 1)

    def test_chunks_of_trusted_processors_are_called_here(
        self, trusted_expensive: ScriptedRuns
    ) -> None:
        runs = trusted_expensive
        runs.scripts = [lose_all_after(1)]
        large = runs.save("a.ts", SOURCE, size_bytes=LARGE_BYTES)
        reports = runs.run(large, runs.save("b.ts", SOURCE))
        assert list_values(reports["a.ts"]) == list_values(reports["b.ts"]) == TEXTS
        assert sorted(runs.processors[0].called) == TEXTS


class TestChunks:
    """An expensive function is called chunk by chunk, by whichever worker is free."""

    def test_chunks_that_files_share_are_called_once(self, expensive: ScriptedRuns) -> None:
        names = [expensive.save(f"{n}.ts", SOURCE) for n in range(3)]
        reports = expensive.run(*names, limit_s=7.0)
        assert sorted(expensive.processors[0].called) == TEXTS
        for name in names:
            assert list_values(reports[name]) == TEXTS
        assert sum(report.reran for report in reports.values()) == 3
        assert {task.limit_s for task in expensive.given if task.chunks} == {7.0}

    def test_chunk_that_is_with_a_worker_is_waited_for(self, expensive: ScriptedRuns) -> None:
        def do_chunks_last(inner: Workers, tasks: Tasks) -> Iterator[Reply]:
            given = iter(tasks)
            (first,) = [next(given)]
            assert first is not None
            yield from inner.run([first])
            in_hand = list(take_at_hand(given))
            second = [task for task in in_hand if task.files]
            yield from inner.run(second)
            yield from inner.run([task for task in in_hand if task.chunks])
            yield from inner.run(given)

        expensive.scripts = [do_chunks_last]
        large = expensive.save("a.ts", "let a\nlet bb", size_bytes=BATCH_BYTES)
        reports = expensive.run(large, expensive.save("b.ts", "let bb"))
        assert [list_values(reports[name]) for name in ("a.ts", "b.ts")] == [
            ["let a", "let bb"],
            ["let bb"],
        ]
        assert sorted(expensive.processors[0].called) == ["let a", "let bb"]

    def test_largest_chunk_goes_first(self, expensive: ScriptedRuns) -> None:
        expensive.run(expensive.save("a.ts", SOURCE))
        assert expensive.processors[0].called == list(reversed(TEXTS))

    @pytest.mark.parametrize(("error", "times"), list(zip(ERRORS, [2, 1, 1], strict=True)))
    def test_chunk_that_costs_its_task_costs_itself_alone(
        self, expensive: ScriptedRuns, error: PoolError, times: int
    ) -> None:
        expensive.scripts = [fail_chunk("let bb", error)]
        names = expensive.save("a.ts", SOURCE), expensive.save("b.ts", SOURCE)
        reports = expensive.run(*names)
        for name in names:
            assert reports[name].error == (
                f'cannot process {name}: lines 2-2: processor "echo": {error}'
            )
            assert list_values(reports[name]) == ["let a", "let ccc"]
        given = texts_of(expensive.given)
        assert sum("let bb" in texts for texts in given) == times
        assert ["let bb"] in given

    def test_chunk_that_goes_well_the_second_time_has_its_result(
        self, expensive: ScriptedRuns
    ) -> None:
        expensive.scripts = [fail_chunk("let bb", DIED, times=1)]
        report = expensive.run(expensive.save("a.ts", SOURCE))["a.ts"]
        assert (report.error, list_values(report)) == (None, TEXTS)

    def test_spoiled_worker_is_charged_to_nobody(self, expensive: ScriptedRuns) -> None:
        spoiled = WorkerSpoiled("it has spoiled its process")
        expensive.scripts = [fail_chunk("let bb", spoiled, times=5)]
        report = expensive.run(expensive.save("a.ts", SOURCE))["a.ts"]
        assert (report.error, list_values(report)) == (None, TEXTS)

    def test_task_that_ends_without_all_replies_costs_a_chunk(
        self, expensive: ScriptedRuns
    ) -> None:
        expensive.scripts = [fail_chunk("let bb", None)]
        report = expensive.run(expensive.save("a.ts", SOURCE))["a.ts"]
        assert report.error == f'cannot process a.ts: lines 2-2: processor "echo": {UNREADABLE}'

    def test_many_that_wait_are_called_before_more_files_are_cut(
        self, expensive: ScriptedRuns
    ) -> None:
        sources = [f"let a{n} = '{'x' * (5 << 20)}'" for n in range(2)]
        expensive.run(*(expensive.save(f"{n}.ts", source) for n, source in enumerate(sources)))
        assert [bool(task.files) for task in expensive.given] == [True, False, True, False]

    def test_late_code_makes_results_uncertain_and_is_told(self, expensive: ScriptedRuns) -> None:
        late = expensive.project / "late.py"
        late.write_text("")
        (echo,) = expensive.processors
        echo.unknown_code = {"module late": str(late)}
        expensive.save("a.ts", "let a\nlet a2")
        report = expensive.run("a.ts")["a.ts"]
        assert (report.error, list_values(report)) == (None, ["let a", "let a2"])
        (warning,) = expensive.warnings
        assert warning.startswith('processor "echo" loaded code that was not known before: module')
        echo.unknown_code = {}
        assert counts(expensive.run("a.ts")["a.ts"]) == ("changed", 2, 0)
        assert counts(expensive.run("a.ts")["a.ts"]) == ("reused", 0, 2)

    def test_of_much_late_code_a_few_names_are_told(self, expensive: ScriptedRuns) -> None:
        (echo,) = expensive.processors
        echo.unknown_code = {f"module m{n}": f"/p/m{n}.py" for n in range(7)}
        expensive.run(expensive.save("a.ts", "let a"))
        (warning,) = expensive.warnings
        assert "module m0, module m1, module m2, module m3, module m4 and 2 more" in warning


class TestStop:
    """A run that is asked to stop begins nothing, and keeps what is in hand."""

    def test_nothing_more_is_begun(self, trusted: ScriptedRuns) -> None:
        stop = Stop()

        def stop_at_first(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            stop.is_asked = True
            return inner.run([task])

        trusted.scripts = [script_tasks(stop_at_first)]
        names = [trusted.save(f"{n}.ts", "let a", size_bytes=LARGE_BYTES) for n in range(4)]
        reports = trusted.run(*names, should_stop=stop)
        assert {name: counts(report) for name, report in reports.items()} == {
            "0.ts": ("changed", 1, 0)
        }
        assert len(trusted.small) == 1
        assert counts(trusted.run("0.ts")["0.ts"]) == ("reused", 0, 1)

    def test_chunks_in_hand_are_finished_and_kept(self, expensive: ScriptedRuns) -> None:
        stop = Stop()

        def stop_at_chunk(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            stop.is_asked = bool(task.chunks)
            return inner.run([task])

        expensive.scripts = [script_tasks(stop_at_chunk)]
        expensive.save("a.ts", SOURCE)
        assert expensive.run("a.ts", should_stop=stop) == {}
        assert expensive.processors[0].called == ["let ccc"]
        assert counts(expensive.run("a.ts")["a.ts"]) == ("changed", 2, 1)

    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), Terminated(15)])
    def test_interruption_passes_through_and_what_was_done_is_kept(
        self, expensive: ScriptedRuns, interrupt: BaseException
    ) -> None:
        def interrupt_at_second(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            if expensive.processors[0].called:
                raise interrupt
            return inner.run([task])

        expensive.scripts = [script_tasks(interrupt_at_second)]
        expensive.save("a.ts", SOURCE)
        with pytest.raises(type(interrupt)):
            expensive.run("a.ts")
        assert counts(expensive.run("a.ts")["a.ts"]) == ("changed", 2, 1)

    def test_files_that_were_done_before_an_interruption_are_kept(
        self, risky: ScriptedRuns
    ) -> None:
        def interrupt_at_second(inner: Workers, task: WorkerTask) -> Iterator[Reply]:
            if list_names(task) == ["b.ts"]:
                raise KeyboardInterrupt
            return inner.run([task])

        risky.scripts = [script_tasks(interrupt_at_second)]
        names = risky.save("a.ts", SOURCE), risky.save("b.ts", SOURCE)
        with pytest.raises(KeyboardInterrupt):
            risky.run(*names)
        assert counts(risky.run("a.ts")["a.ts"]) == ("reused", 0, 3)
