"""What the commands about the cache have in common."""

import os
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from chunkflow.cli.options import CHOICE, Option
from chunkflow.cli.output import say, write_lines
from chunkflow.cli.status import BROKEN, DONE
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.settings import Settings, load_settings

_T = TypeVar("_T")

FORMAT = Option("format", ("--format",), "How the result looks.", CHOICE, choices=("text", "json"))
CACHE_DIR = Option("cache_dir", ("--cache-dir",), "The cache's directory.", metavar="DIR")
CONFIG = Option("config", ("--config",), "The settings file to use.", metavar="FILE")
PROCESSOR = Option(
    "processor",
    ("--processor",),
    "Whose results; module:attr for a function of yours.",
    metavar="NAME",
    multiple=True,
)
COMMON = (FORMAT, CACHE_DIR, CONFIG)


class Common(NamedTuple):
    """What each of the commands may be told."""

    format: str = "text"
    cache_dir: str | None = None
    config: str | None = None


def settings_of(cache_dir: str | None, config: str | None) -> Settings:
    """The settings of the project here."""
    overrides = {"cache": {"dir": cache_dir}}
    return load_settings(os.getcwd(), file=config, environ=os.environ, overrides=overrides)


def tend(
    arguments: Common,
    work: Callable[[ChunkFlow], _T],
    nothing: Callable[[Settings], _T],
    render: Callable[[_T, str], Iterable[str]],
) -> int:
    """Do something with the cache, and print what came of it; returns the exit status.

    Args:
        arguments: of the command.
        work: does it. What the cache warns of meanwhile makes the status 2.
        nothing: what comes of it where there is no cache; none is made then.
        render: makes lines of the result, in a format.
    """
    warnings: list[str] = []
    settings = settings_of(arguments.cache_dir, arguments.config)
    if not os.path.isdir(settings.cache_dir):
        done = nothing(settings)
    else:
        with opened_flow(arguments.cache_dir, arguments.config, warnings.append) as flow:
            done = work(flow)
    write_lines(render(done, arguments.format), None)
    return BROKEN if warnings else DONE


def opened_flow(
    cache_dir: str | None,
    config: str | None,
    warned: Callable[[str], None] = lambda _message: None,
    *,
    jobs: int | None = None,
) -> ChunkFlow:
    """The project here, with its cache; `warned` is told what is also said to the user."""

    def warn(message: str) -> None:
        say(f"warning: {message}")
        warned(message)

    return ChunkFlow(
        settings_file=config,
        cache={"dir": cache_dir},
        on_warning=warn,
        parallel_operations=jobs,
    )
