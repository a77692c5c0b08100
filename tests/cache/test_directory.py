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
