"""Laws of files that are cut window by window, whatever is wrong in them."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from laws import assert_partition
from mutations import OPENINGS, REAL, mutated, nonsense
from tree_sitter import Node, Parser

from chunkflow import Chunk, chunk_source
from chunkflow.syntax.budget import Budget
from chunkflow.syntax.chunker import Chunker
from chunkflow.syntax.windows import cut_windows

WINDOW_BYTES = 1000
LARGE = b"\n".join([*REAL, *REAL])


def cut(
    source: bytes, *, read_bytes: int = 1 << 20, window_bytes: int = WINDOW_BYTES
) -> list[Chunk]:
    file = io.BytesIO(source)
    found = cut_windows(
        lambda most: file.read(min(most, read_bytes)),
        Chunker("typescript"),
        window_bytes=window_bytes,
    )
    return [chunk for window in found for chunk in window.in_file()]


def assert_laws(seed: int) -> None:
    source = mutated(seed, 8000)
    chunks = cut(source)
    assert_partition(source, chunks)
    assert cut(source, read_bytes=1 + seed % 700) == chunks


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_mutated_text_is_cut_the_same_however_it_is_read(first: int) -> None:
    for seed in range(first, first + 20):
        assert_laws(seed)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(0, 10_000, 500))
def test_ten_thousand_mutated_texts_are_cut_the_same_however_they_are_read(first: int) -> None:
    for seed in range(first, first + 500):
        assert_laws(seed)


def lost(source: bytes, broken: bytes) -> int:
    """How many chunks of a text are not those of another any more."""
    there = {chunk.digest for chunk in cut(broken, window_bytes=8192)}
    return sum(chunk.digest not in there for chunk in cut(source, window_bytes=8192))


@pytest.mark.parametrize("opening", OPENINGS)
def test_what_is_not_closed_costs_the_statement_before_which_it_stands(opening: bytes) -> None:
    lines = [
        b"export function f%d(a: number) {\n  return [a, %d];\n}\n" % (n, n) for n in range(3000)
    ]
    source = b"".join(lines)
    broken = b"".join([*lines[:1500], opening, *lines[1500:]])
    assert lost(source, broken) <= 2


@contextmanager
def parsed_bytes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The sizes of all that is parsed."""
    found: list[int] = []
    parse, parse_to_error = Budget.parse, Budget.parse_to_error

    def count(self: Budget, parser: Parser, source: bytes, size_bytes: int) -> Node | None:
        found.append(size_bytes)
        return parse(self, parser, source, size_bytes)

    def count_to_error(
        self: Budget, parser: Parser, source: bytes, size_bytes: int
    ) -> tuple[Node | None, int]:
        found.append(size_bytes)
        return parse_to_error(self, parser, source, size_bytes)

    with monkeypatch.context() as patch:
        patch.setattr(Budget, "parse", count)
        patch.setattr(Budget, "parse_to_error", count_to_error)
        yield found


@pytest.mark.parametrize("opening", [b"", *OPENINGS])
def test_windows_parse_at_most_five_times_what_the_whole_does(
    monkeypatch: pytest.MonkeyPatch, opening: bytes
) -> None:
    source = opening + LARGE
    with parsed_bytes(monkeypatch) as whole:
        Chunker("typescript").parse(source)
    with parsed_bytes(monkeypatch) as in_windows:
        cut(source, window_bytes=8192)
    assert sum(in_windows) <= 5 * sum(whole)


def test_an_edit_in_a_large_broken_file_changes_one_chunk() -> None:
    lines = [b"export function f%d() {\n  return %d;\n}\n" % (n, n) for n in range(8000)]
    lines[4000] = b"export function f4000( {\n  return (;\n}\n"
    before = {chunk.digest for chunk in chunk_source(b"".join(lines), "typescript")}
    lines[4001] = lines[4001].replace(b"return", b"return 1 +")
    after = [chunk.digest for chunk in chunk_source(b"".join(lines), "typescript")]
    assert sum(digest not in before for digest in after) == 1


@pytest.mark.no_cover
@pytest.mark.parametrize("depth", [10, 5000])
def test_a_statement_is_parsed_unless_it_is_too_large_or_too_deep(depth: int) -> None:
    items = b"[" * depth + b"]" * depth + b",\n" + b"{a: 1},\n" * 20_000
    source = b"// of a\nexport const a = [\n" + items + b"];\nexport const b = 1;\n"
    found = list(cut_windows(io.BytesIO(source).read, Chunker("typescript")))
    assert [(c.kind, c.name) for w in found for c in w.chunks] == [
        ("variable", "a"),
        ("variable", "b"),
    ]
    assert (found[0].note is None) == (depth == 10)
    whole = Chunker("typescript").parse(source).chunks if depth == 10 else None
    assert whole in (None, [c for w in found for c in w.in_file()])


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "source",
    [
        b'export const s = "' + b"x" * 6_000_000 + b'";\n',
        b"export const a = [" + b"123, " * 1_000_000 + b"];\n",
        b"{" * 3_000_000,
        b"// a\n" * 50_000,
        b"=/[" * 100_000,
        b"([" * 200_000 + b"}" * 200_000,
        b"/*\nlet a\n" * 4000,
    ],
    ids=["string", "array", "braces", "comments", "slashes", "closers", "comments without end"],
)
def test_text_of_megabytes_gives_a_partition(source: bytes) -> None:
    assert_partition(source, chunk_source(source, "typescript"))


@pytest.mark.parametrize("first", range(0, 2000, 500))
def test_nonsense_gives_a_partition(first: int) -> None:
    for seed in range(first, first + 500):
        source = nonsense(seed)
        assert_partition(source, chunk_source(source, ("typescript", "tsx")[seed % 2]))


@pytest.mark.slow
@pytest.mark.no_cover
def test_fifty_thousand_texts_of_nonsense_give_a_partition() -> None:
    for seed in range(50_000):
        source = nonsense(seed)
        assert_partition(source, chunk_source(source, ("typescript", "tsx")[seed % 2]))
