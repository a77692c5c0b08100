"""Options and helpers shared by the commands about the cache."""

import os
from collections.abc import Callable
from typing import NamedTuple

from chunkflow.cli.commands import CHOICE, WHOLE, Option
from chunkflow.cli.output import print_message
from chunkflow.flow.chunkflow import ChunkFlow
from chunkflow.settings import Settings, load_settings

FORMAT = Option("format", ("--format",), "Output format.", CHOICE, choices=("text", "json"))
CACHE_DIR = Option("cache_dir", ("--cache-dir",), "Cache directory.", metavar="DIR")
CONFIG = Option("config", ("--config",), "Settings file to use.", metavar="FILE")
PATHS = Option("paths", (), "Files and directories; default: the whole project.", multiple=True)
PROCESSOR = Option(
    "processor",
    ("--processor",),
    "Processor to use; module:attr for your own function.",
    metavar="NAME",
    multiple=True,
)
JOBS = Option("jobs", ("--jobs",), "Maximum number of worker processes.", WHOLE, metavar="N")
COMMON = (FORMAT, CACHE_DIR, CONFIG)


class CacheArguments(NamedTuple):
    """The arguments that all of these commands accept."""

    format: str = "text"
    cache_dir: str | None = None
    config: str | None = None


def load_project_settings(cache_dir: str | None, config: str | None) -> Settings:
    """The settings of the project in the current directory."""
    overrides = {"cache": {"dir": cache_dir}}
    return load_settings(".", file=config, environ=os.environ, overrides=overrides)


def open_flow(
    cache_dir: str | None,
    config: str | None,
    note_warning: Callable[[str], None] = lambda _message: None,
    *,
    jobs: int | None = None,
) -> ChunkFlow:
    """Open the project in the current directory; `note_warning` gets what is printed as well."""

    def warn(message: str) -> None:
        print_message(f"warning: {message}")
        note_warning(message)

    return ChunkFlow(
        settings_file=config,
        cache={"dir": cache_dir},
        on_warning=warn,
        parallel_operations=jobs,
    )
