"""The command line for typer: help, errors, completion, and arguments that `quick` leaves."""

import inspect
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from chunkflow import __version__
from chunkflow.cli.commands import (
    CHOICE,
    COMMANDS,
    GROUPS,
    NUMBER,
    SWITCH,
    TEXT,
    WHOLE,
    Command,
    Option,
    load_command,
)
from chunkflow.cli.status import BROKEN, INTERRUPTED, SUCCESS

_TYPES: dict[str, type] = {TEXT: str, WHOLE: int, NUMBER: float, SWITCH: bool}
_LEAST = {WHOLE: 1, NUMBER: 0}


def run_app(words: Sequence[str]) -> int:
    """Let typer run a command line, with help and errors; returns the exit status.

    Args:
        words: the arguments after the program's name.

    Raises:
        KeyboardInterrupt: also if typer has turned it into an exit status or an error.
        Exception: whatever a command raises.
    """
    try:
        status = _build_app()(list(words), prog_name="chunkflow", standalone_mode=False)
    except typer.Abort as exc:
        raise KeyboardInterrupt from exc
    except Exception as exc:
        # typer's own errors (a wrong flag, a missing argument) have `show`, but no public type.
        show = getattr(exc, "show", None)
        if show is None:
            raise
        show()
        return int(getattr(exc, "exit_code", BROKEN))
    if status == INTERRUPTED:
        raise KeyboardInterrupt
    return status if isinstance(status, int) else SUCCESS


def _build_app() -> typer.Typer:
    app = typer.Typer(
        name="chunkflow",
        help="Run anything over a TypeScript codebase, and never twice on the same function.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_handle_global_options)
    groups = {"": app}
    for group, text in GROUPS.items():
        groups[group] = typer.Typer(help=text, no_args_is_help=True)
        app.add_typer(groups[group], name=group)
    for name in COMMANDS:
        group, _, word = name.rpartition(" ")
        groups[group].command(word)(_build_function(load_command(name)))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"chunkflow {__version__}")
        raise typer.Exit


def _handle_global_options(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options that precede a command."""


def _build_function(command: Command[Any]) -> Callable[..., None]:
    """Build a function with the signature and annotations that typer reads."""

    def call(**values: Any) -> None:
        raise typer.Exit(command.run(command.arguments(**values)))

    annotations = {option.name: _build_annotation(command, option) for option in command.options}
    call.__doc__ = command.run.__doc__
    call.__annotations__ = annotations
    vars(call)["__signature__"] = inspect.Signature(
        [
            inspect.Parameter(
                option.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=_find_default(command, option),
                annotation=annotations[option.name],
            )
            for option in command.options
        ]
    )
    return call


def _find_default(command: Command[Any], option: Option) -> Any:
    default = command.default(option)
    return inspect.Parameter.empty if default is ... else default


def _build_annotation(command: Command[Any], option: Option) -> Any:
    kind: Any = _build_choice(option) if option.kind == CHOICE else _TYPES[option.kind]
    if option.multiple:
        kind = list[kind]
    if command.default(option) is None:
        kind = kind | None
    if not option.flags:
        return Annotated[kind, typer.Argument(help=option.help, metavar=option.metavar)]
    return Annotated[
        kind,
        typer.Option(
            *option.flags,
            help=option.help,
            metavar=option.metavar,
            min=_LEAST.get(option.kind),
        ),
    ]


def _build_choice(option: Option) -> type[StrEnum]:
    make: Any = StrEnum  # mypy follows the functional API for literal names only
    choice: type[StrEnum] = make(option.name, {text: text for text in option.choices})
    return choice
