"""Results arrive whole or not at all, and nobody's files are harmed."""

import errno
import itertools
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO, cast

import pytest

from chunkflow.cli.output import print_line, print_message, wants_color, write_lines
from chunkflow.errors import UsageError


@pytest.mark.parametrize("output", [None, "-"])
def test_lines_go_to_standard_output(
    capfdbinary: pytest.CaptureFixture[bytes], output: str | None
) -> None:
    write_lines(["ä", "\udcff"], output)
    assert capfdbinary.readouterr().out == "ä\n\\udcff\n".encode()


def test_lines_go_to_a_file(tmp_path: Path) -> None:
    write_lines(["ä", "b"], str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == "ä\nb\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_new_file_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    write_lines(["a"], str(tmp_path / "out"))
    os.umask(before)
    assert stat.S_IMODE(os.stat(tmp_path / "out").st_mode) == 0o640


def test_file_that_is_replaced_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "out").touch(mode=0o600)
    write_lines(["a"], str(tmp_path / "out"))
    assert stat.S_IMODE(os.stat(tmp_path / "out").st_mode) == 0o600
    assert (tmp_path / "out").read_text() == "a\n"


def test_file_stays_as_it_was_when_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("before")

    def lines() -> Iterator[str]:
        yield "a"
        raise LookupError

    with pytest.raises(LookupError):
        write_lines(lines(), str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("before, and longer")
    (tmp_path / "out").symlink_to("target")
    write_lines(["a"], str(tmp_path / "out"))
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "target").read_text() == "a\n"


def test_link_that_leads_nowhere_gets_its_target(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("target")
    write_lines(["a"], str(tmp_path / "out"))
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "target").read_text() == "a\n"


def test_links_target_is_replaced_whole_and_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    target = tmp_path / "inner" / "target"
    target.touch(mode=0o640)
    (tmp_path / "middle").symlink_to(target)
    (tmp_path / "out").symlink_to("middle")

    def lines() -> Iterator[str]:
        yield "a"
        assert target.read_text() == ""

    write_lines(lines(), str(tmp_path / "out"))
    assert target.read_text() == "a\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["inner", "middle", "out"]
    assert os.listdir(target.parent) == ["target"]


@pytest.mark.parametrize("exists", [True, False])
def test_name_may_be_as_long_as_a_name_can_be(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / ("x" * 255)
    if exists:
        path.write_text("before")
    write_lines(["a"], str(path))
    assert path.read_text() == "a\n"
    assert len(os.listdir(tmp_path)) == 1


@pytest.mark.parametrize("exists", [True, False])
def test_path_may_be_as_long_as_a_path_can_be(
    tmp_path: Path, exists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = "/".join(["d" * 250] * 16)
    for depth in range(1, 17):
        os.mkdir("/".join(["d" * 250] * depth))
    path = f"{folder}/{'x' * (4095 - len(folder) - 1)}"
    if exists:
        Path(path).write_text("before")
    write_lines(["a"], path)
    assert Path(path).read_text() == "a\n"


@pytest.mark.usefixtures("permissions_count")
class TestPermissions:
    """Where the rights of files count."""

    def test_directory_that_may_not_be_written(self, tmp_path: Path) -> None:
        folder = tmp_path / "folder"
        folder.mkdir()
        (folder / "out").write_text("before, and longer")
        folder.chmod(0o500)
        write_lines(["a"], str(folder / "out"))
        assert (folder / "out").read_text() == "a\n"
        with pytest.raises(UsageError, match="new: permission denied; name another file"):
            write_lines(["a"], str(folder / "new"))
        assert os.listdir(folder) == ["out"]
        folder.chmod(0o700)

    def test_file_that_may_not_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_text("before")
        (tmp_path / "out").chmod(0o444)
        with pytest.raises(UsageError, match="out: permission denied; name another file"):
            write_lines(["a"], str(tmp_path / "out"))
        assert (tmp_path / "out").read_text() == "before"
        assert os.listdir(tmp_path) == ["out"]


def test_file_stays_as_it_was_when_writing_in_place_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBUSY, "busy")

    def write_half(file: int, data: bytes, offset: int) -> int:
        if bytes(data).startswith(b"new") and len(data) > 3:
            return pwrite(file, data[:3], offset)
        if offset:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return pwrite(file, data, offset)

    pwrite = os.pwrite
    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(os, "pwrite", write_half)
    (tmp_path / "out").write_text("before")
    for name in ("out", "other"):
        with pytest.raises(UsageError, match="no space left on device"):
            write_lines(["new and longer"], str(tmp_path / name))
    assert (tmp_path / "out").read_text() == "before"
    assert os.listdir(tmp_path) == ["out"]


def test_pipe_is_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out")
    reader = os.open(tmp_path / "out", os.O_RDONLY | os.O_NONBLOCK)
    write_lines(["a"], str(tmp_path / "out"))
    assert os.read(reader, 10) == b"a\n"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "out").stat().st_mode)


