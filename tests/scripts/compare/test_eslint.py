"""Cyclomatic complexity equals that of ESLint's rule, function by function."""

import re
import sys
from pathlib import Path

import pytest
from compare.eslint import compare, describe, eslint_folder, main
from fetch_corpus import source_files
from npm import NpmError

CASES = """\
class A<T> {
  a = b && c; static { if (d) e() } accessor f = g ?? h
  @i(j || k) l(m = 1, n?: O) {} get p() { return q?.r }
  s = () => t ? u : v; private async *[w || x]() {}
  @a() @b
  @c d = () => 1; @e.f() static g(@h() i = 1) {}
}
describe('a suite', () => { it('é 😀', function () { y ||= z }) })
const a = { b: (c: D) => { for (const e of f) try {} catch {} }, async g() { switch (h) {} } }
"""


@pytest.mark.node
def test_functions_are_compared_by_place(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text(CASES)
    result = compare([path])
    assert (result.files, result.unparsed, result.functions) == (1, 0, 14)
    assert [describe(difference) for difference in result.differences] == [
        f"{path}:8:24: eslint says 1, chunkflow has no function here:"
        " a suite's callback, which is split into chunks"
    ]


@pytest.mark.node
def test_file_that_eslint_cannot_parse_is_counted_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.ts"
    path.write_text("let = = ) 1")
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == (
        "1 files, 1 of them not parsed by ESLint\n0 functions compared, 0 equal, 0 different\n"
    )


@pytest.mark.node
def test_too_many_differences_are_told_by_the_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.ts").write_text(CASES)
    assert main([str(tmp_path / "a.ts")]) == 1
    assert re.search("14 functions compared, 13 equal, 1 different", capsys.readouterr().out)


def test_missing_npm_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHUNKFLOW_CORPUS_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(NpmError, match="there is no npm; install Node"):
        eslint_folder()


@pytest.mark.packages
@pytest.mark.node
def test_all_of_viem_is_equal() -> None:
    paths = source_files("viem")
    result = compare(paths)
    assert (len(paths), result.unparsed) == (1494, 0)
    assert result.functions > 3000
    assert [describe(difference) for difference in result.differences] == []
