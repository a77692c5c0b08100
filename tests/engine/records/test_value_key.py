"""The key of a result is made of the very value that the function is handed."""

from pathlib import Path

import pytest
from effort import mark_others_slow
from hypothesis import given
from hypothesis import strategies as st

from chunkflow import ChunkFlow
from chunkflow.engine.records.files import value_key
from chunkflow.model.chunk import KINDS, Chunk
from chunkflow.private import blake2b
from chunkflow.processors.declaration import CONTEXTS
from chunkflow.processors.isolation import isolate

TEXTS = st.text(max_size=4)
MAYBE = st.none() | TEXTS
PLACES = st.integers(0, 30)


@st.composite
def chunks(draw: st.DrawFn) -> Chunk:
    source = draw(st.sampled_from([b"", b"a", b"a\nb", "ä\n".encode()]))
    start = draw(PLACES)
    return Chunk(
        path=draw(MAYBE),
        language=draw(st.sampled_from(["typescript", "tsx"])),
        kind=draw(st.sampled_from(sorted(KINDS))),
        name=draw(MAYBE),
        scope=draw(st.none() | st.lists(TEXTS, max_size=2).map(tuple)),
        start_byte=start,
        end_byte=start + len(source),
        decl_start_byte=draw(PLACES),
        decl_end_byte=draw(PLACES),
        start_line=(line := draw(st.integers(1, 9))),
        end_line=line + source.count(b"\n"),
        digest=blake2b(source, digest_size=16).digest(),
        source=source,
        container=draw(MAYBE),
        imports=draw(MAYBE),
    )


CONTEXT = st.lists(st.sampled_from(CONTEXTS), unique=True).map(tuple)


@given(chunks(), chunks(), CONTEXT)
def test_equal_keys_are_of_equal_values(one: Chunk, other: Chunk, context: tuple[str, ...]) -> None:
    first, second = isolate(one, context), isolate(other, context)
    assert (value_key(first) == value_key(second)) == (first == second)


@given(chunks(), st.data(), CONTEXT)
def test_every_field_that_is_handed_over_is_in_the_key(
    one: Chunk, data: st.DataObject, context: tuple[str, ...]
) -> None:
    other = data.draw(chunks())
    for field in Chunk._fields:
        changed = one._replace(**{field: getattr(other, field)})
        first, second = isolate(one, context), isolate(changed, context)
        if field not in ("digest", "source"):  # these two say the same, and are changed together
            assert (value_key(first) == value_key(second)) == (first == second), field


@given(chunks(), PLACES, CONTEXT)
def test_place_of_a_chunk_is_in_no_key(one: Chunk, by: int, context: tuple[str, ...]) -> None:
    names = ("start_byte", "end_byte", "decl_start_byte", "decl_end_byte", "start_line", "end_line")
    moved = one._replace(**{name: getattr(one, name) + by for name in names})
    assert value_key(isolate(one, context)) == value_key(isolate(moved, context))


SEEN = """
from chunkflow import processor
def seen(chunk):
    return list(map(str, chunk[:-4])) + [chunk.text, chunk.container, chunk.imports]
@processor(max_chunk_bytes=200)
def parts(chunk): return seen(chunk)
@processor(max_chunk_bytes=200, expensive=False)
def quick(chunk): return seen(chunk)
"""
SUITE = 'describe(\n  "%s",\n  () => {\n    it("x", () => {});\n  },\n);\n'
LONG = "/**\n * " + "words and words " * 20 + "\n */\nexport function %s() {\n  return 1;\n}\n"
CLASS = "class %s {\n  m() {\n    return 1\n  }\n}\n"
TEXTS_OF = {
    "suite with a trailing comma": SUITE,
    "function under a long comment": LONG,
    "class": CLASS,
    "namespace": "namespace %s {\n  const a = 1;\n  function f() {}\n}\n",
    "array": "const %s = [" + ",".join(f"'{n:030}'" for n in range(20)) + "]\n",
    "object": "const o = {\n  %s: 1,\n" + "".join(f"  k{n:030}: 1,\n" for n in range(20)) + "}\n",
    "body": "function %s() {\n" + "  call('some text');\n\n" * 20 + "}\n",
}
RENAMED = {
    f"{name}, {function}": (text, function)
    for name, text in TEXTS_OF.items()
    for function in ("seen", "parts", "quick")
}
QUICK = ("suite with a trailing comma, parts",)


@pytest.mark.parametrize(("text", "function"), mark_others_slow(RENAMED, QUICK))
def test_whatever_is_renamed_functions_see_the_new_name(
    text: str, function: str, tmp_path: Path
) -> None:
    (tmp_path / "r.py").write_text(SEEN)
    name = f"r:{function}"

    def values(*, cache: bool = True) -> list[object]:
        with ChunkFlow(root=tmp_path, cache=cache, parallel_operations=1) as flow:
            (file,) = flow.optimize_files(["a.test.ts"], processors=[name]).files
        return [result.value for result in file.results[name]]

    for title in ("first", "second", "other", "first"):
        (tmp_path / "a.test.ts").write_text(text % title)
        assert values() == values(cache=False)
