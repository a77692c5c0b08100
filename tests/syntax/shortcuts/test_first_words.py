import pytest
from tree_sitter import Node

from chunkflow.syntax.declarations import describe
from chunkflow.syntax.languages import make_parser
from chunkflow.syntax.shortcuts.first_words import read_first_words

PARSER = make_parser("typescript")


def statement(source: bytes) -> Node:
    root = PARSER.parse(source).root_node
    assert not root.has_error
    return root.children[0]


@pytest.mark.parametrize(
    "source",
    [
        b"type A = B",
        b"export type A<B> = B",
        b"interface A { b: C }",
        b"export interface A extends B {}",
        b"enum A { B }",
        b"export const enum A { B }",
        b"let a;",
        b"export const a: B = { c, d }",
        b"export var $a_1 =\n  2",
        b"function a() {}",
        b"export async function a<B>(b: B) {}",
    ],
)
def test_kind_and_name_are_those_that_the_tree_gives(source: bytes) -> None:
    node = statement(source)
    found = read_first_words(node, node.type, 0, source)
    assert found is not None
    assert found == describe(node, node.type, source)[:2]


@pytest.mark.parametrize(
    "source",
    [
        b"const a = 1, b = 2",
        b"export const { a } = b",
        "const é = 1".encode(),
        b"const /* c */ a = 1",
        b"function a(): { b: C }\n",
        b"export function a(): void;",
        b"export default function a() {}",
        b"function* a() {}",
        b"declare const a: B",
        b"type\nA = 1",
        b"class A {}",
        b"export { a }",
        b"a.b('c')",
    ],
)
def test_whatever_may_be_more_than_it_begins_with_is_asked_of_the_tree(source: bytes) -> None:
    node = statement(source)
    assert read_first_words(node, node.type, 0, source) is None
