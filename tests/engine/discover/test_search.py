import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chunkflow.engine.discover import Discovered, Problem, discover
from chunkflow.errors import SettingsError

Write = Callable[..., None]
Git = Callable[..., None]


def search(folder: Path, *paths: str | Path, **options: Any) -> Discovered:
    cwd = str(options.pop("cwd", folder))
    root = str(options.pop("root", folder))
    return discover([str(path) for path in paths] or None, root=root, cwd=cwd, **options)


def message_for(folder: Path, path: str) -> str:
    found = search(folder, path)
    assert found.files == []
    assert [problem.path for problem in found.problems] == [path or '""']
    return found.problems[0].message


@pytest.fixture(params=["git", "walk"])
def either(request: pytest.FixtureRequest, folder: Path) -> Path:
    """A directory, once in a repository and once outside any."""
    if request.param == "git":
        request.getfixturevalue("repository")
    return folder


def test_project_is_searched_where_no_path_is_named(either: Path, write: Write) -> None:
    write(["b.ts", "a.ts", "src/c.tsx"])
    assert search(either) == Discovered(["a.ts", "b.ts", "src/c.tsx"], frozenset(), [])


def test_empty_list_of_paths_names_nothing(folder: Path, write: Write) -> None:
    write(["a.ts"])
    assert discover([], root=str(folder), cwd=str(folder)).files == []


def test_only_known_suffixes_are_found(either: Path, write: Write) -> None:
    known = ["a.ts", "b.mts", "c.cts", "d.d.ts", "e.tsx", "f.js", "g.mjs", "h.cjs", "i.jsx"]
    write([*known, "a.json", "b.md", "ts", "c.ts.map", "d.vue", "e.tsbuildinfo"])
    assert search(either).files == known


def test_order_is_by_path_whatever_was_named_first(either: Path, write: Write) -> None:
    write(["z/a.ts", "a/z.ts", "a-b.ts", "Z.ts"])
    assert search(either, "z", "a-b.ts", "a", "Z.ts").files == sorted(
        ["z/a.ts", "a/z.ts", "a-b.ts", "Z.ts"]
    )


def test_file_comes_once_by_whatever_spellings(either: Path, write: Write) -> None:
    write(["src/a.ts"])
    names: list[str | Path] = [
        "src/a.ts",
        "./src/a.ts",
        "src//a.ts",
        "src/../src/a.ts",
        either / "src/a.ts",
        "src",
    ]
    assert search(either, *names).files == ["src/a.ts"]


def test_link_to_a_file_is_a_file_of_its_own(either: Path, write: Write) -> None:
    write(["src/a.ts"])
    (either / "src" / "b.ts").symlink_to("a.ts")
    assert search(either, "src").files == ["src/a.ts", "src/b.ts"]


def test_paths_outside_the_current_directory_are_absolute(either: Path, write: Write) -> None:
    write(["src/a.ts", "lib/b.ts"])
    found = search(either, "..", cwd=either / "src")
    assert found.files == sorted(["a.ts", f"{either}/lib/b.ts"])
    assert search(either, "../lib/b.ts", cwd=either / "src").files == [f"{either}/lib/b.ts"]


def test_named_file_is_taken_though_ignored_and_excluded(either: Path, write: Write) -> None:
    write(["a.ts", "b.ts"], ignoring={"": "*.ts\n"})
    found = search(either, "a.ts", ".", exclude=["*.ts"], include=["lib/"])
    assert found == Discovered(["a.ts"], frozenset(["a.ts"]), [])


def test_directory_called_like_a_file_is_searched(either: Path, write: Write) -> None:
    write(["a.ts/b.ts", "c.ts/.gitkeep"])
    assert search(either).files == ["a.ts/b.ts"]
    assert search(either, "a.ts").files == ["a.ts/b.ts"]


def test_named_link_to_a_directory_is_searched_under_its_name(either: Path, write: Write) -> None:
    write(["src/a.ts"])
    (either / "link").symlink_to("src")
    assert search(either, "link").files == ["link/a.ts"]


def test_files_of_a_linked_directory_are_not_found(either: Path, write: Write) -> None:
    write(["src/a.ts"])
    (either / "src" / "loop").symlink_to("..")
    (either / "elsewhere").symlink_to("/")
    assert search(either).files == ["src/a.ts"]


def test_names_may_hold_any_bytes(either: Path, write: Write) -> None:
    names = ["a b.ts", "new\nline.ts", "\udcff\udc80.ts", "é.ts", "q'\".ts", "-n.ts", "\x1b[1m.ts"]
    write([*names, "d\udcfe\n/x.ts"])
    assert search(either).files == sorted([*names, "d\udcfe\n/x.ts"])
    assert search(either, "d\udcfe\n", "\udcff\udc80.ts").files == sorted(
        ["d\udcfe\n/x.ts", "\udcff\udc80.ts"]
    )


