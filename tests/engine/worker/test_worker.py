"""What a worker makes of files, and of chunks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chunkflow.cache.keys import digest_content
from chunkflow.engine.messages import (
    DONE,
    FILES,
    WANTED,
    ChunkDone,
    ChunkTask,
    FileDone,
    FileTask,
    ProcessorConfig,
    WorkConfig,
    decode_chunk,
    join_messages,
    split_messages,
)
from chunkflow.engine.records.chunks import unpack_chunk
from chunkflow.engine.records.drafts import Place, unpack_places
from chunkflow.engine.records.files import Contents, contents_of, unpack
from chunkflow.engine.worker.worker import Worker, prepare
from chunkflow.errors import WorkerSpoiled
from chunkflow.flow.processor_set import describe_functions
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.model.framing import join
from chunkflow.pool.processes import ProcessPool
from chunkflow.pool.protocol import Answer, Task
from chunkflow.processors.protocol import Processor
from chunkflow.processors.table import load_built_in

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

    version = "1"
    context: tuple[str, ...] = ()
    max_chunk_bytes: int | None = None
    unknown_code: Mapping[str, str] = {}
    is_spoiled = False
    spoils_at = "nothing"
    fails_at = "nothing"
    error: type[BaseException] = LookupError
    seen: list[Chunk]

    def __init__(self, name: str = "told", *, expensive: bool = False, alone: bool = False) -> None:
        self.name = name
        self.expensive = expensive
        self.alone = alone
        self.seen = []

    def process(
        self, chunks: Sequence[Chunk], source: bytes, roots: Sequence[Any]
    ) -> Iterator[Outcome]:
        self.seen += chunks
        for chunk in chunks:
            if self.fails_at in chunk.text:
                raise self.error(self.fails_at)
            self.is_spoiled = self.is_spoiled or self.spoils_at in chunk.text
            yield Outcome(value=chunk.text)


@pytest.fixture
def told() -> Told:
    return Told()


class Answered(NamedTuple):
    """What a worker said of files."""

    done: list[FileDone]
    wanted: list[ChunkTask]
    kinds: list[bytes]


def make_worker_of(
    *processors: Processor, limits: Sequence[int] = (), streaming_bytes: int | None = None
) -> Worker:
    told = [
        ProcessorConfig(processor.name, {}, limit)
        for processor, limit in zip_longest(processors, limits)
    ]
    return Worker(processors, WorkConfig("/", tuple(told), ("describe",), streaming_bytes))


def answered(
    processor: Processor, *tasks: FileTask, streaming_bytes: int | None = None
) -> Answered:
    worker = make_worker_of(processor, streaming_bytes=streaming_bytes)
    found = Answered([], [], [])
    for wanted, done in worker.process_files(tasks):
        found.kinds.append(WANTED if wanted else DONE)
        found.wanted.extend(wanted)
        found.done.extend(done)
    return found


def process(processor: Processor, *tasks: FileTask) -> list[FileDone]:
    return answered(processor, *tasks).done


def records(done: FileDone) -> tuple[bytes, ...]:
    return tuple(part.record for part in done.parts)


def reran(done: FileDone) -> int:
    return len(done.parts[0].reran)


def contents(payload: bytes) -> Contents:
    record = unpack(payload)
    assert record is not None
    decoded = contents_of(record)
    assert decoded is not None
    return decoded


def values(done: FileDone) -> list[object]:
    return [placed.value for placed in contents(done.parts[0].record).values]


def test_each_chunk_has_its_result(told: Told) -> None:
    (done,) = process(told, TASK)
    assert (done.error, done.digest) == ("", digest_content(SOURCE))
    assert values(done) == [
        "import x from 'x'",
        "export class A extends B {",
        "// for m\n  m() { return 1 }",
        "let a = 1",
        "let a = 1",
    ]


def test_equal_chunks_are_run_once(told: Told) -> None:
    (done,) = process(told, TASK)
    assert len(told.seen) == 4
    assert done.parts[0].reran == (0, 1, 2, 3)


def test_every_file_of_a_batch_is_answered_in_order(told: Told) -> None:
    other = TASK._replace(source=b"let b")
    assert [values(done)[-1] for done in process(told, TASK, other)] == ["let a = 1", "let b"]


def test_languages_are_parsed_by_their_own_grammar(told: Told) -> None:
    jsx = TASK._replace(language="tsx", source=b"let a = <b>c</b>")
    generic = TASK._replace(source=b"let a = <b>c")
    assert [len(values(done)) for done in process(told, jsx, generic, jsx)] == [1, 1, 1]


def test_file_may_be_read_by_the_worker(told: Told, project: Path) -> None:
    (project / "a.ts").write_bytes(SOURCE)
    (done,) = process(told, TASK._replace(path=str(project / "a.ts"), source=None))
    assert done.digest == digest_content(SOURCE)


def test_file_that_is_gone_is_told(told: Told, project: Path) -> None:
    gone, there = process(told, TASK._replace(path=str(project / "a.ts"), source=None), TASK)
    assert gone == FileDone("cannot read a.ts: no such file", b"", ())
    assert there.digest


def test_empty_file_has_an_empty_record(told: Told) -> None:
    (done,) = process(told, TASK._replace(source=b""))
    assert (done.error, reran(done), values(done)) == ("", 0, [])
    assert done.digest == digest_content(b"")


def test_only_what_changed_is_run_again(told: Told) -> None:
    (first,) = process(told, TASK)
    told.seen = []
    edited = SOURCE.replace(b"return 1", b"return 2")
    (second,) = process(told, TASK._replace(source=edited, previous=records(first)))
    assert [chunk.name for chunk in told.seen] == ["m"]
    (scratch,) = process(told, TASK._replace(source=edited))
    assert records(second) == records(scratch)
    assert reran(second) == 1


def test_reordered_chunks_are_not_run_again(told: Told) -> None:
    (first,) = process(told, TASK)
    told.seen = []
    moved = b"\n".join(reversed(SOURCE.splitlines()[-2:])) + b"\n\n" + SOURCE
    (second,) = process(told, TASK._replace(source=moved, previous=records(first)))
    assert (told.seen, reran(second)) == ([], 0)


@pytest.mark.parametrize("previous", [b"", b"no record", join([b"", b"", b"", b"", b""])])
def test_previous_record_that_is_none_reruns_all(told: Told, previous: bytes) -> None:
    (done,) = process(told, TASK._replace(previous=(previous,)))
    assert (len(values(done)), reran(done)) == (5, 4)


def test_chunk_that_fails_costs_itself_alone(told: Told) -> None:
    told.fails_at = "m()"
    (done,) = process(told, TASK)
    (part,) = done.parts
    assert part.errors == ('lines 3-4: processor "told" raised LookupError: m()',)
    assert len(values(done)) == 4
    record = unpack(part.record)
    assert record is not None
    assert not record.complete


def test_chunk_that_failed_is_all_that_is_run_again(told: Told) -> None:
    told.fails_at = "m()"
    (first,) = process(told, TASK)
    told.fails_at, told.seen = "nothing", []
    (second,) = process(told, TASK._replace(previous=records(first)))
    assert ([chunk.name for chunk in told.seen], reran(second)) == (["m"], 1)
    assert records(second) == records(process(told, TASK)[0])


def test_words_of_any_kind_are_told(told: Told) -> None:
    told.process = lambda *_: iter([Outcome(error="\ud800\udcff")])  # type: ignore[method-assign]
    (done,) = process(told, TASK._replace(source=b"let a"))
    assert done.parts[0].errors == ("lines 1-1: \ud800\udcff",)


def test_context_is_there_for_who_declares_it(told: Told) -> None:
    told.alone, told.context = True, ("path", "container", "imports", "scope")
    process(told, TASK)
    by_name = {chunk.name: chunk for chunk in told.seen}
    member, variable = by_name["m"], by_name["a"]
    assert (member.path, member.scope) == ("a.ts", ("A",))
    assert member.container == "export class A extends B {"
    assert variable.container is None
    assert variable.imports == "import x from 'x'"


def test_change_of_declared_context_reruns_what_sees_it(told: Told) -> None:
    told.alone, told.context = True, ("container",)
    (first,) = process(told, TASK)
    told.seen = []
    edited = SOURCE.replace(b"extends B", b"extends C")
    process(told, TASK._replace(source=edited, previous=records(first)))
    assert [chunk.name for chunk in told.seen] == ["A", "m"]


def test_processors_that_want_smaller_chunks_get_them() -> None:
    told, small = Told(), Told("small")
    task = TASK._replace(source=b"function f() {\n  one()\n  two()\n}\n")
    worker = make_worker_of(told, small, limits=[1000, 10])
    ((_, (done,)),) = worker.process_files([task])
    whole, cut = map(contents, records(done))
    assert (whole.chunks, len(told.seen)) == (1, 1)
    assert cut.chunks == len(small.seen) == len(done.parts[1].reran)
    assert cut.chunks > 1


@pytest.fixture
def slow() -> Told:
    """An expensive processor."""
    return Told(expensive=True, alone=True)


def places(done: FileDone) -> list[Place]:
    return list(unpack_places(done.parts[0].missing))


def test_expensive_processor_is_not_called_on_a_file(slow: Told) -> None:
    found = answered(slow, TASK)
    assert slow.seen == []
    assert found.kinds == [WANTED, DONE]
    assert [decode_chunk(one.chunk).name for one in found.wanted] == ["x", "A", "m", "a"]
    assert [place.name for place in places(found.done[0])] == ["x", "A", "m", "a", "a"]


def test_wanted_chunk_is_alone(slow: Told) -> None:
    chunk = decode_chunk(answered(slow, TASK).wanted[2].chunk)
    assert (chunk.start_byte, chunk.start_line, chunk.end_line) == (0, 1, 2)
    assert (chunk.path, chunk.scope, chunk.container, chunk.imports) == (None, None, None, None)


def test_wanted_chunk_has_its_context(slow: Told) -> None:
    slow.context = ("container", "imports", "path", "scope")
    chunk = decode_chunk(answered(slow, TASK).wanted[2].chunk)
    assert (chunk.path, chunk.scope) == ("a.ts", ("A",))
    assert chunk.container == "export class A extends B {"
    assert chunk.imports == "import x from 'x'"


def test_chunk_whose_result_the_file_has_is_not_wanted(slow: Told) -> None:
    slow.expensive = False
    (known,) = process(slow, TASK)
    slow.expensive = True
    edited = SOURCE.replace(b"return 1", b"return 2")
    found = answered(slow, TASK._replace(source=edited, previous=records(known)))
    assert [decode_chunk(one.chunk).name for one in found.wanted] == ["m"]
    assert [place.start_line for place in places(found.done[0])] == [3]


def test_much_that_is_wanted_is_told_at_once(slow: Told, project: Path) -> None:
    source = b"".join(b"let a%d = '%s'\n" % (n, b"x" * 10_000) for n in range(200))
    (project / "a.ts").write_bytes(source)
    task = TASK._replace(path=str(project / "a.ts"), source=None)
    found = answered(slow, task, streaming_bytes=1000)
    assert len(found.wanted) == 200
    assert found.kinds.count(WANTED) > 3
    assert found.kinds[-1] == DONE


def test_file_that_goes_apart_is_not_run_on_by_functions_of_users(told: Told) -> None:
    found = answered(told, TASK._replace(apart=True))
    assert (told.seen, len(found.wanted)) == ([], 4)


def test_file_that_goes_apart_is_run_on_by_built_ins() -> None:
    found = answered(load_built_in("metrics", {}), TASK._replace(apart=True))
    assert (found.wanted, len(values(found.done[0]))) == ([], 1)


def called(processor: Processor, *tasks: ChunkTask) -> Iterator[ChunkDone]:
    return make_worker_of(processor).process_chunks(tasks)


def test_chunk_is_answered_before_the_next_is_begun(slow: Told) -> None:
    wanted = answered(slow, TASK).wanted
    outcomes = []
    for number, done in enumerate(called(slow, *wanted), start=1):
        assert len(slow.seen) == number
        assert done.took_s >= 0
        outcomes.append(unpack_chunk(done.record))
    assert [outcome and outcome.value for outcome in outcomes] == [
        "import x from 'x'",
        "export class A extends B {",
        "// for m\n  m() { return 1 }",
        "let a = 1",
    ]


def test_chunk_that_fails_is_answered_with_its_error(slow: Told) -> None:
    wanted = answered(slow, TASK).wanted
    slow.fails_at = "m()"
    done = list(called(slow, *wanted))
    assert [one.error for one in done] == ["", "", 'processor "told" raised LookupError: m()', ""]
    assert done[2].record == b""


def test_lack_of_memory_ends_the_task(slow: Told) -> None:
    wanted = answered(slow, TASK).wanted
    slow.fails_at, slow.error = "m()", MemoryError
    answers = called(slow, *wanted)
    assert [next(answers).error for _ in range(2)] == ["", ""]
    with pytest.raises(MemoryError):
        next(answers)


def test_code_that_was_loaded_late_is_told_with_the_chunk(slow: Told) -> None:
    wanted = answered(slow, TASK).wanted
    slow.unknown_code = {"module late": "/p/late.py"}
    (done,) = called(slow, wanted[0])
    assert done.late_code == {"module late": "/p/late.py"}
    outcome = unpack_chunk(done.record)
    assert outcome is not None
    assert outcome.value == "import x from 'x'"


def test_code_that_was_loaded_late_is_told_with_the_file(told: Told) -> None:
    told.unknown_code = {"module late": "/p/late.py"}
    (done,) = process(told, TASK)
    assert done.parts[0].late_code == {"module late": "/p/late.py"}


def test_spoiled_process_goes_no_further_than_the_chunk(slow: Told) -> None:
    wanted = answered(slow, TASK).wanted
    slow.spoils_at = "class A"
    answers = called(slow, *wanted)
    assert [next(answers).error for _ in range(2)] == ["", ""]
    with pytest.raises(WorkerSpoiled, match='"told" has spoiled its process'):
        next(answers)
    assert len(slow.seen) == 2


def test_process_that_the_last_chunk_spoils_is_told_too(slow: Told) -> None:
    (one, *_) = answered(slow, TASK).wanted
    slow.spoils_at = "import"
    answers = called(slow, one)
    assert next(answers).error == ""
    with pytest.raises(WorkerSpoiled):
        next(answers)


def test_file_in_which_the_process_is_spoiled_has_no_answer(told: Told) -> None:
    told.spoils_at = "class A"
    with pytest.raises(WorkerSpoiled):
        process(told, TASK)


SHOUT = """
from chunkflow import processor

