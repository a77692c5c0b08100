import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chunkflow.cache.directory import prepare_directory
from chunkflow.errors import CacheError


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_directory_is_private_marked_and_ignored_by_git(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    prepare_directory(str(directory))
    assert directory.stat().st_mode & 0o777 == 0o700
    tag = (directory / "CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert "*" in (directory / ".gitignore").read_text().splitlines()


def test_marks_that_are_there_are_left_as_they_are(tmp_path: Path) -> None:
    prepare_directory(str(tmp_path))
    (tmp_path / ".gitignore").write_text("mine")
    prepare_directory(str(tmp_path))
    assert (tmp_path / ".gitignore").read_text() == "mine"


def test_marks_that_a_killed_run_left_out_are_made_up_for(tmp_path: Path) -> None:
    prepare_directory(str(tmp_path))
    (tmp_path / ".gitignore").unlink()
    prepare_directory(str(tmp_path))
    assert names(tmp_path) == [".gitignore", "CACHEDIR.TAG"]


def test_a_directory_with_something_else_in_it_is_not_marked(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    prepare_directory(str(tmp_path))
    assert names(tmp_path) == ["src"]


def test_a_link_to_a_directory_of_the_users_own_will_do(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    prepare_directory(str(tmp_path / "link"))
    assert names(tmp_path / "real") == [".gitignore", "CACHEDIR.TAG"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("file", "it is not a directory"),
        ("file/below", "Not a directory"),
        ("nul\0", "embedded null byte"),
        ("n" * 300, "File name too long"),
    ],
)
def test_a_path_that_cannot_be_a_directory_is_named_with_the_reason(
    path: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match="cannot use the cache in") as error:
        prepare_directory(str(tmp_path / path))
    assert str(tmp_path / path) in str(error.value)
    assert reason in str(error.value)


def test_a_directory_of_another_user_is_refused(foreign_directory: Path) -> None:
    with pytest.raises(CacheError, match="it belongs to another user") as error:
        prepare_directory(str(foreign_directory))
    assert f"the cache in {foreign_directory}: " in str(error.value)


def test_a_directory_that_another_user_made_in_a_place_for_all_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "for all"
    place.mkdir()
    place.chmod(0o1777)
    directory = place / "cache"
    directory.mkdir(0o777)
    if os.geteuid() == 0:
        os.chown(directory, 65534, -1)
        refused = directory
    else:
        # Only root can give a directory away; this one belongs to root.
        refused = Path("/")
    with pytest.raises(CacheError, match="it belongs to another user"):
        prepare_directory(str(refused))
    assert names(directory) == []


@pytest.mark.parametrize("mode", [0o777, 0o755, 0o770])
def test_a_directory_without_anything_in_it_is_made_private(mode: int, tmp_path: Path) -> None:
    directory = tmp_path / "empty"
    directory.mkdir()
    directory.chmod(mode)
    prepare_directory(str(directory))
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_cache_that_became_open_to_others_is_made_private_again(tmp_path: Path) -> None:
    prepare_directory(str(tmp_path))
    tmp_path.chmod(0o755)
    prepare_directory(str(tmp_path))
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_directory_with_something_else_in_it_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    tmp_path.chmod(0o755)
    prepare_directory(str(tmp_path))
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_directory_with_something_else_in_it_that_all_can_write_is_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "src").mkdir()
    tmp_path.chmod(0o777)
    with pytest.raises(CacheError, match="every user can write to it"):
        prepare_directory(str(tmp_path))
    assert names(tmp_path) == ["src"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_a_directory_in_the_project_is_made(project: Path) -> None:
    prepare_directory(str(project / "a" / "cache"), inside=str(project))
    assert names(project / "a" / "cache") == [".gitignore", "CACHEDIR.TAG"]


def test_a_link_within_the_project_is_followed(project: Path) -> None:
    (project / "real").mkdir()
    (project / "cache").symlink_to("real")
    prepare_directory(str(project / "cache"), inside=str(project))
    assert names(project / "real") == [".gitignore", "CACHEDIR.TAG"]


def test_a_project_that_is_reached_by_a_link_is_no_way_out(project: Path) -> None:
    link = project.parent / "link"
    link.symlink_to(project)
    prepare_directory(str(link / "cache"), inside=str(link))
    prepare_directory(str(project / "cache"), inside=str(link))
    assert names(project / "cache") == [".gitignore", "CACHEDIR.TAG"]


@pytest.mark.parametrize("target", ["../outside", "../outside/new", ".", "..", "/", "sub/out"])
def test_a_link_that_leads_out_of_the_project_is_refused(target: str, project: Path) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    (project / "sub").mkdir()
    (project / "sub" / "out").symlink_to(outside)
    (project / "cache").symlink_to(target)
    with pytest.raises(CacheError, match="which is not below the project"):
        prepare_directory(str(project / "cache"), inside=str(project))
    assert names(outside) == []


def test_a_directory_below_a_link_that_leads_out_is_refused(project: Path) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    (project / "sub").symlink_to(outside)
    with pytest.raises(CacheError, match="which is not below the project"):
        prepare_directory(str(project / "sub" / "cache"), inside=str(project))
    assert names(outside) == []


def test_a_directory_that_is_named_by_the_user_may_be_anywhere(project: Path) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    (project / "cache").symlink_to(outside)
    prepare_directory(str(project / "cache"))
    assert names(outside) == [".gitignore", "CACHEDIR.TAG"]


def test_a_link_to_a_directory_of_another_user_is_refused(
    foreign_directory: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(foreign_directory)
    with pytest.raises(CacheError, match="it belongs to another user"):
        prepare_directory(str(tmp_path / "link"))


def test_a_directory_that_cannot_be_made_is_an_error(
    tmp_path: Path, permissions_count: None, read_only: Callable[[Path], None]
) -> None:
    read_only(tmp_path)
    with pytest.raises(CacheError, match="Permission denied; make it"):
        prepare_directory(str(tmp_path / "cache"))


def test_a_directory_that_cannot_be_written_is_left_without_marks(
    tmp_path: Path, permissions_count: None, read_only: Callable[[Path], None]
) -> None:
    read_only(tmp_path)
    prepare_directory(str(tmp_path))
    assert names(tmp_path) == []
