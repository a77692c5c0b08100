import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from chunkflow.engine.discover import discover

Write = Callable[..., None]
Git = Callable[..., None]


def found(folder: Path, *paths: str, cwd: Path | None = None) -> list[str]:
    result = discover(paths or None, root=str(folder), cwd=str(cwd or folder))
    assert result.problems == []
    return result.files


def test_tracked_and_untracked_are_found_and_ignored_are_not(
    repository: Path, write: Write, git: Git
) -> None:
    write(["tracked.ts", "forced.ts", "untracked.ts", "ignored.ts"])
    git("add", "-f", "tracked.ts", "forced.ts")
    write([], ignoring={"": "forced.ts\nignored.ts\n"})
    assert found(repository) == ["forced.ts", "tracked.ts", "untracked.ts"]


def test_what_the_repository_alone_ignores_is_not_found(repository: Path, write: Write) -> None:
    write(["a.ts", "b.ts"])
    (repository / ".git" / "info" / "exclude").write_text("b.ts\n")
    assert found(repository) == ["a.ts"]


def test_tracked_packages_are_found(repository: Path, write: Write, git: Git) -> None:
    write(["node_modules/kept/a.js", "node_modules/b.js"], ignoring={"": "node_modules\n"})
    git("add", "-f", "node_modules/kept/a.js")
    assert found(repository) == ["node_modules/kept/a.js"]


def test_file_in_conflict_comes_once(repository: Path, write: Write, git: Git) -> None:
    for branch, text in (("base", "1"), ("ours", "2"), ("theirs", "3")):
        if branch != "base":
            git("checkout", "-q", "-b", branch, "base")
        else:
            git("checkout", "-q", "-b", branch)
        (repository / "a.ts").write_text(text)
        git("add", "a.ts")
        git("commit", "-q", "-m", branch)
    with pytest.raises(Exception, match="merge"):
        git("merge", "-q", "ours")
    assert found(repository) == ["a.ts"]


def test_directory_inside_is_searched_alone(repository: Path, write: Write) -> None:
    write(["a.ts", "src/b.ts", "src/c/d.ts"], ignoring={"": "d.ts\n"})
    assert found(repository, "src") == ["src/b.ts"]


def test_directories_may_have_any_name(repository: Path, write: Write) -> None:
    write(["-C/a.ts", "sp ace\n/b.ts", "\udcff/c.ts", ":(top)/d.ts"])
    names = ["-C", "sp ace\n", "\udcff", ":(top)"]
    assert found(repository, *names) == sorted(
        ["-C/a.ts", "sp ace\n/b.ts", "\udcff/c.ts", ":(top)/d.ts"]
    )


def test_worktree_is_searched_like_any_other(
    repository: Path, write: Write, git: Git, tmp_path: Path
) -> None:
    write(["a.ts"], ignoring={"": "b.ts\n"})
    git("add", ".")
    git("commit", "-q", "-m", "one")
    other = tmp_path / "other"
    git("worktree", "add", "-q", str(other))
    (other / "b.ts").write_text("x")
    (other / "c.ts").write_text("x")
    assert found(other) == ["a.ts", "c.ts"]


def test_repository_inside_is_left_out_unless_named(
    repository: Path, write: Write, git: Git
) -> None:
    write(["a.ts", "inner.ts/b.ts"])
    git("init", "-q", at=repository / "inner.ts")
    assert found(repository) == ["a.ts"]
    assert found(repository, "inner.ts") == ["inner.ts/b.ts"]


def test_search_in_a_hook_is_not_led_astray_by_the_hooks_variables(
    repository: Path, write: Write, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(["src/a.ts", "src/b.ts"], ignoring={"": "b.ts\n"})
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_WORK_TREE", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert found(repository, "src") == ["src/a.ts"]


def test_search_runs_no_command_of_the_repository(
    repository: Path, write: Write, git: Git, tmp_path: Path
) -> None:
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    write(["a.ts"])
    git("add", ".")
    git("config", "core.fsmonitor", str(hook))
    git("status")
    assert (tmp_path / "ran").exists()  # git by itself does run it
    (tmp_path / "ran").unlink()
    assert found(repository) == ["a.ts"]
    assert not (tmp_path / "ran").exists()


def refused(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    # What git does in a repository of someone else ("dubious ownership").
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(Exception, match="status"):
        git("status")


def missing(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def out_of_descriptors(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    def pipe() -> tuple[int, int]:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pipe", pipe)


def child_reaped(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    def waitpid(pid: int, options: int) -> tuple[int, int]:
        real(pid, options)
        raise ChildProcessError

    real = os.waitpid
    monkeypatch.setattr(os, "waitpid", waitpid)


@pytest.mark.parametrize("trouble", [refused, missing, out_of_descriptors, child_reaped])
def test_without_gits_help_the_search_finds_the_same(
    repository: Path,
    write: Write,
    git: Git,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[Git, pytest.MonkeyPatch], None],
) -> None:
    write(
        ["a.ts", "src/b.ts", "src/b.d.ts", "src/keep/c.d.ts", "dist/d.js"],
        ignoring={"": "*.d.ts\n/dist\n", "src": "!keep/*.d.ts\n"},
    )
    expected = found(repository)
    assert expected == ["a.ts", "src/b.ts", "src/keep/c.d.ts"]
    in_source = found(repository, "src/keep")
    trouble(git, monkeypatch)
    assert found(repository) == expected
    assert found(repository, "src/keep") == in_source


def test_interrupted_search_leaves_no_process_behind(
    repository: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(["a.ts"])

    def read(descriptor: int, size: int) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "read", read)
        with pytest.raises(KeyboardInterrupt):
            found(repository)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_search_goes_on_where_children_are_reaped_by_the_system(
    repository: Path, write: Write
) -> None:
    write(["a.ts"])
    previous = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert found(repository) == ["a.ts"]
    finally:
        signal.signal(signal.SIGCHLD, previous)