@processor(expensive=False)
def shout(chunk):
    return chunk.name.upper()
"""


def config_of(project: Path) -> bytes:
    """What workers are told of the function `rules:shout` as it is now."""
    found = describe_functions(["rules:shout"], root=str(project), limit_s=None, fork=False)
    described = found["rules:shout"].encode().decode()
    shout = ProcessorConfig("rules:shout", {}, None, described)
    return WorkConfig(str(project), (shout,), ()).encode()


def answers_of_a_worker(config: bytes) -> list[Answer]:
    task = join_messages(FILES, [TASK._replace(source=b"let a").encode()])
    with ProcessPool(prepare, config, jobs=1) as pool:
        return list(pool.map([Task(0, task, 0)]))


def test_functions_of_users_are_processors(rules: Callable[[str], None], project: Path) -> None:
    rules(SHOUT)
    told, _ = answers_of_a_worker(config_of(project))
    assert values(FileDone.decode(split_messages(told.payload)[1][0])) == ["A"]


@pytest.mark.parametrize("change", [("upper", "lower"), ("expensive=False", "version='2'")])
def test_processor_that_has_changed_since_the_run_began_is_refused(
    rules: Callable[[str], None], project: Path, change: tuple[str, str]
) -> None:
    rules(SHOUT)
    config = config_of(project)
    rules(SHOUT.replace(*change))
    (answer,) = answers_of_a_worker(config)
    assert '"rules:shout" has just been changed; run again' in str(answer.error)
