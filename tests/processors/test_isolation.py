"""A function of a user's sees its chunk as if there were nothing else."""

import pytest

from chunkflow.model.chunk import Chunk
from chunkflow.processors.declaration import CONTEXTS
from chunkflow.processors.isolation import isolate
from chunkflow.syntax.chunker import chunk_source

SOURCE = b"""\
let before

// of the class
export class A {
  /* of m */ m() {
  }
}
"""


@pytest.fixture(params=[SOURCE, b"\n\n// above\n\n" + SOURCE])
def chunks(request: pytest.FixtureRequest) -> dict[str | None, Chunk]:
    """The chunks by name, of a file in which they stand at different places."""
    found = chunk_source(request.param, "typescript")
    return {
        chunk.name: chunk._replace(path="a.ts", container="export class A {", imports="import x")
        for chunk in found
    }


def places(chunk: Chunk) -> list[int]:
    return [
        chunk.start_byte,
        chunk.end_byte,
        chunk.decl_start_byte,
        chunk.decl_end_byte,
        chunk.start_line,
        chunk.end_line,
    ]


def test_places_count_from_the_start_of_the_chunk(chunks: dict[str | None, Chunk]) -> None:
    text = b"/* of m */ m() {\n  }"
    found = isolate(chunks["m"], ())
    assert found.source == text
    assert places(found) == [0, len(text), text.index(b"m()"), len(text), 1, 2]


def test_declaration_of_a_container_ends_with_its_chunk(chunks: dict[str | None, Chunk]) -> None:
    text = b"// of the class\nexport class A {"
    found = isolate(chunks["A"], ())
    assert found.source == text
    assert places(found) == [0, len(text), text.index(b"export"), len(text), 1, 2]


@pytest.mark.parametrize("declared", [(), ("path",), ("scope", "imports"), CONTEXTS])
def test_only_what_is_declared_is_seen(
    chunks: dict[str | None, Chunk], declared: tuple[str, ...]
) -> None:
    member = chunks["m"]
    found = isolate(member, declared)
    for name in CONTEXTS:
        assert getattr(found, name) == (getattr(member, name) if name in declared else None)


@pytest.mark.parametrize("declared", [(), CONTEXTS])
def test_chunk_that_is_alone_already_stays_as_it_is(
    chunks: dict[str | None, Chunk], declared: tuple[str, ...]
) -> None:
    for chunk in chunks.values():
        once = isolate(chunk, declared)
        assert isolate(once, declared) == once


def test_text_kind_name_and_digest_stay(chunks: dict[str | None, Chunk]) -> None:
    for chunk in chunks.values():
        found = isolate(chunk, ())
        assert (found.source, found.kind, found.name, found.digest, found.language) == (
            chunk.source,
            chunk.kind,
            chunk.name,
            chunk.digest,
            chunk.language,
        )
