"""Histories are replayed commit by commit, and what is told of them is what happened."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from npm import NpmError
from replay import releases as releases_module
from replay import run as replay
from replay.history import History, HistoryError
from replay.releases import ReleaseError, last_releases, make_repository
from replay.run import main
from replay.runner import Run, RunError, Runner, difference
from replay.tree import Amount, Key, Tree

FakeNpm = Callable[..., Path]
Commit = Callable[..., str]
Archive = Callable[..., bytes]

ONE = "export function one() {\n  return 1;\n}\n"
TWO = "export function two() {\n  return 2;\n}\n"
TWO_CHANGED = "export function two() {\n  return 22;\n}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


@pytest.fixture
def commit(repository: Path) -> Commit:
    """Commits files by name; None removes one."""

    def make(files: dict[str, str | None]) -> str:
        for name, text in files.items():
            path = repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_bytes(text.encode())
        git(repository, "add", "--all")
        git(repository, "commit", "--quiet", "--allow-empty", "--message", "a change")
        return git(repository, "rev-parse", "HEAD").strip()

    return make


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def replayed(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    kept = tmp_path / "figures.json"
    assert main([*arguments, "--json", str(kept)]) == 0
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


@pytest.fixture
def history(commit: Commit, repository: Path) -> str:
    """A function changed, a file renamed, a change taken back; and what is no source."""
    commit({"src/a.ts": ONE + TWO, "src/b.ts": "let b\n", "notes.md": "notes\n"})
    commit({"src/a.ts": ONE + TWO_CHANGED, "notes.md": "more notes\n"})
    commit({"src/b.ts": None, "src/moved/b.ts": "let b\n"})
    commit({"src/a.ts": ONE + TWO})
    return str(repository)


@pytest.mark.parametrize(
    "processor", ["metrics", pytest.param("expensive", marks=pytest.mark.slow)]
)
def test_changed_chunk_is_all_that_is_processed(
    history: str, tmp_path: Path, processor: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replayed(tmp_path, history, "--processor", processor, "--check-every", "1")
    changed = len(TWO_CHANGED) - 1
    whole = len(ONE + TWO_CHANGED) - 2
    assert (found["steps"], found["checked"]) == (3, 3)
    assert found["ours"] == found["unseen"] == [1, changed]
    assert found["whole_files"] == [2, whole]
    assert found["everything"][0] == 9
    # The line that was put back is one of those that are added.
    assert found["added_bytes"] == len("  return 22;\n") + len("  return 2;\n")
    assert (found["needless"], found["unchanged"]) == (0, 7)
    output = capsys.readouterr().out
    assert output.startswith(f"`python scripts/replay/run.py {history}")
    assert f"| **chunkflow** | 1 | {changed} | {changed / 25:.2f} |" in output
    assert "hit rate 1.0000; within files that changed 1.0000 of 1" in output
    assert "3 steps compared with a run from scratch: no difference" in output


def test_only_the_last_commits_are_steps(history: str, tmp_path: Path) -> None:
    found = replayed(tmp_path, history, "--commits", "1")
    assert (found["steps"], found["ours"], found["whole_files"]) == (1, [1, len(TWO) - 1], [2, 74])


def test_folders_that_are_not_named_do_not_count(
    commit: Commit, repository: Path, tmp_path: Path
) -> None:
    commit({"src/a.ts": ONE, "other/b.ts": "let b\n"})
    commit({"src/a.ts": TWO, "other/b.ts": "let bb\n"})
    found = replayed(tmp_path, str(repository), "--path", "src")
    assert (found["ours"][0], found["added_bytes"]) == (
        1,
        len("export function two() {\n  return 2;\n"),
    )


def test_folder_that_is_not_there_yet_is_no_failure(
    commit: Commit, repository: Path, tmp_path: Path
) -> None:
    commit({"src/a.ts": ONE})
    commit({"later/b.ts": TWO})
    found = replayed(tmp_path, str(repository), "--path", "src", "later")
    assert found["ours"] == [1, len(TWO) - 1]


@pytest.mark.slow
def test_large_functions_are_processed_in_parts(
    commit: Commit, repository: Path, tmp_path: Path
) -> None:
    lines = [f"  call({number}, 'some text that fills the line');\n" for number in range(100)]
    before = f"export function big() {{\n{''.join(lines)}}}\n"
    commit({"a.ts": before})
    commit({"a.ts": before.replace("call(50,", "called(50,")})
    options = ("--processor", "expensive", "--check-every", "1")
    whole = replayed(tmp_path, str(repository), *options)
    parts = replayed(tmp_path, str(repository), *options, "--max-bytes", "500")
    assert whole["ours"] == [1, len(before) + 1]
    assert parts["ours"][0] == 1
    assert parts["ours"][1] <= 500


@pytest.mark.slow
def test_shallow_and_bare_repositories_will_do(history: str, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow.git"
    git(tmp_path, "clone", "--quiet", "--bare", "--depth=3", f"file://{history}", str(shallow))
    found = History(shallow, tmp_path / "clone")
    assert len(found.commits) == 3
    assert replayed(tmp_path, str(shallow))["steps"] == 2


@pytest.mark.slow
def test_repository_itself_is_left_alone(history: str, tmp_path: Path) -> None:
    before = [
        git(Path(history), *what) for what in (("status",), ("worktree", "list"), ("branch",))
    ]
    replayed(tmp_path, history, "--commits", "1")
    after = [git(Path(history), *what) for what in (("status",), ("worktree", "list"), ("branch",))]
    assert before == after


def test_side_branches_come_in_with_their_merge(
    commit: Commit, repository: Path, tmp_path: Path
) -> None:
    commit({"a.ts": ONE})
    git(repository, "checkout", "--quiet", "-b", "side")
    commit({"b.ts": ONE + TWO})
    commit({"b.ts": TWO})
    git(repository, "checkout", "--quiet", "main")
    git(repository, "merge", "--quiet", "--no-ff", "--no-edit", "side")
    assert len(History(repository, tmp_path / "clone").commits) == 2


@pytest.mark.parametrize(
    ("before", "after", "added"),
    [
        ("a\nb\n", "a\nc\nb\n", "c\n"),
        ("a\n", "++ b\n++ c", "++ b\n++ c\n"),
        ("a\rb\n", "a\rc\n", "a\rc\n"),
        ("a\n", "+++ b/a.ts\n", "+++ b/a.ts\n"),
        ("a\nb\n", "a\n", ""),
        ("a\n", "é\r\n", "é\r\n"),
    ],
)
def test_limit_is_the_bytes_of_added_lines(
    commit: Commit, repository: Path, tmp_path: Path, before: str, after: str, added: str
) -> None:
    first = commit({"deep/a.ts": before, "other/b.ts": ONE})
    second = commit({"deep/a.ts": after, "a.md": "text\n"})
    for number, (path, size_bytes) in enumerate(
        {".": len(added.encode()), "deep": len(added.encode()), "other": 0}.items()
    ):
        found = History(repository, tmp_path / str(number), paths=[path])
        assert found.added_bytes(first, second) == size_bytes


def test_missing_history_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nothing")]) == 2
    assert "replay: git clone failed: fatal: repository" in capsys.readouterr().err


def test_history_without_source_is_explained(
    commit: Commit, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit({"a.md": "text"})
    assert main([str(repository), "--path", "src", "lib"]) == 2
    assert "no commit changes source below src, lib; name others" in capsys.readouterr().err


def test_commits_that_change_no_source_are_no_steps(
    commit: Commit, repository: Path, tmp_path: Path
) -> None:
    wanted = [commit({"a.ts": ONE})]
    commit({"a.md": "text"})
    wanted.append(commit({"a.ts": TWO}))
    assert History(repository, tmp_path / "clone").commits == wanted


def test_missing_git_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HistoryError, match="cannot run git: No such file or directory; install it"):
        History(tmp_path, tmp_path / "clone")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a repository, or a package"),
        (["a", "--npm", "b"], "name a repository, or a package"),
        (["a", "--max-bytes", "9"], "--max-bytes goes with --processor expensive"),
    ],
)
def test_wrong_usage_is_explained(
    arguments: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_difference_from_scratch_ends_the_replay(
    history: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = Runner.run_from_scratch

    def lie(self: Runner, paths: Sequence[str]) -> Any:
        report = honest(self, paths)
        report["files"][0]["chunks"] += 40
        return report

    monkeypatch.setattr(Runner, "run_from_scratch", lie)
    assert main([history, "--check-every", "2"]) == 1
    error = capsys.readouterr().err
    assert "a run from scratch gives something else" in error
    assert '-   "chunks": 2' in error
    assert '+   "chunks": 42' in error


@pytest.mark.parametrize("wrong", ["reran", "chunks"])
def test_report_that_contradicts_the_files_ends_the_replay(
    history: str, wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = Runner.run

    def lie(self: Runner, paths: Sequence[str]) -> Run:
        run = honest(self, paths)
        place = run.report["totals"] if wrong == "reran" else run.report["files"][0]
        place[wrong] += 1
        return run

    monkeypatch.setattr(Runner, "run", lie)
    assert main([history]) == 1
    said = "chunks rerun: 4 reported, 3 seen" if wrong == "reran" else "a.ts: 3 reported, 2 seen"
    assert said in capsys.readouterr().err


def test_file_that_fails_ends_the_replay(
    commit: Commit,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    commit({"a.ts": ONE})
    honest = Runner.run

    def fail(self: Runner, paths: Sequence[str]) -> Run:
        run = honest(self, paths)
        run.report["files"][0]["error"] = "too hard"
        return run

    monkeypatch.setattr(Runner, "run", fail)
    assert main([str(repository)]) == 1
    assert "a.ts: too hard" in capsys.readouterr().err


def test_failed_run_is_told_with_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    runner = Runner(tmp_path, tmp_path / "work", "metric")
    with pytest.raises(RunError, match=r"chunkflow ended with status 2: .*metric"):
        runner.run(["."])


@pytest.mark.slow
def test_every_call_of_the_expensive_processor_is_seen(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "a.ts").write_text(ONE + TWO)
    runner = Runner(tmp_path, tmp_path / "work", "expensive")
    first = runner.run(["a.ts"])
    assert [(key.kind, key.size_bytes) for key in first.calls] == [("function", 37)] * 2
    assert runner.run(["a.ts"]).calls == []
    # A run from scratch calls it too, but that is none of the history's.
    scratch = runner.run_from_scratch(["a.ts"])
    assert scratch["totals"]["reran"] == 2
    assert runner.run(["a.ts"]).calls == []
    assert difference(first.report, scratch) == ""


def test_exempt_parts_of_a_report_may_differ() -> None:
    one = {"files": [{"status": "changed", "chunks": 1}], "metrics": 1, "totals": {"seconds": 1}}
    two = {"files": [{"status": "reused", "chunks": 1}], "metrics": 2, "totals": {"seconds": 2}}
    assert difference(one, two) == ""
    # The same values in another order are other bytes.
    assert difference({"a": 1, "b": 2}, {"b": 2, "a": 1}) != ""


def test_chunks_are_compared_with_the_states_before(tmp_path: Path) -> None:
    tree = Tree()
    (tmp_path / "a.ts").write_text(ONE + TWO)
    assert tree.advance(tmp_path, ["a.ts"]).unchanged == 0
    # A function that moves to another file is there already, and one that is there twice counts
    # once for what is new, and twice for a cache per file.
    (tmp_path / "a.ts").write_text(ONE)
    (tmp_path / "b.ts").write_text(TWO + ONE)
    step = tree.advance(tmp_path, ["a.ts", "b.ts"])
    assert (step.unchanged, step.unchanged_in_changed) == (3, 3)
    assert (step.unseen, step.whole_files.chunks) == (Amount(), 3)
    assert [key.kind for key in step.within_files] == ["function"] * 2
    assert step.needless(step.within_files) == 2
    assert step.needless([Key("typescript", "function", b"new", 3)]) == 0


def archive(files: dict[str, str]) -> bytes:
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture
def releases(corpus_root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Releases that were downloaded before; npm is only asked for the versions."""

    def publish(packages: dict[str, dict[str, str]]) -> None:
        folder = corpus_root / "releases"
        folder.mkdir(parents=True)
        for version, files in packages.items():
            (folder / f"@scope__a-{version}.tgz").write_bytes(archive(files))
        monkeypatch.setattr(releases_module, "_versions", lambda _: list(packages))

    return publish


