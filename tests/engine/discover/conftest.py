"""Repositories and folders to search, out of reach of the user's own git configuration."""

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

Git = Callable[..., None]
Write = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty directory that no repository is around."""
    path = tmp_path / "folder"
    path.mkdir()
    return path


@pytest.fixture
def git(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Runs git in `folder`, or in `at`."""
    for name, value in (
        ("HOME", str(tmp_path)),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "A"),
        ("GIT_AUTHOR_EMAIL", "a@example.org"),
        ("GIT_COMMITTER_NAME", "A"),
        ("GIT_COMMITTER_EMAIL", "a@example.org"),
    ):
        monkeypatch.setenv(name, value)

    def run(*arguments: str, at: Path = folder) -> None:
        subprocess.run(("git", *arguments), cwd=at, check=True, capture_output=True)

    return run


@pytest.fixture
def repository(folder: Path, git: Git) -> Path:
    """`folder`, as a git work tree without commits."""
    git("init", "-q")
    return folder


@pytest.fixture
def without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Once called, there is no git program to be found."""

    def hide() -> None:
        monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))

    return hide


@pytest.fixture
def write(folder: Path) -> Write:
    """Makes files in `folder`, with their directories; `.gitignore` files from `ignoring`."""

    def make(names: Iterable[str], *, ignoring: dict[str, str] | None = None) -> None:
        for name in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x\n")
        for name, lines in (ignoring or {}).items():
            (folder / name / ".gitignore").write_text(lines)

    return make
