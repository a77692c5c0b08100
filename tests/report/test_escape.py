import pytest
from hypothesis import given
from hypothesis import strategies as st

from chunkflow.report.escape import escape_text


@pytest.mark.parametrize("text", ["", "src/a.ts", "Größe", "名前", "👩‍👧", "a\u00a0b"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert escape_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\t", "a\\nb\\r\\t"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x07\x7f\x9b", "\\x07\\x7f\\x9b"),
        ("a\u202eb", "a\\u202eb"),
        ("\u2066\u200f\u2028", "\\u2066\\u200f\\u2028"),
        ("\udcff", "\\udcff"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_would_rewrite_the_terminal_is_made_visible(text: str, shown: str) -> None:
    assert escape_text(text) == shown


@given(st.text(st.characters()))
def test_any_text_fits_on_one_line_of_utf8(text: str) -> None:
    shown = escape_text(text)
    assert shown.encode().decode() == shown
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
