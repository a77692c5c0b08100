"""`@processor` says how a function wants to be called, and leaves it as it is."""

import pytest

from chunkflow.errors import UsageError
from chunkflow.model.chunk import Chunk
from chunkflow.processors.declaration import Spec, processor
from chunkflow.syntax.chunker import Chunker


def test_marked_function_stays_callable() -> None:
    @processor(context=["path"])
    def kind(chunk: Chunk) -> str:
        return chunk.kind

    [chunk] = Chunker("typescript").parse(b"let a").chunks
    assert kind(chunk) == "variable"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"version": 1}, 'version must be a string such as "1", not 1'),
        ({"max_chunk_bytes": 0}, "max_chunk_bytes must be a whole number above 0, not 0"),
        ({"max_chunk_bytes": True}, "max_chunk_bytes must be"),
        ({"context": "path"}, r'context must be a tuple such as \("path",\), not \'path\''),
        ({"context": ("file",)}, "cannot hold 'file'; it may hold path, scope, container, imports"),
    ],
)
def test_wrong_declaration_is_explained(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        processor(**arguments)  # type: ignore[arg-type]


def test_declaration_is_an_attribute_of_the_function() -> None:
    @processor(version="2", max_chunk_bytes=9, context=["scope", "path"], expensive=False)
    def kind(chunk: Chunk) -> str:
        return chunk.kind

    spec = vars(kind)["chunkflow_spec"]
    assert spec == Spec("2", 9, ("path", "scope"), expensive=False)
