import pytest

from chunkflow.syntax.tokens import REGEX, STRINGS, TEMPLATE_TEXT, find_comment_end


@pytest.mark.parametrize(
    ("source", "end", "is_closed"),
    [
        (b"'a' b", 3, True),
        (b'"a\\"b" c', 6, True),
        (b"'a\\\nb'", 6, True),
        (b"'a\nb'", 2, False),
        (b"'a\\'", 4, False),
        (b'"', 1, False),
    ],
)
def test_string_ends_at_its_quote_or_with_its_line(
    source: bytes, end: int, is_closed: bool
) -> None:
    found = STRINGS[source[0]].match(source)
    assert found is not None
    assert (found.end(), found.lastindex is not None) == (end, is_closed)


@pytest.mark.parametrize(
    ("source", "end"),
    [(b"a`", 1), (b"a\\`b`", 4), (b"a$b${c}`", 3), (b"a\n$", 3), (b"${", 0)],
)
def test_template_text_ends_at_a_substitution_or_the_end(source: bytes, end: int) -> None:
    found = TEMPLATE_TEXT.match(source)
    assert found is not None
    assert found.end() == end


@pytest.mark.parametrize(
    ("source", "text"),
    [(b"/a/gi.b", b"/a/gi"), (b"/[/]\\//", b"/[/]\\//"), (b"//", None), (b"/a\n/", None)],
)
def test_regular_expression_is_whole_on_its_line(source: bytes, text: bytes | None) -> None:
    found = REGEX.match(source)
    assert (found and found[0]) == text


@pytest.mark.parametrize(
    ("source", "end"),
    [(b"// a\nb", 4), (b"// a", 4), (b"/* a\n*/ b", 7), (b"/* a", -1), (b"/ a", -1), (b"a", -1)],
)
def test_comment_ends_with_its_line_or_its_bracket(source: bytes, end: int) -> None:
    assert find_comment_end(source, 0) == end
