"""What is known of a file before it is processed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chunkflow.cache.keys import digest_content
from chunkflow.cache.tiers import Tiers
from chunkflow.engine.files import File, look, read_and_digest
from chunkflow.engine.manifest import Manifest
from chunkflow.engine.options import Wanted
from chunkflow.errors import SourceError
from chunkflow.syntax import sizes

LATER_NS = 1 << 62
SOURCE = b"let a = 1\nlet b = 2\n"


@pytest.fixture
def manifest(tiers: Tiers, project: Path) -> Manifest:
    return Manifest(tiers, [str(project / "a.ts")])


@pytest.fixture
def file(project: Path, manifest: Manifest) -> File:
    (project / "a.ts").write_bytes(SOURCE)
    return seen_now(project, manifest)


def wanted(project: Path, name: str = "a.ts", *, named: bool = True) -> Wanted:
    return Wanted(name, str(project / name), named)


def seen_now(project: Path, manifest: Manifest, looked_ns: int = LATER_NS) -> File:
    file = look(wanted(project), manifest, looked_ns)
    assert file is not None
    return file


def test_new_file_was_never_seen(file: File) -> None:
    assert (file.language, file.last_digest, file.unchanged) == ("typescript", None, False)


def test_unchanged_file_is_known_by_its_signature(
    project: Path, file: File, manifest: Manifest
) -> None:
    manifest.note(file.path, file.seen(b"d" * 16))
    again = seen_now(project, manifest)
    assert (again.last_digest, again.unchanged) == (b"d" * 16, True)


def test_changed_file_is_known_by_what_it_last_held(
    project: Path, file: File, manifest: Manifest
) -> None:
    manifest.note(file.path, file.seen(b"d" * 16))
    (project / "a.ts").write_bytes(b"")
    again = seen_now(project, manifest)
    assert (again.last_digest, again.unchanged) == (b"d" * 16, False)


def test_file_that_was_just_written_is_not_trusted(project: Path, manifest: Manifest) -> None:
    (project / "a.ts").write_bytes(SOURCE)
    now_ns = os.stat(project / "a.ts").st_ctime_ns
    file = seen_now(project, manifest, now_ns)
    manifest.note(file.path, file.seen(b"d" * 16))
    assert not seen_now(project, manifest).unchanged


def make_nothing(path: Path) -> None:
    """The file is gone."""


def make_broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


def make_directory(path: Path) -> None:
    path.mkdir()


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_nothing, "no such file"),
        (make_broken_link, "it is a link to nothing"),
        (make_directory, "it is a directory"),
        (make_fifo, "it is not a regular file"),
        (make_loop, "too many levels"),
    ],
)
def test_named_path_that_is_no_file_is_told(
    project: Path, manifest: Manifest, make: Callable[[Path], None], message: str
) -> None:
    make(project / "a.ts")
    with pytest.raises(SourceError, match=f"cannot read a.ts: {message}"):
        look(wanted(project), manifest, LATER_NS)


@pytest.mark.parametrize("make", [make_nothing, make_broken_link, make_directory, make_fifo])
def test_found_path_that_is_no_file_is_passed_over(
    project: Path, manifest: Manifest, make: Callable[[Path], None]
) -> None:
    make(project / "a.ts")
    assert look(wanted(project, named=False), manifest, LATER_NS) is None


def test_found_link_to_itself_is_told(project: Path, manifest: Manifest) -> None:
    make_loop(project / "a.ts")
    with pytest.raises(SourceError, match="too many levels"):
        look(wanted(project, named=False), manifest, LATER_NS)


def test_found_file_that_may_not_be_looked_at_is_told(
    project: Path, tiers: Tiers, permissions_count: None
) -> None:
    (project / "in").mkdir()
    (project / "in" / "a.ts").touch()
    path = str(project / "in" / "a.ts")
    (project / "in").chmod(0o600)
    with pytest.raises(SourceError, match="permission denied"):
        look(wanted(project, "in/a.ts", named=False), Manifest(tiers, [path]), LATER_NS)
    (project / "in").chmod(0o700)


def test_unknown_suffix_is_told(project: Path, manifest: Manifest) -> None:
    with pytest.raises(SourceError, match=r"cannot read a\.txt: unknown language"):
        look(wanted(project, "a.txt"), manifest, LATER_NS)


def test_file_that_is_gone_is_forgotten(project: Path, file: File, manifest: Manifest) -> None:
    manifest.note(file.path, file.seen(b"d" * 16))
    (project / "a.ts").unlink()
    assert look(wanted(project, named=False), manifest, LATER_NS) is None
    assert manifest.seen(file.path) is None


def test_digest_is_of_the_bytes_that_were_read(file: File) -> None:
    assert read_and_digest(file, None) == (SOURCE, digest_content(SOURCE))
    assert read_and_digest(file, len(SOURCE)) == (SOURCE, digest_content(SOURCE))


def test_file_that_is_large_is_not_held(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "WHOLE_BYTES", 1)
    assert read_and_digest(file, len(SOURCE) - 1) == (None, digest_content(SOURCE))


def test_large_file_that_is_gone_is_told(project: Path, file: File) -> None:
    (project / "a.ts").unlink()
    with pytest.raises(SourceError, match=r"cannot read a\.ts: no such file"):
        read_and_digest(file, 1)
