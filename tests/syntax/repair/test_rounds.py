from collections.abc import Callable

from effort import count_examples
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_sitter import Node

from chunkflow.syntax.languages import make_parser
from chunkflow.syntax.repair import repair_text

Parse = Callable[[bytes], Node]

FRAGMENTS = (
    "interface A<in out T> {\n <B>(b: B): C\n <B>(b: B): D\n}\n|export type * from 'a'\n|class A {"
    "|}|{|(|)|<|>|[|]|;|,|=>|=|: |?|`|${|'|\"|/|//|/*|*/|\n|\r\n| |\\|import('a').B<C>|import("
    "|export default function (a): b|accessor |abstract |static [a: b]: c\n|as |type |extends "
    "|using |for (using a of b) |sql<A>`b`|>`|global {|with {|from 'a' |export * |\n  *a() {}|@(a)"
    "|\n  in2: a|?.5|&|</|</a>|\0|é|\xff|keyof readonly |[K in L]|[string: a]|(any) =>"
    "|declare class |export { type }|require('a')|import type a = "
).split("|")


def test_repair_ends_with_the_first_parse_that_has_no_error(parse: Parse) -> None:
    parsed: list[bytes] = []

    def counted(text: bytes) -> Node:
        parsed.append(text)
        return parse(text)

    source = b"interface A<in T> {}\nexport type * from 'a'\n"
    text, root = repair_text(source, parse(source), counted)
    assert parsed == [text] == [b"interface A<   T> {}\nexport      * from 'a'\n"]
    assert root is not None
    assert not root.has_error


def test_rare_rules_come_after_the_common_ones(parse: Parse) -> None:
    source = b"export type * from 'a'\nlet as = 1, b = { string: 1 }\n"
    text, root = repair_text(source, parse(source), parse)
    assert text == b"export      * from 'a'\nlet a_ = 1, b = { string: 1 }\n"
    assert root is not None
    assert not root.has_error


def test_text_without_anything_to_repair_is_not_parsed_again(parse: Parse) -> None:
    def never(text: bytes) -> Node:
        raise AssertionError(text)

    source = b"function (\n"
    root = parse(source)
    assert repair_text(source, root, never) == (source, root)


def test_text_that_repair_makes_no_better_stays(parse: Parse) -> None:
    source = b"let x = )\nusing\n"
    root = parse(source)
    assert repair_text(source, root, lambda _: root) == (source, root)


def test_errors_that_stay_do_not_undo_the_rest(parse: Parse) -> None:
    source = b"export type * from 'a'\nlet = )\n"
    text, root = repair_text(source, parse(source), parse)
    assert text == b"export      * from 'a'\nlet = )\n"
    assert root is not None
    assert root.has_error


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30))
@settings(max_examples=count_examples(300))
def test_bytes_stay_where_they_stand(fragments: list[str]) -> None:
    source = "".join(fragments).encode("latin-1")
    typescript = make_parser("typescript")
    root = typescript.parse(source).root_node
    text, _ = repair_text(source, root, lambda text: typescript.parse(text).root_node)
    assert len(text) == len(source)
    for before, after in zip(source, text, strict=True):
        assert before not in b"\r\n" or after in (before, ord(";"))
        assert after not in b"\r\n" or before == after
