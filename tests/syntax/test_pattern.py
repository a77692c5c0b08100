import re

import pytest

from chunkflow.syntax.pattern import Pattern


def test_a_pattern_is_compiled_once_and_not_before_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[bytes] = []
    compile_it = re.compile

    def noted(pattern: bytes, flags: int) -> "re.Pattern[bytes]":
        compiled.append(pattern)
        return compile_it(pattern, flags)

    monkeypatch.setattr(re, "compile", noted)
    pattern = Pattern(rb"a.", re.DOTALL)
    assert not compiled
    assert [found.span() for found in pattern.finditer(b"a\nbab")] == [(0, 2), (3, 5)]
    assert pattern.search(b"ba\n", 2) is None
    assert pattern.fullmatch(b"a\n") is not None
    assert pattern.sub(b"", b"abac") == b""
    assert compiled == [rb"a."]
