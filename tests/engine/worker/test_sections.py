"""A large file, window by window, is the file that it would be as a whole."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from effort import count_examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chunkflow.cache.keys import digest_content
from chunkflow.engine.messages import FileTask
from chunkflow.engine.records.writer import Columns
from chunkflow.engine.worker.sections import Section, SourceText
from chunkflow.errors import SourceError
from chunkflow.syntax import sizes
from chunkflow.syntax.chunker import Chunker

Save = Callable[[str, str | bytes], Path]

FIXTURES = Path(__file__).parents[3] / "fixtures"
REAL = (FIXTURES / "specs-driven-flow.ts").read_bytes()
WINDOW_BYTES = 3000


class Seen(NamedTuple):
    """A chunk, and where in its file it stands."""

    source: bytes
    kind: str
    start_line: int
    start_column: int
    end_line: int


def seen(found: Iterator[Section]) -> Iterator[Seen]:
    for section in found:
        lines, start = section.start_line - 1, (section.start_line, section.start_column)
        columns = Columns(section.source, start_line=start[0], start_column=start[1])
        for chunk in section.chunks:
            column = columns.at(chunk.start_byte)
            place = (chunk.start_line + lines, column, chunk.end_line + lines)
            yield Seen(chunk.source, chunk.kind, *place)


class Read(NamedTuple):
    """All that a worker sees of a file."""

    chunks: list[Seen]
    digest: bytes
    size_bytes: int


def text_of(path: Path, streaming_bytes: int | None) -> SourceText:
    task = FileTask("a.ts", str(path), "typescript", None, ())
    return SourceText(task, streaming_bytes=streaming_bytes)


def read(path: Path, *, streaming_bytes: int | None, max_bytes: int | None = None) -> Read:
    text = text_of(path, streaming_bytes)
    chunks = list(seen(text.sections(Chunker("typescript"), max_bytes)))
    return Read(chunks, text.digest, text.size_bytes)


@pytest.fixture(autouse=True)
def _small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "WINDOW_BYTES", WINDOW_BYTES)
    monkeypatch.setattr(sizes, "WHOLE_BYTES", 2 * WINDOW_BYTES)


MARK = "\ufeff".encode()
ON_ONE_LINE = b" ".join("let ä%d = {b: [%d]};".encode() % (n, n) for n in range(1000))
SEVERAL_A_LINE = b"\n".join(
    "/* ä */ let a%d = 1; function f%d() { return %d } let c%d".encode() % (n, n, n, n)
    for n in range(300)
)
TEXTS = {
    "real": REAL,
    "CRLF": REAL.replace(b"\n", b"\r\n"),
    "mark": MARK + REAL,
    "one line": ON_ONE_LINE,
    "one line with a mark": MARK + ON_ONE_LINE,
    "several statements a line": SEVERAL_A_LINE,
    "several statements a line and CRLF": SEVERAL_A_LINE.replace(b"\n", b"\r\n"),
    "blank lines": b"\n" * 5000 + SEVERAL_A_LINE + b"\n" * 5000,
    "empty statements": b"let a;" + b";" * 10_000 + b"let b;" + SEVERAL_A_LINE,
    "nothing but white space": b"\n \t" * 3000,
}


@pytest.mark.parametrize("max_bytes", [None, 200])
@pytest.mark.parametrize("name", TEXTS)
def test_windows_give_what_the_whole_gives(
    save: Save, monkeypatch: pytest.MonkeyPatch, name: str, max_bytes: int | None
) -> None:
    path = save("a.ts", TEXTS[name])
    held = read(path, streaming_bytes=None, max_bytes=max_bytes)
    assert read(path, streaming_bytes=1000, max_bytes=max_bytes) == held
    monkeypatch.setattr(sizes, "WHOLE_BYTES", sizes.MOST_HELD_BYTES)
    assert read(path, streaming_bytes=None, max_bytes=max_bytes) == held
    whole = held
    assert whole[1:] == (digest_content(TEXTS[name]), len(TEXTS[name]))


LINES = st.sampled_from(
    (
        "let ä = 1",
        "let a = 1; let b = '\U0001f600'; let c",
        "function f() { return 1 }; function g() {}",
        "class K { m() {} /* ä */ n() {} }",
        "// a comment",
        "",
        "import x from 'x'; export * from 'ä'",
        ";;",
        "export const s = `\n`; let t = 1",
    )
)
TEXT = st.tuples(st.sampled_from(("", "\ufeff")), st.lists(LINES, max_size=60))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=count_examples(60)
)
@given(text=TEXT, newline=st.sampled_from(("\n", "\r\n")), window_bytes=st.integers(40, 400))
def test_windows_of_any_size_give_what_the_whole_gives(
    text: tuple[str, list[str]],
    newline: str,
    window_bytes: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("text") / "a.ts"
    path.write_bytes((text[0] + newline.join(text[1])).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "WINDOW_BYTES", window_bytes)
        patch.setattr(sizes, "WHOLE_BYTES", 2 * window_bytes)
        found = read(path, streaming_bytes=0)
        assert found == read(path, streaming_bytes=None)
    assert found == read(path, streaming_bytes=None)


def test_large_file_is_never_held_whole(save: Save) -> None:
    text = text_of(save("a.ts", SEVERAL_A_LINE), 1000)
    found = list(text.sections(Chunker("typescript"), None))
    assert max(len(section.source) for section in found) <= WINDOW_BYTES
    assert len(found) > 5


@pytest.mark.parametrize("streaming_bytes", [None, 10, len(REAL)])
def test_other_files_are_one_section(
    save: Save, monkeypatch: pytest.MonkeyPatch, streaming_bytes: int | None
) -> None:
    monkeypatch.setattr(sizes, "WHOLE_BYTES", len(REAL))
    text = text_of(save("a.ts", REAL), streaming_bytes)
    (section,) = text.sections(Chunker("typescript"), None)
    assert (section.source, section.start_line, section.start_column) == (REAL, 1, 1)


def test_text_that_comes_along_is_not_read() -> None:
    task = FileTask("a.ts", "/nowhere/a.ts", "typescript", REAL, ())
    text = SourceText(task, streaming_bytes=10)
    found = text.sections(Chunker("typescript"), None)
    assert b"".join(section.source for section in found) == REAL


def test_file_may_be_gone_through_twice(save: Save) -> None:
    text = text_of(save("a.ts", REAL), 1000)
    for _ in range(2):
        assert len(list(text.sections(Chunker("typescript"), None))) > 1
        assert text.digest == digest_content(REAL)


def test_file_that_changes_between_two_readings_is_told(save: Save) -> None:
    text = text_of(save("a.ts", REAL), 1000)
    list(text.sections(Chunker("typescript"), None))
    save("a.ts", REAL + b"let late\n")
    with pytest.raises(SourceError, match=r"a\.ts: it changed while it was read; run again"):
        list(text.sections(Chunker("typescript"), 200))


def test_file_that_is_gone_is_told(save: Save) -> None:
    path = save("a.ts", REAL)
    text = text_of(path, 1000)
    path.unlink()
    with pytest.raises(SourceError, match=r"cannot read a\.ts: no such file"):
        list(text.sections(Chunker("typescript"), None))


@pytest.mark.parametrize("path", ["/nowhere/a.ts", "a\0.ts"])
def test_file_that_never_was_is_told(path: str) -> None:
    with pytest.raises(SourceError, match=r"cannot read a\.ts"):
        text_of(Path(path), 1000)


def test_bytes_that_are_not_utf8_are_told_with_their_place_in_the_file(save: Save) -> None:
    lines = SEVERAL_A_LINE.split(b"\n")
    lines[200] = b"let odd = '\xe4'"
    path = save("a.ts", b"\n".join(lines))
    told = []
    for streaming_bytes in (None, 1000):
        with pytest.raises(SourceError) as caught:
            read(path, streaming_bytes=streaming_bytes)
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert "line 201 is not UTF-8" in told[0]


@pytest.mark.parametrize("streaming_bytes", [None, 1000])
def test_file_that_took_too_long_to_parse_says_so(
    save: Save, monkeypatch: pytest.MonkeyPatch, streaming_bytes: int | None
) -> None:
    chunker = Chunker("typescript")
    parse = chunker.parse
    monkeypatch.setattr(
        chunker, "parse", lambda *a, **k: parse(*a, **k)._replace(note="parsing took too long")
    )
    found = list(text_of(save("a.ts", REAL), streaming_bytes).sections(chunker, None))
    assert len(found) > 1
    # Most windows are cut from the tree of a longer text, and are not parsed themselves.
    assert found[-1].note == "parsing took too long"
    assert {section.note for section in found} <= {None, "parsing took too long"}
