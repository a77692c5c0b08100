"""What a worker makes of a file."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chunkflow.cache.keys import content_digest
from chunkflow.engine import work
from chunkflow.engine.file_record import Contents, contents_of, unpack
from chunkflow.engine.messages import FileDone, FileTask, WorkConfig
from chunkflow.engine.work import prepare
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.model.framing import join, split

SOURCE = b"""\
import x from 'x'
export class A extends B {
  // for m
  m() { return 1 }
}
let a = 1
let a = 1
"""
TASK = FileTask("a.ts", "/nowhere/a.ts", "typescript", SOURCE, ())


class Told:
    """A processor class that says what it sees, and may fail."""

    name = "told"
    version = "1"
    context: tuple[str, ...] = ()
    max_chunk_bytes: int | None = None
    fails_at = "nothing"
    seen: list[Chunk]

    def __init__(self) -> None:
        self.seen = []

    def fingerprint(self) -> bytes:
        return b""

    def process(
        self, chunks: Sequence[Chunk], source: bytes, roots: Sequence[Any]
    ) -> Iterator[Outcome]:
        self.seen += chunks
        for chunk in chunks:
            if self.fails_at in chunk.text:
                raise LookupError(self.fails_at)
            yield Outcome(value=chunk.text)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """The processor that every name stands for."""
    processor = Told()
    monkeypatch.setattr(work, "load", lambda name, settings, root: processor)
    return processor


def process(*tasks: FileTask, processors: Sequence[str] = ("told",)) -> list[FileDone]:
    named = tuple((name, dict[str, object]()) for name in processors)
    run = prepare(WorkConfig("/", named, ("describe",)).encode())
    answer = run(join([task.encode() for task in tasks]))
    return [FileDone.decode(part) for part in split(answer)]


def contents(payload: bytes) -> Contents:
    record = unpack(payload)
    assert record is not None
    decoded = contents_of(record)
    assert decoded is not None
    return decoded


def values(done: FileDone) -> list[object]:
    return [placed.value for placed in contents(done.records[0]).values]


def test_each_chunk_has_its_result(told: Told) -> None:
    (done,) = process(TASK)
    assert (done.error, done.digest) == ("", content_digest(SOURCE))
    assert values(done) == [
        "import x from 'x'",
        "export class A extends B {",
        "// for m\n  m() { return 1 }",
        "let a = 1",
        "let a = 1",
    ]


def test_equal_chunks_are_run_once(told: Told) -> None:
    (done,) = process(TASK)
    assert (len(told.seen), done.reran) == (4, 4)


def test_every_file_of_a_batch_is_answered_in_order(told: Told) -> None:
    other = TASK._replace(source=b"let b")
    assert [values(done)[-1] for done in process(TASK, other)] == ["let a = 1", "let b"]


def test_languages_are_parsed_by_their_own_grammar(told: Told) -> None:
    jsx = TASK._replace(language="tsx", source=b"let a = <b>c</b>")
    generic = TASK._replace(source=b"let a = <b>c")
    assert [len(values(done)) for done in process(jsx, generic, jsx)] == [1, 1, 1]


def test_file_may_be_read_by_the_worker(told: Told, project: Path) -> None:
    (project / "a.ts").write_bytes(SOURCE)
    (done,) = process(TASK._replace(path=str(project / "a.ts"), source=None))
    assert done.digest == content_digest(SOURCE)


def test_file_that_is_gone_is_told(told: Told, project: Path) -> None:
    gone, there = process(TASK._replace(path=str(project / "a.ts"), source=None), TASK)
    assert gone == FileDone("cannot read a.ts: no such file", b"", 0, ())
    assert there.digest


def test_empty_file_has_an_empty_record(told: Told) -> None:
    (done,) = process(TASK._replace(source=b""))
    assert (done.error, done.reran, values(done)) == ("", 0, [])
    assert done.digest == content_digest(b"")


def test_only_what_changed_is_run_again(told: Told) -> None:
    (first,) = process(TASK)
    told.seen = []
    edited = SOURCE.replace(b"return 1", b"return 2")
    (second,) = process(TASK._replace(source=edited, previous=first.records))
    assert [chunk.name for chunk in told.seen] == ["m"]
    (scratch,) = process(TASK._replace(source=edited))
    assert second.records == scratch.records
    assert second.reran == 1


def test_reordered_chunks_are_not_run_again(told: Told) -> None:
    (first,) = process(TASK)
    told.seen = []
    moved = b"\n".join(reversed(SOURCE.splitlines()[-2:])) + b"\n\n" + SOURCE
    (second,) = process(TASK._replace(source=moved, previous=first.records))
    assert (told.seen, second.reran) == ([], 0)


@pytest.mark.parametrize("previous", [b"", b"no record", join([b"", b"", b"", b""])])
def test_previous_record_that_is_none_reruns_all(told: Told, previous: bytes) -> None:
    (done,) = process(TASK._replace(previous=(previous,)))
    assert (len(values(done)), done.reran) == (5, 4)


def test_chunk_that_fails_costs_itself_alone(told: Told) -> None:
    told.fails_at = "m()"
    (done,) = process(TASK)
    assert done.error == 'lines 3-4: processor "told" raised LookupError: m()'
    assert len(values(done)) == 4
    record = unpack(done.records[0])
    assert record is not None
    assert not record.complete


def test_chunk_that_failed_is_all_that_is_run_again(told: Told) -> None:
    told.fails_at = "m()"
    (first,) = process(TASK)
    told.fails_at, told.seen = "nothing", []
    (second,) = process(TASK._replace(previous=first.records))
    assert ([chunk.name for chunk in told.seen], second.reran) == (["m"], 1)
    assert second.records == process(TASK)[0].records


def test_error_without_words_is_told_by_its_type(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def process_nothing(*_: object) -> Iterator[Outcome]:
        raise LookupError

    monkeypatch.setattr(told, "process", process_nothing)
    (done,) = process(TASK._replace(source=b"let a"))
    assert done.error == 'lines 1-1: processor "told" raised LookupError'


@pytest.mark.parametrize("count", [0, 3])
def test_processor_that_miscounts_is_told(
    told: Told, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(told, "process", lambda *_: iter([Outcome()] * count))
    (done,) = process(TASK._replace(source=b"let a\nlet b"))
    wrong = f'processor "told" gave {count} outcomes for 2 chunks'
    assert done.error == f"lines 1-1: {wrong}; lines 2-2: {wrong}"


def test_processor_that_always_fails_is_told_in_few_words(told: Told) -> None:
    told.fails_at = "let"
    (done,) = process(TASK._replace(source=b"".join(b"let a%d\n" % n for n in range(50))))
    assert done.error.count("LookupError") == 20
    assert done.error.endswith("; and 30 more chunks")


def test_words_of_any_kind_are_told(told: Told) -> None:
    told.fails_at = "\ud800"
    (done,) = process(TASK._replace(source=b"let a"))
    assert done.error == ""
    told.process = lambda *_: iter([Outcome(error="\ud800\udcff")])  # type: ignore[method-assign]
    (done,) = process(TASK._replace(source=b"let a"))
    assert done.error == "lines 1-1: \ud800\udcff"


def test_context_is_there_for_who_declares_it(told: Told) -> None:
    told.context = ("path", "container", "imports", "scope")
    process(TASK)
    by_name = {chunk.name: chunk for chunk in told.seen}
    member, variable = by_name["m"], by_name["a"]
    assert (member.path, member.scope) == ("a.ts", ("A",))
    assert member.container == "export class A extends B {"
    assert variable.container is None
    assert variable.imports == "import x from 'x'"


def test_context_is_not_there_for_others(told: Told) -> None:
    process(TASK)
    assert {(c.path, c.container, c.imports) for c in told.seen} == {(None, None, None)}


def test_change_of_declared_context_reruns_what_sees_it(told: Told) -> None:
    told.context = ("container",)
    (first,) = process(TASK)
    told.seen = []
    edited = SOURCE.replace(b"extends B", b"extends C")
    process(TASK._replace(source=edited, previous=first.records))
    assert [chunk.name for chunk in told.seen] == ["A", "m"]


def test_processors_that_want_smaller_chunks_get_them(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Told()
    small.name, small.max_chunk_bytes = "small", 10
    both = {"told": told, "small": small}
    monkeypatch.setattr(work, "load", lambda name, settings, root: both[name])
    source = b"function f() {\n  one()\n  two()\n}\n"
    (done,) = process(TASK._replace(source=source), processors=("told", "small"))
    whole, cut = map(contents, done.records)
    assert (whole.chunks, len(told.seen)) == (1, 1)
    assert cut.chunks == len(small.seen) == done.reran
    assert cut.chunks > 1


def test_functions_of_users_are_processors(rules: Callable[[str], None], project: Path) -> None:
    rules("def shout(chunk):\n    return chunk.name.upper()\n")
    config = WorkConfig(str(project), (("rules:shout", {}),), ())
    answer = prepare(config.encode())(join([TASK._replace(source=b"let a").encode()]))
    assert values(FileDone.decode(split(answer)[0])) == ["A"]