@pytest.mark.slow
def test_releases_become_commits(
    releases: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    releases(
        {
            "1.10.0": {"package/src/a.ts": ONE + TWO_CHANGED, "package/a.d.ts": "let d"},
            "1.9.0": {"package/src/a.ts": ONE + TWO, "package/old.ts": "let o", "package/x.js": ""},
            "2.0.0-beta.1": {"package/no.ts": ""},
        }
    )
    found = replayed(tmp_path, "--npm", "@scope/a", "--releases", "5", "--check-every", "1")
    assert (found["steps"], found["ours"]) == (1, [1, len(TWO_CHANGED) - 1])
    assert "@scope/a 1.9.0 to 1.10.0" in capsys.readouterr().err


def test_releases_hold_their_own_sources_alone(
    releases: Callable[..., None], tmp_path: Path
) -> None:
    releases(
        {
            "1.0.0": {"package/a.ts": ONE, "package/../../b.ts": TWO, "c.ts": TWO},
            "1.1.0": {"package/d.tsx": ONE, "package/d.d.ts": TWO, "package/readme.md": "text"},
        }
    )
    folder = tmp_path / "made"
    assert make_repository("@scope/a", folder, releases=2) == ["1.0.0", "1.1.0"]
    assert git(folder, "ls-tree", "-r", "--name-only", "HEAD~1").split() == ["a.ts"]
    assert git(folder, "ls-tree", "-r", "--name-only", "HEAD").split() == ["d.tsx"]
    assert not (tmp_path / "b.ts").exists()


def test_package_without_source_is_refused(
    releases: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    releases({"1.0.0": {"package/a.d.ts": "let a"}})
    assert main(["--npm", "@scope/a"]) == 2
    assert "holds no TypeScript source; name another package" in capsys.readouterr().err


def test_damaged_archive_is_named(
    releases: Callable[..., None], corpus_root: Path, tmp_path: Path
) -> None:
    releases({"1.0.0": {"package/a.ts": ONE}})
    (corpus_root / "releases" / "@scope__a-1.0.0.tgz").write_bytes(b"no archive")
    with pytest.raises(ReleaseError, match=r"(?s)cannot unpack @scope__a-1.0.0.tgz: .*; remove it"):
        make_repository("@scope/a", tmp_path / "made", releases=1)


NPM = """\
#!{python}
import pathlib, shutil, sys
pathlib.Path({calls!r}).open("a").write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "view":
    print({versions!r})
else:
    shutil.copy({archive!r}, "a-1.0.0.tgz")
"""


@pytest.mark.parametrize("versions", ['"1.0.0"', '["0.9.0-rc.1", "1.0.0"]'])
def test_releases_are_downloaded_once(
    versions: str, tmp_path: Path, corpus_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, calls, programs = tmp_path / "served.tgz", tmp_path / "calls", tmp_path / "bin"
    served.write_bytes(archive({"package/a.ts": ONE}))
    programs.mkdir()
    (programs / "npm").write_text(
        NPM.format(python=sys.executable, calls=str(calls), versions=versions, archive=str(served))
    )
    (programs / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    for name in ("first", "second"):
        make_repository("a", tmp_path / name, releases=3)
    asked = [line.split()[0] for line in calls.read_text().splitlines()]
    assert asked == ["view", "pack", "view"]
    assert [path.name for path in (corpus_root / "releases").iterdir()] == ["a-1.0.0.tgz"]


def test_npm_that_fails_is_explained(fake_npm: FakeNpm, capsys: pytest.CaptureFixture[str]) -> None:
    fake_npm(status=1, complaint="no such package")
    assert main(["--npm", "a"]) == 2
    assert "replay: npm view failed: no such package; check the name" in capsys.readouterr().err


def test_missing_npm_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corpus_root: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(NpmError, match="there is no npm; install Node"):
        make_repository("a", tmp_path / "made", releases=1)


def test_releases_are_ordered_by_number() -> None:
    versions = ["1.10.0", "1.9.0", "1.9.1", "2.0.0-rc.1", "1.2.3+build"]
    assert last_releases(versions, 2) == ["1.9.1", "1.10.0"]


def test_nothing_added_has_no_ratio() -> None:
    assert replay.table(replay.Totals()).count("| - |") == 4
