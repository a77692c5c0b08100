"""What typer makes of a command line; what it shows is in test_main.py."""

import pytest
import typer

from chunkflow.cli import app
from chunkflow.errors import Terminated


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
    def perform(*_: object) -> int:
        raise error

    monkeypatch.setattr(app, "perform", perform)
    with pytest.raises(kind):
        app.run_app(["optimize-files"])


@pytest.mark.parametrize("status", [0, 1, 2])
def test_status_of_a_command_comes_through(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(app, "perform", lambda *_: status)
    assert app.run_app(["optimize-files"]) == status
