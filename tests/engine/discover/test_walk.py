import builtins
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chunkflow.engine.discover import Discovered, Problem, discover

Write = Callable[..., None]


def search(folder: Path, *paths: str, root: Path | None = None) -> Discovered:
    return discover(paths or None, root=str(root or folder), cwd=str(folder))


def test_ignore_files_count_outside_git(folder: Path, write: Write) -> None:
    write(
        ["a.ts", "dist/b.ts", "src/c.ts", "src/c.gen.ts", "src/deep/keep.gen.ts", "src/tmp/d.ts"],
        ignoring={"": "dist/\n*.gen.ts\n", "src": "tmp\n", "src/deep": "!keep.*\n"},
    )
    assert search(folder).files == ["a.ts", "src/c.ts", "src/deep/keep.gen.ts"]


def test_nothing_in_an_ignored_directory_comes_back(folder: Path, write: Write) -> None:
    write(["out/a.ts", "out/b.ts"], ignoring={"": "out/\n!out/a.ts\n", "out": "!*\n"})
    assert search(folder).files == []


def test_packages_and_repositories_own_files_are_never_entered(folder: Path, write: Write) -> None:
    write(["node_modules/a/b.js", "src/node_modules/c.js", "inner/.git/d.ts", "inner/e.ts"])
    assert search(folder).files == ["inner/e.ts"]


def test_packages_are_searched_when_named(folder: Path, write: Write) -> None:
    write(["node_modules/a/b.js"])
    assert search(folder, "node_modules/a").files == ["node_modules/a/b.js"]


def test_hidden_directories_are_searched(folder: Path, write: Write) -> None:
    write([".storybook/main.ts"])
    assert search(folder).files == [".storybook/main.ts"]


def test_ignore_files_above_count_from_the_root_down(folder: Path, write: Write) -> None:
    write(
        ["p/src/a.ts", "p/src/b.ts", "p/src/c.ts"],
        ignoring={"": "a.ts\n", "p": "b.ts\n"},
    )
    assert search(folder, "p/src", root=folder / "p").files == ["p/src/a.ts", "p/src/c.ts"]
    assert search(folder, "p/src").files == ["p/src/c.ts"]


def test_ignored_directory_has_no_files_even_when_named(folder: Path, write: Write) -> None:
    write(["out/deep/a.ts"], ignoring={"": "out\n"})
    assert search(folder, "out/deep").files == []


def test_directory_reached_by_a_link_is_searched_by_its_own_rules(
    folder: Path, write: Write, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.ts").write_text("x")
    write([], ignoring={"": "link\n*.ts\n"})
    (folder / "link").symlink_to(elsewhere)
    assert search(folder, "link").files == ["link/a.ts"]


def test_windows_lines_and_byte_order_marks_are_read(folder: Path, write: Write) -> None:
    write(["a.ts", "b.ts", "c.ts"])
    (folder / ".gitignore").write_bytes(b"\xef\xbb\xbfa.ts\r\nb.ts\r\n")
    assert search(folder).files == ["c.ts"]


def test_ignore_file_may_hold_any_bytes(folder: Path, write: Write) -> None:
    write(["\udcff.ts", "\udcfe.ts"])
    (folder / ".gitignore").write_bytes(b"\xff.ts\n")
    assert search(folder).files == ["\udcfe.ts"]


def test_ignore_file_that_is_a_link_or_a_pipe_is_not_read(folder: Path, write: Write) -> None:
    write(["a.ts", "deep/b.ts"])
    (folder / "rules").write_text("*.ts\n")
    (folder / ".gitignore").symlink_to("rules")
    os.mkfifo(folder / "deep" / ".gitignore")
    assert search(folder).files == ["a.ts", "deep/b.ts"]


def test_links_to_nothing_are_passed_over(folder: Path, write: Write) -> None:
    write(["a.ts"])
    (folder / ".#a.ts").symlink_to("someone@host.123")
    assert search(folder) == Discovered(["a.ts"], frozenset(), [])


def test_link_to_itself_is_left_for_the_reader_to_tell(folder: Path) -> None:
    (folder / "loop.ts").symlink_to("loop.ts")
    assert search(folder).files == ["loop.ts"]


@pytest.fixture
def abyss(folder: Path) -> Iterator[str]:
    """The name of a file too deep for anything that calls itself once a level."""
    path = str(folder)
    for _ in range(1_050):
        path += "/d"
        os.mkdir(path)
    Path(path, "a.ts").write_text("x")
    yield "d/" * 1_050 + "a.ts"
    subprocess.run(("rm", "-rf", folder), check=True)


def test_very_deep_directories_are_searched(folder: Path, abyss: str) -> None:
    assert search(folder).files == [abyss]
    found = discover(None, root=str(folder), cwd=str(folder), include=["d/"])
    assert found.files == [abyss]


def test_unreadable_directory_is_told_and_the_rest_is_taken(
    folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(["a.ts", "locked/b.ts", "z/c.ts"])
    scandir = os.scandir

    def refusing(path: str) -> Any:  # root may read whatever its mode is
        if path.endswith("/locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert search(folder) == Discovered(
        ["a.ts", "z/c.ts"],
        frozenset(),
        [Problem("locked", "cannot read locked: permission denied")],
    )


def test_unreadable_ignore_file_ignores_nothing(
    folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(["a.ts"], ignoring={"": "a.ts\n"})

    def refusing(*args: Any, **options: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", refusing)
        found = search(folder)
    assert found.files == ["a.ts"]
