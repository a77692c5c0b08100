"""Puts npm and the corpus folder in the tests' own hands."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FakeNpm = Callable[..., Path]

NPM = """\
#!{python}
import pathlib, shutil, sys
calls = pathlib.Path({calls!r})
with calls.open("a") as log:
    log.write(" ".join(sys.argv[1:]) + "\\n")
for archive in pathlib.Path({archives!r}).iterdir():
    shutil.copy(archive, ".")
if {rival!r}:
    pathlib.Path({rival!r}).mkdir()
    pathlib.Path({rival!r}, "package.json").write_text("the other's")
sys.stderr.write({complaint!r})
sys.exit({status!r})
"""


@pytest.fixture
def corpus_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty corpus folder that the scripts use."""
    root = tmp_path / "corpus"
    monkeypatch.setenv("CHUNKFLOW_CORPUS_DIR", str(root))
    return root


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus_root: Path) -> FakeNpm:
    """Puts an `npm` on PATH that serves given archives; returns the file where it logs calls."""

    def install(
        *archives: bytes, status: int = 0, complaint: str = "", rival: Path | None = None
    ) -> Path:
        programs = tmp_path / "bin"
        served = tmp_path / "served"
        programs.mkdir(exist_ok=True)
        served.mkdir(exist_ok=True)
        for number, archive in enumerate(archives):
            (served / f"{number}.tgz").write_bytes(archive)
        calls = tmp_path / "npm-calls"
        calls.touch()
        npm = programs / "npm"
        npm.write_text(
            NPM.format(
                python=sys.executable,
                calls=str(calls),
                archives=str(served),
                rival=str(rival) if rival else "",
                complaint=complaint,
                status=status,
            )
        )
        npm.chmod(0o755)
        monkeypatch.setenv("PATH", str(programs))
        return calls

    return install
