"""`chunkflow cache verify`: process files again, and compare with the cache."""

from collections.abc import Sequence
from typing import NamedTuple

from chunkflow.cli.cache_options import COMMON, JOBS, PATHS, PROCESSOR, open_flow
from chunkflow.cli.commands import Command, Option
from chunkflow.cli.output import print_message, write_lines
from chunkflow.cli.progress import show_progress
from chunkflow.cli.signals import handle_signals
from chunkflow.cli.status import BROKEN, FINDINGS, SUCCESS
from chunkflow.errors import UsageError
from chunkflow.model.verification import Verification
from chunkflow.report.cache import render_verification


class CacheVerifyArguments(NamedTuple):
    """The arguments of `cache verify`."""

    paths: Sequence[str] | None = None
    sample: str = "5%"
    seed: str | None = None
    processor: Sequence[str] | None = None
    jobs: int | None = None
    format: str = "text"
    cache_dir: str | None = None
    config: str | None = None


_OPTIONS = (
    PATHS,
    Option(
        "sample", ("--sample",), "Share of the files to verify; at least one file is.", metavar="N%"
    ),
    Option("seed", ("--seed",), "Selects the files; default: others every day.", metavar="TEXT"),
    PROCESSOR,
    JOBS,
    *COMMON,
)


def cache_verify(arguments: CacheVerifyArguments) -> int:
    """Process some files again without the cache, and compare the results byte for byte.

    The exit status is 1 if the cache holds anything else; each place is named. With --sample 100%,
    the seal of every record is checked as well.

    Example: chunkflow cache verify src --sample 20%
    """
    percent = _parse_percent(arguments.sample)
    flow = open_flow(arguments.cache_dir, arguments.config, jobs=arguments.jobs)
    with handle_signals() as stop, flow, show_progress(enabled=True) as progress:
        found = flow.verify_cache(
            arguments.paths,
            processors=arguments.processor,
            percent=percent,
            seed=arguments.seed,
            progress=progress,
            should_stop=stop.is_made,
        )
    if stop.is_made():
        raise KeyboardInterrupt
    for message in found.failed:
        print_message(message)
    write_lines(render_verification(found, arguments.format), None)
    return _choose_status(found)


COMMAND = Command("cache verify", cache_verify, CacheVerifyArguments, _OPTIONS)


def _parse_percent(text: str) -> float:
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        raise UsageError(f"--sample must be above 0% and at most 100%, such as 5%, not {text!r}")
    return percent


def _choose_status(found: Verification) -> int:
    if found.failed:
        return BROKEN
    return SUCCESS if found.is_sound else FINDINGS
