"""Results arrive whole or not at all, and nobody's files are harmed."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO, cast

import pytest

from chunkflow.cli.output import say, tell, wants_color, write_lines
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
    say("cannot read \x1b[31m.ts")
    tell("a\nb")
    assert capsys.readouterr() == ("", "chunkflow: cannot read \\x1b[31m.ts\na\\nb\n")


def test_closed_standard_error_sends_messages_nowhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    say("nobody hears this")
    assert capsys.readouterr().out == ""


def test_standard_error_that_fails_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    # Closing it raises as well, unless nothing is left in the buffer.
    with suppress(BrokenPipeError), open(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stderr", pipe)
        say("nobody hears this")
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
