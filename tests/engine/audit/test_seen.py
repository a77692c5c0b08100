"""A file is seen as a run would cut it for a processor, with the keys it would use."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chunkflow.cache.keys import digest_content
from chunkflow.engine.audit.seen import SeenFile, seen_file
from chunkflow.engine.files import File
from chunkflow.engine.manifest import Signature
from chunkflow.engine.options import Cutting, RunProcessor
from chunkflow.engine.records.files import local_keys
from chunkflow.errors import SourceError
from chunkflow.processors.isolation import isolate as by_itself
from chunkflow.syntax.chunker import chunk_source

Save = Callable[..., Path]

SOURCE = "".join(
    f"/** Adds {n}. */\nexport function f{n}(a: number) {{\n  return a + {n}\n}}\n\n"
    for n in range(12_000)
)
CUTTING = Cutting(("describe",), None)


def seen(
    path: Path,
    cutting: Cutting = CUTTING,
    *,
    context: tuple[str, ...] = (),
    max_bytes: int | None = None,
    alone: bool = False,
) -> SeenFile:
    file = File("a.ts", str(path), "typescript", Signature(0, 0, 0, 0), 0, None, False)
    processor = RunProcessor("p", b"", context=context, max_chunk_bytes=max_bytes, alone=alone)
    return seen_file(file, processor, cutting)


def test_chunks_have_the_keys_of_a_run(save: Save) -> None:
    source = b"let a = 1\n\nclass K {\n  m() {}\n}\n"
    found = seen(save("a.ts", source))
    assert found.digest == digest_content(source)
    chunks = chunk_source(source, "typescript")
    assert [chunk.local_key for chunk in found.chunks] == local_keys(chunks, alone=False)
    places = [(c.kind, c.name, c.scope, c.start_line, c.end_line) for c in found.chunks]
    assert places == [
        ("variable", "a", (), 1, 1),
        ("class", "K", (), 3, 3),
        ("method", "m", ("K",), 4, 4),
    ]


def test_context_is_in_the_key_of_who_sees_each_chunk_alone(save: Save) -> None:
    path = save("a.ts", "let a = 1\n")
    contexts = ((), ("path",))
    keys = {seen(path, context=c, alone=True).chunks[0].local_key for c in contexts}
    assert len(keys) == 2
    assert len({seen(path, context=c).chunks[0].local_key for c in contexts}) == 1


def test_chunk_alone_has_the_key_of_what_is_handed_over(save: Save) -> None:
    source = b"let a = 1\n\nclass K {\n  m() {}\n}\n"
    found = seen(save("a.ts", source), context=("scope",), alone=True)
    handed = [by_itself(chunk, ("scope",)) for chunk in chunk_source(source, "typescript")]
    assert [chunk.local_key for chunk in found.chunks] == local_keys(handed, alone=True)
    assert [chunk.start_line for chunk in found.chunks] == [1, 3, 4]


def test_size_and_suites_say_where_it_is_cut(save: Save) -> None:
    path = save("a.ts", "group('g', () => {\n  it('a', () => {})\n  it('b', () => {})\n})\n")
    assert len(seen(path).chunks) == 1
    assert len(seen(path, Cutting(("group",), None)).chunks) == 3
    assert len(seen(path, max_bytes=30).chunks) > 1


def test_large_file_is_seen_in_windows_with_its_own_lines(save: Save) -> None:
    path = save("a.ts", SOURCE)
    whole, windowed = seen(path), seen(path, Cutting((), 1000))
    assert len(whole.chunks) == 12_000
    assert windowed == whole


def test_file_that_cannot_be_read_is_told(project: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot read a\.ts: no such file"):
        seen(project / "gone.ts")
