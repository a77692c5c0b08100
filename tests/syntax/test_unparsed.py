import pytest

from chunkflow.syntax.unparsed import describe_unparsed


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        (b"type A<B> = B", "type", "A"),
        (b"export interface A extends B {}", "interface", "A"),
        (b"export const enum A { B }", "enum", "A"),
        (b"export var $a_1 =\n  2", "variable", "$a_1"),
        (b"export async function a<B>(b: B) {}", "function", "a"),
        (b"class A {}", "error", None),
        (b"a.b('c')", "error", None),
    ],
)
def test_first_words_describe_a_statement_without_a_tree(
    source: bytes, kind: str, name: str | None
) -> None:
    assert describe_unparsed(source, 0) == (kind, name)
