"""All text that is valid in JSX is cut as the compiler cuts it."""

from pathlib import Path

import pytest
from compare.boundaries import ask_compiler
from jsx_matrix import ATTRIBUTES, PLACES, TEXTS, Case, case, valid_cases
from tree_sitter import Node

from chunkflow.model.chunk import Chunk
from chunkflow.syntax.chunker import chunk_source
from chunkflow.syntax.languages import make_parser
from chunkflow.syntax.repair import repair_text
from chunkflow.syntax.repair.jsx import mask_jsx
from chunkflow.syntax.suffixes import SUFFIXES

ALL_PLACES = (*PLACES, *ATTRIBUTES)


def chunks_of(one: Case) -> list[Chunk]:
    return chunk_source(one.source, SUFFIXES[one.suffix])


def mask_text(source: bytes) -> bytes:
    text = bytearray(source)
    for edit in mask_jsx(source):
        text[edit.start : edit.end] = edit.text
    return bytes(text)


@pytest.mark.parametrize("place", ALL_PLACES)
def test_valid_text_is_cut_as_the_compiler_cuts_it(place: str) -> None:
    different = [
        one.text
        for one in valid_cases(place)
        if {
            (chunk.decl_start_byte, chunk.decl_end_byte)
            for chunk in chunks_of(one)
            if chunk.kind != "comment"
        }
        != one.spans
    ]
    assert different == []


def test_no_text_drops_out_of_the_matrix() -> None:
    counts = {place: len(list(valid_cases(place))) for place in ALL_PLACES}
    assert len(TEXTS) == 970
    assert counts == {
        **dict.fromkeys(PLACES, 958),
        **dict.fromkeys(["jsx", "js"], 956),
        "double": 906,
        "single": 899,
    }


@pytest.mark.packages
@pytest.mark.node
def test_compiler_finds_the_matrix_valid_and_cuts_it_so(tmp_path: Path) -> None:
    cases = [case(place, text) for place in ALL_PLACES for text in TEXTS]
    paths = [tmp_path / f"{number}{one.suffix}" for number, one in enumerate(cases)]
    for path, one in zip(paths, cases, strict=True):
        path.write_bytes(one.source)
    for file, one in zip(ask_compiler(paths), cases, strict=True):
        assert (file.error_count == 0) is one.is_valid, one
        assert not one.is_valid or file.spans == one.spans, one


@pytest.mark.parametrize(
    "source",
    [
        b"a < b && c > d",
        b"a<b>(c)</b>/g",
        b"x = <T,>(a) => a; y = '</T>'",
        b"x = <const T,>(a) => a; y = '</T>'",
        b"x = <T extends A>(a) => a /* </T> */",
        b"x = <T = A>(a) => a // </T>",
        b"type A = <T>(a: T) => B</T>/",
        b"x = <a>b & c",
        b"x = <a>b & c</b>",
        b"x = <a>b & }</a>",
        b"x = <a>b & ></a>",
        b"x = <a b=>&</a>",
        b"x = <a b=1>&</a>",
        b"x = <a / b>&</a>",
        b"x = <a<b>&</a>",
        b"x = <1>&</1>",
        b"x = <>&</a>",
        b'x = < a="&"></>',
        b"x = <a>{(]}&</a>",
        b"x = '<a>&</a>'",
        b"x = /<a>&</",
        b"x = `<a>&</a>",
        b"x = 1 // <a>&</a>",
        b"x = 1 /* <a>&</a> */",
        b"x.return <a>&</a>",
        b"x++ <a>&</a>",
        b"x! <a>&</a>",
        b"(x) /* b */ <a>&</a>",
    ],
)
def test_what_is_no_whole_element_stays(source: bytes) -> None:
    assert mask_text(source) == source


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (b"x = <a>b & <c>&</c>", b"x = <a>b & <c>_</c>"),
        (b"x = <a>{<b>&</b>}", b"x = <a>{<b>_</b>}"),
        (b"} ) ] x = { <a>&</a>", b"} ) ] x = { <a>_</a>"),
        (b"{ ( } return <a>&</a>", b"{ ( } return <a>_</a>"),
        (b"if (a) <b>&</b>", b"if (a) <b>_</b>"),
        (b"a.if (a) <b>&</b>", b"a.if (a) <b>&</b>"),
        (b"{ }\n/<a>&</.b", b"{ }\n/<a>&</.b"),
        (b"{ } / <a>&</a>", b"{ } / <a>_</a>"),
        (b"return // a\n /* < */ <b>&</b>", b"return // a\n /* < */ <b>_</b>"),
        (b"[...<a>&</a>]", b"[...<a>_</a>]"),
        (b"!<a>&</a>", b"!<a>_</a>"),
        (b'x = <a\n b="&\n" />', b'x = <a\n b="_\n" />'),
        (b"x = <a /\n>", b"x = <a /\n>"),
    ],
)
def test_whole_element_is_masked_whatever_is_around_it(source: bytes, text: bytes) -> None:
    assert mask_text(source) == text


@pytest.mark.parametrize(
    "part",
    [
        *(b"<a>", b"=<a b=", b"<a<", b"=<a b='", b"=/[", b"</*", b"!"),
        *(pytest.param(part, marks=pytest.mark.slow) for part in (b"<a>{", b"(<a>{(", b"<a>{`${")),
    ],
)
def test_elements_without_end_do_not_take_forever(part: bytes) -> None:
    assert len(mask_jsx(b"<a>" + part * 20_000 + b"/><a>&</a>")) <= 1


def test_broken_code_around_it_leaves_text_no_code() -> None:
    tsx = make_parser("tsx")

    def parse(text: bytes) -> Node:
        return tsx.parse(text).root_node

    source = b"const a = <p>AT&T; (</p>;\nconst = )\n"
    text, root = repair_text(source, parse(source), parse, jsx=True)
    assert text == b"const a = <p>_____ _</p>;\nconst = )\n"
    assert root is not None
    assert root.has_error
