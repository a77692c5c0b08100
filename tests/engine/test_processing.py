"""Files that are new or changed are processed, and all that was done is kept, however it ends."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reports import counts
from runs import Runner, ScriptedPool, Tasks, at_hand

from chunkflow.cache.tiers import Hit, Tiers
from chunkflow.engine import processing, storing
from chunkflow.engine.dispatch import dispatch
from chunkflow.engine.messages import DONE, FileDone, FilePart, joined, parted
from chunkflow.engine.options import RunOptions
from chunkflow.errors import PoolError, WorkerDied
from chunkflow.model.framing import join
from chunkflow.pool.protocol import Answer, Pool, Task
from chunkflow.syntax.chunker import Chunker
from chunkflow.syntax.parsed import ParsedFile

Save = Callable[[str, str], Path]
Rules = Callable[[str], Path]
Answers = Callable[[Pool, Tasks], Iterator[Answer]]

SOURCE = "function f(a) { return a }\nfunction g(b) { return b }\n"


def through(answers: Answers, options: RunOptions) -> RunOptions:
    """The same run, with a pool between it and its own."""

    def open_pool(*, small: bool) -> Pool:
        inner = options.open_pool(small=small)
        return ScriptedPool(lambda tasks: answers(inner, tasks), inner)

    return options._replace(open_pool=open_pool)


def noting(sizes: list[int]) -> Answers:
    """Notes how many files or chunks come in a task."""

    def answers(inner: Pool, tasks: Tasks) -> Iterator[Answer]:
        def noted() -> Iterator[Task | None]:
            for task in tasks:
                if task is not None:
                    sizes.append(len(parted(task.payload)[1]))
                yield task

        return inner.map(noted())

    return answers


def risky(options: RunOptions) -> RunOptions:
    """The same run, its processors not to be trusted with whole files."""
    untrusted = tuple(one._replace(trusted=False, expensive=False) for one in options.processors)
    return options._replace(processors=untrusted)


@pytest.mark.parametrize("change", [lambda options: options, risky])
def test_files_of_risky_processors_are_sent_one_by_one(
    runner: Runner, save: Save, change: Callable[[RunOptions], RunOptions]
) -> None:
    names = [f"f{number}.ts" for number in range(70)]
    for name in names:
        save(name, "let a\n")
    sizes: list[int] = []
    runner.run(*names, options=through(noting(sizes), change(runner.options("metrics"))))
    assert sizes == ([1] * 70 if change is risky else [64, 6])


def test_large_files_are_sent_one_by_one(runner: Runner, save: Save) -> None:
    for name in ("a.ts", "b.ts"):
        save(name, "let a\n" * 20_000)
    sizes: list[int] = []
    runner.run("a.ts", "b.ts", options=through(noting(sizes), runner.options("chunks")))
    assert sizes == [1, 1]


def dying_at(name: bytes) -> Answers:
    def answers(inner: Pool, tasks: Tasks) -> Iterator[Answer]:
        for task in at_hand(tasks):
            if name in task.payload:
                yield Answer(task.id, error=WorkerDied("its worker process was killed"))
            else:
                yield from inner.map([task])

    return answers


def test_death_of_a_worker_costs_the_file_alone(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    save("b.ts", SOURCE)
    options = through(dying_at(b"a.ts"), runner.options("metrics"))
    reports = runner.run("a.ts", "b.ts", options=options)
    assert reports["a.ts"].error == "cannot process a.ts: its worker process was killed"
    assert counts(reports["b.ts"]) == ("changed", 2, 0)


def test_without_processes_the_run_goes_on_in_one(runner: Runner, save: Save) -> None:
    save("a.ts", SOURCE)
    options = runner.options("metrics")
    calls: list[bool] = []

    def open_pool(*, small: bool) -> Pool:
        calls.append(small)
        if len(calls) == 1:
            raise PoolError("cannot start a worker process: no memory")
        return options.open_pool(small=small)

    reports = runner.run("a.ts", options=options._replace(open_pool=open_pool))
    assert counts(reports["a.ts"]) == ("changed", 2, 0)
    assert runner.warnings == ["cannot start a worker process: no memory; going on in one process"]


def answering(*parts: FilePart) -> Answers:
    """Says so of each file."""
    told = FileDone("", b"d" * 16, parts).encode()

    def answers(_: Pool, tasks: Tasks) -> Iterator[Answer]:
        for task in at_hand(tasks):
            files = parted(task.payload)[1]
            yield Answer(task.id, joined(DONE, [told] * len(files)))

    return answers


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [FilePart(b"no record")],
        [FilePart(b"")] * 2,
        [FilePart(join([b"", b"", b"", b"", b""]))],
        [FilePart(b"", missing=b"{")],
        [FilePart(b"", missing=b'[[0,"","","","",1,1,1]]')],
    ],
)
def test_answer_that_cannot_be_decoded_costs_the_file(
    runner: Runner, save: Save, parts: list[FilePart]
) -> None:
    save("a.ts", SOURCE)
    options = through(answering(*parts), runner.options("metrics"))
    report = runner.run("a.ts", options=options)["a.ts"]
    assert report.error == "cannot process a.ts: the worker's answer cannot be read"
    assert counts(runner.run("a.ts")["a.ts"]) == ("changed", 2, 0)


def test_what_was_done_before_an_interruption_is_kept(runner: Runner, save: Save) -> None:
    for name in ("a.ts", "b.ts"):
        save(name, SOURCE)

    def answers(inner: Pool, tasks: Tasks) -> Iterator[Answer]:
        yield from inner.map([next(at_hand(tasks))])
        raise KeyboardInterrupt

    options = through(answers, risky(runner.options("metrics")))
    with pytest.raises(KeyboardInterrupt):
        runner.run("a.ts", "b.ts", options=options)
    assert counts(runner.run("a.ts")["a.ts"]) == ("reused", 0, 2)


@pytest.fixture
def stored(tiers: Tiers, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records are stored each time."""
    counts: list[int] = []
    put_many = tiers.put_many

    def counted(items: Iterable[tuple[bytes, bytes]]) -> None:
        kept = list(items)
        counts.append(len(kept))
        put_many(kept)

    monkeypatch.setattr(tiers, "put_many", counted)
    return counts


