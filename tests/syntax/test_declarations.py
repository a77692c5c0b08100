import pytest

from chunkflow import chunk_source


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (b'a("b")', "b"),
        (b"a.b('c', d)", "c"),
        (b"a(\n  'b',\n)", "b"),
        (b"a(`b${c}`)", "b${c}"),
        (b"a('b\\'c')", "b\\'c"),
        (b"a()", "a"),
        (b"a.b(c)", "a.b"),
        (b"a('b' + c)", "a"),
        (b"a('b').c()", "a('b').c"),
        (b"a('b')(c)", "a('b')"),
        (b"a('b')('c')", "c"),
        (b"a.b('c') + d", None),
        (b"await a('b')", None),
        (b"a /* c */ ('b')", "b"),
        (b"a<B>('c')", "c"),
        (b"a?.('b')", "b"),
        (b"a(b('c'))", "a"),
        (b"a.b = c('d')", "a.b"),
    ],
)
def test_a_call_is_named_by_its_first_string_or_else_by_what_is_called(
    source: bytes, name: str | None
) -> None:
    (chunk,) = chunk_source(source, "typescript")
    assert (chunk.kind, chunk.name) == ("expression", name)


def test_a_name_that_ends_like_the_keyword_is_a_name() -> None:
    (chunk,) = chunk_source(b"function _function(a: 1);\nfunction _function() {}", "typescript")
    assert chunk.name == "_function"