def test_pipes_sockets_and_links_to_nothing_are_passed_over(either: Path, write: Write) -> None:
    write(["a.ts"])
    os.mkfifo(either / "pipe.ts")
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's path may have 108 bytes at most, and tests live deep.
        with contextlib.chdir(either):
            server.bind("socket.ts")
        assert "pipe.ts" not in search(either).files
        assert "socket.ts" not in search(either).files


def test_cache_is_never_searched(either: Path, write: Write) -> None:
    write([".cache/a.ts", ".cache/deep/b.ts", ".cached/c.ts"])
    assert search(either, cache_dir=f"{either}/.cache").files == [".cached/c.ts"]


@pytest.mark.parametrize("cache", [".", "..", "/"])
def test_cache_in_a_strange_place_hides_nothing(either: Path, write: Write, cache: str) -> None:
    write(["a.ts"])
    assert search(either, cache_dir=os.path.normpath(either / cache)).files == ["a.ts"]


def test_missing_file_is_told_and_the_rest_is_taken(folder: Path, write: Write) -> None:
    write(["a.ts"])
    found = search(folder, "no.ts", "a.ts", "gone/b.ts")
    assert found.files == ["a.ts"]
    assert found.problems == [
        Problem("gone/b.ts", "cannot read gone/b.ts: no such file"),
        Problem("no.ts", "cannot read no.ts: no such file"),
    ]


def test_problem_is_told_once(folder: Path) -> None:
    assert len(search(folder, "no.ts", "./no.ts").problems) == 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "no such file"),
        ("nul\0.ts", "no name can hold a NUL byte"),
        ("a.ts/b.ts", "a part of its path is not a directory"),
        ("x" * 300 + ".ts", "file name too long"),
        ("pipe.ts", "it is neither a file nor a directory"),
        ("dangling.ts", "it is a link to nothing"),
        ("loop.ts", "too many levels of symbolic links"),
        (
            "read.me",
            "unknown language; known suffixes are .ts .mts .cts .tsx .js .mjs .cjs .jsx",
        ),
    ],
)
def test_named_path_that_cannot_be_taken_is_told(
    folder: Path, write: Write, path: str, reason: str
) -> None:
    write(["a.ts", "read.me"])
    os.mkfifo(folder / "pipe.ts")
    (folder / "dangling.ts").symlink_to("nowhere.ts")
    (folder / "loop.ts").symlink_to("loop.ts")
    assert message_for(folder, path) == f"cannot read {path or chr(34) * 2}: {reason}"


def test_device_is_not_opened(folder: Path) -> None:
    message = message_for(folder, "/dev/null")
    assert message == "cannot read /dev/null: it is neither a file nor a directory"


@pytest.mark.parametrize(
    ("include", "exclude", "files"),
    [
        (["src/"], [], ["src/a.ts", "src/gen/b.ts", "src/gen/c.d.ts"]),
        (["src/**"], ["*.d.ts"], ["src/a.ts", "src/gen/b.ts"]),
        (["src/", "!src/gen/"], [], ["src/a.ts"]),
        (["/*.ts"], [], ["d.ts"]),
        ([], ["gen"], ["d.ts", "src/a.ts"]),
        ([], ["src/", "!src/gen/b.ts"], ["d.ts", "src/gen/b.ts"]),
        ([], ["**/gen/*.d.ts", "/d.ts"], ["src/a.ts", "src/gen/b.ts"]),
        (["lib"], [], []),
    ],
)
def test_include_and_exclude_choose_what_is_found(
    either: Path, write: Write, include: list[str], exclude: list[str], files: list[str]
) -> None:
    write(["d.ts", "src/a.ts", "src/gen/b.ts", "src/gen/c.d.ts"])
    assert search(either, include=include, exclude=exclude).files == files


def test_patterns_count_from_the_root_wherever_the_search_begins(
    either: Path, write: Write
) -> None:
    write(["src/gen/a.ts", "src/b.ts"])
    found = search(either, ".", cwd=either / "src", exclude=["/src/gen/"])
    assert found.files == ["b.ts"]
    found = search(either, "gen", "b.ts", cwd=either / "src", include=["/src/gen/"])
    assert found.files == ["b.ts", "gen/a.ts"]


def test_patterns_count_from_a_directory_outside_the_root(either: Path, write: Write) -> None:
    write(["project/a.ts", "other/b.ts", "other/c/d.ts"])
    found = search(either, "other", root=either / "project", exclude=["/c"])
    assert found.files == ["other/b.ts"]


@pytest.mark.parametrize("pattern", ["", "  ", "# note", "!", "/", "a[", "a\\"])
def test_what_is_no_pattern_is_refused(folder: Path, pattern: str) -> None:
    with pytest.raises(SettingsError) as caught:
        search(folder, exclude=["*.d.ts", pattern])
    assert str(caught.value) == f'"exclude": "{pattern}" is not a pattern as in .gitignore'
