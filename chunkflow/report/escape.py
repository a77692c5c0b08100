"""Escapes names and messages, so that a terminal can show them safely."""

# Control characters, and characters that reverse the direction of text or break a line: with them
# a name could change the output around it.
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_MARKS = (0x61C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_ESCAPES = {code: f"\\x{code:02x}" for code in _CONTROLS} | {
    code: f"\\u{code:04x}" for code in _MARKS
}
_ESCAPES |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


def escape_text(text: str) -> str:
    """Make control characters, direction overrides and stray bytes visible."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_ESCAPES).encode("utf-8", "backslashreplace").decode("utf-8")
