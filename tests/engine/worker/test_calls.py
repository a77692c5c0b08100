"""Whatever a processor does at a chunk costs that chunk alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from chunkflow.engine.worker.calls import Context, call
from chunkflow.model.chunk import Chunk
from chunkflow.model.finding import Outcome
from chunkflow.syntax.chunker import chunk_source

SOURCE = b"let a\nlet b\nlet c\n"
CHUNKS = chunk_source(SOURCE, "typescript")

Process = Callable[[Sequence[Chunk]], Iterator[Outcome]]


class Scripted:
    """A processor that does what a test wants."""

    name = "told"
    version = "1"
    context: tuple[str, ...] = ()
    max_chunk_bytes: int | None = None
    expensive = False
    alone = False
    unknown_code: Mapping[str, str] = {}
    is_spoiled = False

    def __init__(self, process: Process) -> None:
        self._process = process

    def process(
        self, chunks: Sequence[Chunk], source: bytes, roots: Sequence[Any]
    ) -> Iterator[Outcome]:
        return self._process(chunks)


def outcomes(process: Process, chunks: Sequence[Chunk] = CHUNKS) -> list[Outcome]:
    return call(Scripted(process), chunks, SOURCE, ())


def failing_at(name: str, error: BaseException) -> Process:
    def process(chunks: Sequence[Chunk]) -> Iterator[Outcome]:
        for chunk in chunks:
            if chunk.name == name:
                raise error
            yield Outcome(value=chunk.name)

    return process


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_chunk_at_which_it_raises_is_an_error_alone(name: str) -> None:
    found = outcomes(failing_at(name, LookupError("no")))
    assert found[["a", "b", "c"].index(name)].error == 'processor "told" raised LookupError: no'
    assert {outcome.value for outcome in found} == {"a", "b", "c", None} - {name}


def test_error_without_words_is_told_by_its_type() -> None:
    (found,) = outcomes(failing_at("a", LookupError()), CHUNKS[:1])
    assert found.error == 'processor "told" raised LookupError'


def test_processor_that_raises_before_the_first_is_asked_one_by_one() -> None:
    asked: list[int] = []

    def process(chunks: Sequence[Chunk]) -> Iterator[Outcome]:
        asked.append(len(chunks))
        if len(chunks) > 1:
            raise ValueError
        return iter([Outcome(value=chunks[0].name)])

    assert [outcome.value for outcome in outcomes(process)] == ["a", "b", "c"]
    assert asked == [3, 1, 1, 1]


@pytest.mark.parametrize("count", [0, 2, 4])
def test_processor_that_miscounts_is_told(count: int) -> None:
    found = outcomes(lambda _: iter([Outcome()] * count))
    wrong = f'processor "told" gave {count} outcomes for 3 chunks'
    assert found == [Outcome(error=wrong)] * 3


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt()])
def test_what_is_no_matter_of_the_chunk_passes_through(error: BaseException) -> None:
    with pytest.raises(type(error)):
        outcomes(failing_at("b", error))


NESTED = b"""\
import x from 'x'
class A {
  m() {}
}
export class B extends A {
  static n = class {}
}
import y from 'y'
let z
"""


def given(*declared: str, chunks: Sequence[Chunk] | None = None) -> dict[str | None, Chunk]:
    found = chunk_source(NESTED, "typescript") if chunks is None else list(chunks)
    return {chunk.name: chunk for chunk in Context(declared, "in/a.ts").of(found)}


def test_nothing_is_given_that_is_not_declared() -> None:
    seen = given()
    assert {(c.path, c.container, c.imports) for c in seen.values()} == {(None, None, None)}


def test_path_is_as_the_report_names_it() -> None:
    assert {chunk.path for chunk in given("path").values()} == {"in/a.ts"}


def test_imports_are_those_of_the_file() -> None:
    assert {c.imports for c in given("imports").values()} == {
        "import x from 'x'\nimport y from 'y'"
    }


def test_imports_of_a_section_are_those_of_the_whole_file() -> None:
    context = Context(("imports",), "a.ts")
    found = context.of(chunk_source(b"import x from 'x'\nlet a", "typescript"), "import y from 'y'")
    assert {chunk.imports for chunk in found} == {"import y from 'y'"}


def test_container_is_the_class_that_a_member_is_in() -> None:
    seen = given("container")
    headers = {name: chunk.container for name, chunk in seen.items()}
    assert headers == {
        "x": None,
        "A": None,
        "m": "class A {",
        "B": None,
        "n": "export class B extends A {",
        "y": None,
        "z": None,
    }