@pytest.fixture
def three(save: Save) -> list[str]:
    """Three files."""
    names = ["a.ts", "b.ts", "c.ts"]
    for name in names:
        save(name, f"let {name[0]} = 1\n")
    return names


def test_records_are_stored_while_the_run_goes_on(
    runner: Runner, three: list[str], stored: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "_STORE_BYTES", 0)
    monkeypatch.setattr(processing, "_BATCH_FILES", 1)
    monkeypatch.setattr(dispatch, "_IN_LINE_BYTES", 0)
    runner.run(*three)
    # The last when no other is on its way, and then the manifest of the folder.
    assert stored == [1, 1, 1, 1]


def test_nothing_is_stored_while_the_last_tasks_are_handed_out(
    runner: Runner, three: list[str], stored: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "_STORE_BYTES", 0)
    monkeypatch.setattr(processing, "_BATCH_BYTES", 1)
    runner.run(*three)
    assert stored == [3, 1]


def test_file_that_took_too_long_to_parse_is_told_and_cut_anew(
    runner: Runner, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time decided how it was cut, so another run may cut it better."""
    save("a.ts", SOURCE)
    parse = Chunker.parse

    def hurried(self: Chunker, source: bytes, **how: Any) -> ParsedFile:
        return parse(self, source, **how)._replace(note="parsing took too long")

    monkeypatch.setattr(Chunker, "parse", hurried)
    assert counts(runner.run("a.ts")["a.ts"]) == ("changed", 2, 0)
    assert counts(runner.run("a.ts")["a.ts"]) == ("changed", 0, 2)
    assert runner.warnings == ["a.ts: parsing took too long"] * 2
    monkeypatch.undo()
    assert counts(runner.run("a.ts")["a.ts"]) == ("changed", 0, 2)
    assert counts(runner.run("a.ts")["a.ts"]) == ("reused", 0, 2)


class TestFacts:
    """What processors depend on is kept with the results, once."""

    @pytest.fixture(autouse=True)
    def _file(self, save: Save) -> None:
        save("a.ts", SOURCE)

    @pytest.fixture
    def asked(self, tiers: Tiers, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What was read and written of them from then on."""
        told: list[str] = []
        get_many, put_many = tiers.get_many, tiers.put_many

        def get(keys: Collection[bytes]) -> dict[bytes, Hit]:
            told.extend("read" for key in keys if key.startswith(b"x"))
            return get_many(keys)

        def put(items: Iterable[tuple[bytes, bytes]]) -> None:
            listed = list(items)
            told.extend("written" for key, _ in listed if key.startswith(b"x"))
            put_many(listed)

        monkeypatch.setattr(tiers, "get_many", get)
        monkeypatch.setattr(tiers, "put_many", put)
        return told

    @staticmethod
    def run(runner: Runner, version: str) -> None:
        (processor,) = runner.options("metrics").processors
        run = version.encode() * 16
        processor = processor._replace(run=run, parts={"version": version})
        runner.run("a.ts", options=runner.options("metrics", processors=(processor,)))

    def test_they_are_written_when_they_are_new(
        self, runner: Runner, asked: list[str], save: Save
    ) -> None:
        self.run(runner, "1")
        assert asked == ["read", "written"]
        self.run(runner, "2")
        assert asked[2:] == ["read", "written"]
        save("a.ts", SOURCE.replace("a", "b"))
        self.run(runner, "1")
        assert asked[4:] == ["read"]

    def test_where_nothing_is_processed_they_are_not_read(
        self, runner: Runner, asked: list[str], project: Path
    ) -> None:
        self.run(runner, "1")
        self.run(runner, "1")
        os.utime(project / "a.ts", (1, 1))
        self.run(runner, "1")
        assert asked == ["read", "written"]