def test_reader_of_a_pipe_may_stop_early(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out")
    reader = os.open(tmp_path / "out", os.O_RDONLY | os.O_NONBLOCK)

    def lines() -> Iterator[str]:
        yield "a"
        os.close(reader)
        yield "b" * 100_000

    write_lines(lines(), str(tmp_path / "out"))


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("mode", ["w", "a"])
def test_standard_output_by_another_name_is_shared_with_its_owner(
    tmp_path: Path, name: str, mode: str
) -> None:
    code = (
        "import os; from chunkflow.cli.output import write_lines; os.write(1, b'first\\n');"
        f"write_lines(['second'], {name!r}); os.write(1, b'third\\n')"
    )
    (tmp_path / "out").write_text("before\n")
    with (tmp_path / "out").open(mode) as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    begin = "before\n" if mode == "a" else ""
    assert (tmp_path / "out").read_text() == f"{begin}first\nsecond\nthird\n"


def test_standard_output_may_be_a_socket() -> None:
    here, there = socket.socketpair()
    with here, there:
        code = "from chunkflow.cli.output import write_lines; write_lines(['a'], '/dev/stdout')"
        subprocess.run([sys.executable, "-c", code], stdout=there.fileno(), check=True)
        assert here.recv(10) == b"a\n"


def test_what_a_killed_run_left_stops_no_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Names are given out again from the first on, as to a process of the same number.
    def write(text: str) -> None:
        numbers = itertools.count()
        with monkeypatch.context() as patch:
            patch.setattr(os, "urandom", lambda _: b"%d" % next(numbers))
            write_lines([text], str(tmp_path / "out"))

    for number in range(3):
        before = os.listdir(tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", lambda *_: sys.exit())
            patch.setattr(os, "unlink", lambda _: None)
            with pytest.raises(SystemExit):
                write("half")
        assert len(os.listdir(tmp_path)) == len(before) + 1
        write(f"whole {number}")
        assert (tmp_path / "out").read_text() == f"whole {number}\n"


def test_device_stays_a_device() -> None:
    write_lines(["a"], os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("", "is a directory"), ("missing/out", "no such file"), ("file/out", "not a directory")],
)
def test_file_that_cannot_be_written_is_told(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=f"cannot write .*{name}: .*{reason}.*; name another"):
        write_lines(["a"], str(tmp_path / name))


def test_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # Line-buffered, so that nothing is left that closing would fail to write.
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(UsageError, match="standard output: no space left on device"):
            write_lines(["a"], None)


def test_reader_that_stops_early_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        write_lines(["a" * 100_000], None)


def test_closed_standard_output_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(UsageError, match="cannot write to standard output: it is closed"):
        write_lines(["a"], None)


def test_messages_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_message("cannot read \x1b[31m.ts")
    print_line("a\nb")
    assert capsys.readouterr() == ("", "chunkflow: cannot read \\x1b[31m.ts\na\\nb\n")


def test_closed_standard_error_sends_messages_nowhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    print_message("nobody hears this")
    assert capsys.readouterr().out == ""


def test_standard_error_that_fails_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    # Closing it raises as well, unless nothing is left in the buffer.
    with suppress(BrokenPipeError), open(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stderr", pipe)
        print_message("nobody hears this")
        was_no_error = True
    assert was_no_error


class Stream:
    """A stream that may be a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


@pytest.mark.parametrize(
    ("when", "is_terminal", "environ", "colored"),
    [
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {"FORCE_COLOR": "1"}, False),
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"TERM": "dumb"}, False),
        ("auto", True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", False, {"FORCE_COLOR": ""}, False),
    ],
)
def test_colour_follows_flag_then_environment_then_terminal(
    when: str, is_terminal: bool, environ: dict[str, str], colored: bool
) -> None:
    stream = cast(TextIO, Stream(is_terminal=is_terminal))
    assert wants_color(when, stream, environ) == colored


def test_closed_stream_is_not_coloured() -> None:
    assert not wants_color("auto", None, {})
