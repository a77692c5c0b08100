from pathlib import Path

import pytest
from fetch_corpus import source_files
from update_cases import case_files

from chunkflow import Chunk
from chunkflow.syntax import chunker as chunker_module
from chunkflow.syntax.chunker import Chunker
from chunkflow.syntax.rows import Row, RowBuilder
from chunkflow.syntax.shortcuts.imports import take_imports
from chunkflow.syntax.suffixes import language_of


def taken(source: bytes) -> list[tuple[str, str | None, bytes]]:
    rows: list[Row] = []
    take_imports(source, RowBuilder(rows, source, (), top=True))
    return [(kind, name, source[start:end]) for start, end, _, _, kind, name, _ in rows]


def parsed_in_full(source: bytes, language: str, monkeypatch: pytest.MonkeyPatch) -> list[Chunk]:
    with monkeypatch.context() as patch:
        patch.setattr(chunker_module, "take_imports", lambda _source, _rows: 0)
        return Chunker(language).parse(source).chunks


@pytest.mark.parametrize("path", case_files(), ids=lambda path: path.name)
def test_chunks_are_those_that_the_parser_alone_gives(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    language = language_of(path.name) or ""
    source = path.read_bytes()
    assert Chunker(language).parse(source).chunks == parsed_in_full(source, language, monkeypatch)


@pytest.mark.packages
@pytest.mark.parametrize("corpus", ["viem", "rxjs", "zod", "effect"])
def test_packages_are_cut_as_the_parser_alone_cuts_them(
    corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunker = Chunker("typescript")
    for path in source_files(corpus)[::4]:
        source = path.read_bytes()
        whole = parsed_in_full(source, "typescript", monkeypatch)
        assert chunker.parse(source).chunks == whole, path


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (b"import a from 'x'\nb", "x"),
        (b'import { a, type b } from "x";', "x"),
        (b"import type { a } from 'x'\n", "x"),
        (b"import type from 'x'\n", "x"),
        (b"import a, * as b from 'x';", "x"),
        (b"import 'x'\n", "x"),
        (b"export * from 'x'\n", "x"),
        (b"export * as a from 'x';", "x"),
        (b"export type {\n  a,\n  b as c,\n} from 'x'\n", "x"),
        (b"import a from 'x' // trailing\n", "x"),
        (b"import { /* c */ a } from 'x'\n", "x"),
        (b"export {\n  // } from 'y'\n  a,\n  /** d */\n  type b,\n} from 'x'\n", "x"),
        (b"export type * from 'x'\n", "x"),
        (b"export type * as a from 'x'\n", "x"),
        (b"export { a }\n", None),
        (b"export { a, b as c };", None),
        (b"export type { a } // trailing\n", None),
        (b"export {}", None),
    ],
)
def test_plain_imports_and_exports_are_taken(source: bytes, name: str | None) -> None:
    (found,) = taken(source)
    assert found[1] == name


@pytest.mark.parametrize(
    "source",
    [
        b"import a from 'x' with { type: 'json' }\n",
        b"import a from 'x'\n  with { type: 'json' }\n",
        b"import a from 'x' /* c */ with { type: 'json' }\n",
        b"import defer * as a from 'x'\n",
        b"import a = require('x')\n",
        b"import('x')\n",
        b"import.meta.url\n",
        b"import a from 'x' // c\n  with { type: 'json' }\n",
        b"import { /* c a } from 'x'\n",
        b"import { 'a b' as c } from 'x'\n",
        b"export { a } b\n",
        b"export { a }\nfrom('x')\n",
        b"export * as 'a b' from 'x'\n",
        b"import 'x' in y\n",
        b"'use strict'\nimport a from 'x'\n",
        b"/* never closed\nimport a from 'x'\n",
    ],
)
def test_whatever_is_not_plain_is_left_to_the_parser(source: bytes) -> None:
    assert taken(source) == []
