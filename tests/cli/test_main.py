"""Whatever happens, there are a status and a clear word, and no traceback."""

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chunkflow import __version__
from chunkflow.cli import main as main_module
from chunkflow.cli.commands import load_command
from chunkflow.errors import ChunkflowError, Terminated

if TYPE_CHECKING:
    from cli.conftest import Done

Cli = Callable[..., "Done"]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Every command raises from then on."""

    def fail_with(error: BaseException) -> None:
        def run(_arguments: object) -> int:
            raise error

        monkeypatch.setattr(
            main_module, "load_command", lambda name: load_command(name)._replace(run=run)
        )

    return fail_with


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (ChunkflowError("cannot do it\x1b"), 2, "chunkflow: cannot do it\\x1b\n"),
        (KeyboardInterrupt(), 130, "chunkflow: interrupted; finished work is kept\n"),
        (Terminated(15), 143, "chunkflow: ended by SIGTERM; finished work is kept\n"),
        (Terminated(1), 129, "chunkflow: ended by SIGHUP; finished work is kept\n"),
        (
            LookupError("odd"),
            2,
            "chunkflow: internal error: LookupError: odd; use --verbose for more\n",
        ),
        (SystemExit(), 0, ""),
        (SystemExit(3), 3, ""),
        (SystemExit("text"), 2, ""),
    ],
)
def test_whatever_is_raised_becomes_a_status(
    cli: Cli,
    failing: Callable[[BaseException], None],
    error: BaseException,
    status: int,
    message: str,
) -> None:
    failing(error)
    assert cli("optimize-files") == (status, "", message)


@pytest.mark.parametrize("flag", ["--verbose", "-v"])
def test_traceback_is_for_who_asks(
    cli: Cli, failing: Callable[[BaseException], None], flag: str
) -> None:
    failing(LookupError("odd"))
    done = cli("optimize-files", flag)
    assert done.status == 2
    assert done.err.startswith("Traceback")
    assert done.err.endswith("chunkflow: internal error: LookupError: odd\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["optimize-file"], "optimize-file"),
        (["optimize-files", "--form", "json"], "--form"),
        (["optimize-files", "--format", "yaml"], "yaml"),
        (["optimize-files", "--jobs", "-3"], "--jobs"),
        (["optimize-files", "--jobs", "many"], "--jobs"),
        (["optimize-files", "--timeout", "-1"], "--timeout"),
        (["optimize-files", "--color", "blue"], "blue"),
        (["chunks"], "files"),
        (["chunks", "a.ts", "--max-bytes", "0"], "--max-bytes"),
    ],
)
def test_wrong_usage_is_told(cli: Cli, project: Path, arguments: list[str], named: str) -> None:
    done = cli(*arguments)
    assert (done.status, done.out) == (2, "")
    assert named in done.err
    assert "Traceback" not in done.err


def test_version_is_told(cli: Cli) -> None:
    assert cli("--version") == (0, f"chunkflow {__version__}\n", "")


@pytest.mark.parametrize("command", ["optimize-files", "chunks"])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help_with_an_example(cli: Cli, command: str, flag: str) -> None:
    done = cli(command, flag)
    assert done.status == 0
    assert f"Example: chunkflow {command}" in done.out


def test_help_names_every_command(cli: Cli) -> None:
    done = cli("--help")
    assert done.status == 0
    assert "optimize-files" in done.out
    assert "chunks" in done.out


def test_directory_that_is_gone_is_told(cli: Cli, project: Path) -> None:
    project.rmdir()
    done = cli("optimize-files")
    assert done == (
        2,
        "",
        "chunkflow: the current directory no longer exists; change to one that does\n",
    )


def test_arguments_of_the_process_are_the_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["chunkflow", "--version"])
    assert main_module.main() == 0
    assert capsys.readouterr().out == f"chunkflow {__version__}\n"


def test_console_script_and_module_are_the_same_program(project: Path) -> None:
    script = Path(sysconfig.get_path("scripts")) / "chunkflow"
    for command in ([str(script)], [sys.executable, "-m", "chunkflow"]):
        done = subprocess.run(
            [*command, "optimize-files", "gone.ts"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stdout.startswith("failed: cannot read gone.ts: no such file\n")
        assert done.stderr == ""


def test_shell_that_asks_for_completion_is_answered(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_CHUNKFLOW_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "chunkflow optimize-files --form")
    monkeypatch.setenv("COMP_CWORD", "2")
    done = cli("optimize-files")
    assert (done.status, done.err) == (0, "")
    assert done.out.split() == ["--format"]
