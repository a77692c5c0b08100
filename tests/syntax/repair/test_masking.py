import pytest

from chunkflow.syntax.repair.masking import mask_text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (b"a // b\nc", b"a     \nc"),
        (b"a // b", b"a     "),
        (b"a /* b\r\n */ c", b"a     \r\n    c"),
        (b"a /* b", b"a     "),
        (b'"a\\"b" c', b'"____" c'),
        (b"'a\\\nb' c", b"'____' c"),
        (b"'it' is", b"'__' is"),
        (b"it's\nhis", b"it's\nhis"),
        (b"`a\nb` c", b"`___` c"),
        (b"`a${b + `c${d}`}e` f", b"`_${b + `_${d}`}_` f"),
        (b"`a${{ b: '}' }}c` d", b"`_${{ b: '_' }}_` d"),
        (b"`$${a}$` b", b"`_${a}_` b"),
        (b"`a", b"`_"),
        (b"`a${b", b"`_${b"),
        (b"a = /b['\"/]\\//g.c", b"a = ___________.c"),
        (b"return /'/", b"return ___"),
        (b"a / b / 'c'", b"a / b / '_'"),
        (b"a) / b / 'c'", b"a) / b / '_'"),
        (b"<a>'</a>'", b"<a>'____'"),
        (b"<a></a><b></b>", b"<a></a><b></b>"),
        (b"= /a\n'b'", b"= /a\n'_'"),
    ],
)
def test_comments_and_texts_are_blank_and_code_stays(source: bytes, text: bytes) -> None:
    assert mask_text(source).text == text


def test_template_text_with_escapes_is_named() -> None:
    source = b"`a` + `b\\n${'\\t'}c\\`d`"
    spans = mask_text(source).escapes
    assert [source[start:end] for start, end in spans] == [b"b\\n", b"c\\`d"]


def test_slashes_that_begin_nothing_do_not_take_forever() -> None:
    source = b"=/[" * 100_000
    assert mask_text(source).text == source
