"""A file is read once, whole, and only if it is one."""

import os
import socket
from pathlib import Path

import pytest

from chunkflow.engine.reading import check_regular, read_if_small, read_source
from chunkflow.errors import SourceError


def reason(path: Path | str) -> str:
    with pytest.raises(SourceError) as caught:
        read_source(str(path), "src/a.ts")
    return str(caught.value)


@pytest.mark.parametrize("source", [b"", b"let a\r\n", "\ufefflet ä".encode(), b"\0"])
def test_bytes_come_as_they_are(tmp_path: Path, source: bytes) -> None:
    path = tmp_path / "a.ts"
    path.write_bytes(source)
    assert read_source(str(path), "a.ts") == source


@pytest.mark.parametrize("most", [1, 3, 1 << 20])
@pytest.mark.parametrize("size_bytes", [0, 2, 5, 9])
def test_file_that_changes_while_it_is_read_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, size_bytes: int
) -> None:
    path = tmp_path / "a.ts"
    path.write_bytes(b"let a")
    read, stat = os.read, os.fstat

    def stat_then_change(descriptor: int) -> os.stat_result:
        found = stat(descriptor)
        path.write_bytes(b"let other"[:size_bytes])
        return found

    monkeypatch.setattr(os, "fstat", stat_then_change)
    # A file system may give less than it is asked for.
    monkeypatch.setattr(os, "read", lambda descriptor, count: read(descriptor, min(count, most)))
    expected = b"let other"[:size_bytes]
    # Where the size is reached, nobody asks whether there is more.
    assert read_source(str(path), "a.ts") in (expected, expected[: len(b"let a")])


def test_file_that_is_larger_than_wanted_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_bytes(b"let a")
    assert read_if_small(str(path), "a.ts", 5) == b"let a"
    assert read_if_small(str(path), "a.ts", 4) is None


def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_bytes(b"let a")
    (tmp_path / "b.ts").symlink_to("a.ts")
    assert read_source(str(tmp_path / "b.ts"), "b.ts") == b"let a"


def test_missing_file_is_told(tmp_path: Path) -> None:
    assert reason(tmp_path / "a.ts") == "cannot read src/a.ts: no such file"


def test_directory_is_told(tmp_path: Path) -> None:
    assert reason(tmp_path) == ("cannot read src/a.ts: it is a directory; name files or use PATHS")


def test_file_in_place_of_a_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert reason(tmp_path / "a" / "b.ts").endswith("a part of its path is not a directory")


def test_fifo_is_told_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.ts")
    assert reason(tmp_path / "a.ts").endswith("it is not a regular file")


def test_socket_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A socket's whole path has room for a hundred characters only.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a.ts")
        assert reason("a.ts").startswith("cannot read src/a.ts: ")


def test_endless_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.ts").symlink_to("a.ts")
    assert "too many levels of symbolic links" in reason(tmp_path / "a.ts")


def test_nul_in_a_name_is_told() -> None:
    assert "null byte" in reason("a\0.ts")


def test_file_without_permission_is_told(tmp_path: Path, permissions_count: None) -> None:
    (tmp_path / "a.ts").touch(mode=0)
    assert reason(tmp_path / "a.ts").endswith("permission denied")


def test_bytes_that_are_not_utf8_are_told_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_bytes(b"let a\nlet \xe4\n")
    assert reason(tmp_path / "a.ts") == (
        "cannot read src/a.ts: line 2 is not UTF-8 (byte 0xe4 at offset 10); save it as UTF-8"
    )


def test_file_that_cannot_be_read_to_its_end_is_told() -> None:
    # It opens, and the first read fails: nothing is mapped at address 0.
    assert "error" in reason("/proc/self/mem")


def test_regular_file_passes(tmp_path: Path) -> None:
    (tmp_path / "a.ts").touch()
    check_regular(os.stat(tmp_path / "a.ts"), "a.ts")
