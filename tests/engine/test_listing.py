from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from chunkflow.engine import listing
from chunkflow.errors import SourceError
from chunkflow.model.chunk import Chunk
from chunkflow.syntax import sizes

Save = Callable[[str, str], Path]


def list_chunks(
    path: str,
    *,
    suites: Sequence[str],
    max_bytes: int | None = None,
) -> list[Chunk]:
    return list(listing.list_chunks(path, suites=suites, max_bytes=max_bytes))


def test_chunks_come_with_the_path_as_it_was_named(save: Save) -> None:
    save("src/a.ts", "let a = 1\nlet b = 2\n")
    chunks = list_chunks("src/a.ts", suites=())
    assert [(chunk.path, chunk.name) for chunk in chunks] == [("src/a.ts", "a"), ("src/a.ts", "b")]


def test_language_follows_the_suffix(save: Save) -> None:
    save("a.tsx", "let a = <b>c</b>\n")
    assert [chunk.language for chunk in list_chunks("a.tsx", suites=())] == ["tsx"]


def test_suites_are_those_that_were_named(save: Save) -> None:
    save("a.ts", "group('g', () => {\n  one()\n  two()\n})\n")
    assert len(list_chunks("a.ts", suites=())) == 1
    assert len(list_chunks("a.ts", suites=("group",))) == 3


def test_larger_declarations_are_cut_on_demand(save: Save) -> None:
    save("a.ts", "function f() {\n  one()\n\n  two()\n}\n")
    assert len(list_chunks("a.ts", suites=())) == 1
    assert len(list_chunks("a.ts", suites=(), max_bytes=10)) > 1


def test_unknown_suffix_is_told(save: Save) -> None:
    save("a.txt", "let a")
    with pytest.raises(SourceError, match=r"cannot read a\.txt: unknown language"):
        list_chunks("a.txt", suites=())


def test_missing_file_is_told(project: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot read a\.ts: no such file"):
        list_chunks("a.ts", suites=())


def test_a_large_file_is_read_in_windows_and_cut_the_same(
    save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("a.ts", "".join(f"function f{i}() {{\n  return {i}\n}}\n" for i in range(400)))
    whole = list_chunks("a.ts", suites=())
    monkeypatch.setattr(sizes, "WINDOW_BYTES", 2000)
    assert list_chunks("a.ts", suites=()) == whole


def test_a_statement_that_is_not_parsed_is_told(save: Save) -> None:
    save("a.ts", f"let a = '{'x' * 1_100_000}'\n")
    told: list[str] = []
    (chunk,) = listing.list_chunks("a.ts", suites=(), warn=told.append)
    assert (chunk.kind, chunk.name) == ("variable", "a")
    assert told == ["a.ts: a statement is too large to be parsed; what is in it was not looked at"]


def test_the_line_of_bytes_that_are_not_text_is_told_of_a_large_file_too(
    save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "WINDOW_BYTES", 1000)
    path = save("a.ts", "let a\n" * 1000)
    path.write_bytes(path.read_bytes() + b"let \xff\n" + b"let a\n" * 1000)
    with pytest.raises(SourceError, match="line 1001 is not UTF-8"):
        list_chunks("a.ts", suites=())
