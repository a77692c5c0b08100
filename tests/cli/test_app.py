"""What typer makes of a command line; what it shows is in test_main.py."""

from collections.abc import Callable

import pytest
import typer

from chunkflow.cli import app
from chunkflow.cli.commands import load_command
from chunkflow.errors import Terminated


def replace_run(monkeypatch: pytest.MonkeyPatch, run: Callable[[object], int]) -> None:
    """Let every command call `run`."""
    monkeypatch.setattr(app, "load_command", lambda name: load_command(name)._replace(run=run))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (typer.Abort(), KeyboardInterrupt),
        (LookupError("odd"), LookupError),
        (Terminated(15), Terminated),
    ],
)
def test_what_a_command_raises_comes_through(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, kind: type[BaseException]
) -> None:
    def run(_arguments: object) -> int:
        raise error

    replace_run(monkeypatch, run)
    with pytest.raises(kind):
        app.run_app(["optimize-files"])


@pytest.mark.parametrize("status", [0, 1, 2])
def test_status_of_a_command_comes_through(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    replace_run(monkeypatch, lambda _arguments: status)
    assert app.run_app(["optimize-files"]) == status
