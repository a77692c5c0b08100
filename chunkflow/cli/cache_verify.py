"""`chunkflow cache verify`: work out again what the cache holds, and compare."""

from collections.abc import Sequence
from typing import NamedTuple

from chunkflow.cli.cache_options import COMMON, PROCESSOR, opened_flow
from chunkflow.cli.options import WHOLE, Command, Option
from chunkflow.cli.output import say, write_lines
from chunkflow.cli.progress import progress_bar
from chunkflow.cli.signals import stopping
from chunkflow.cli.status import BROKEN, DONE, FINDINGS
from chunkflow.errors import UsageError
from chunkflow.model.verification import Verification
from chunkflow.report.cache import render_verification


class Arguments(NamedTuple):
    """What `cache verify` may be told."""

    paths: Sequence[str] | None = None
    sample: str = "5%"
    seed: str | None = None
    processor: Sequence[str] | None = None
    jobs: int | None = None
    format: str = "text"
    cache_dir: str | None = None
    config: str | None = None


_OPTIONS = (
    Option("paths", (), "Files and directories; none: the whole project.", multiple=True),
    Option("sample", ("--sample",), "How many of the files, at least one.", metavar="N%"),
    Option("seed", ("--seed",), "Chooses which; none: others every day.", metavar="TEXT"),
    PROCESSOR,
    Option("jobs", ("--jobs",), "Worker processes.", WHOLE, metavar="N"),
    *COMMON,
)


def cache_verify(arguments: Arguments) -> int:
    """Process some files again without the cache, and compare the results byte for byte.

    Exit status: 1 where the cache gives something else; each place is named. With --sample 100%
    the seal of every record in the cache is checked too.

    Example: chunkflow cache verify src --sample 20%
    """
    percent = _percent(arguments.sample)
    flow = opened_flow(arguments.cache_dir, arguments.config, jobs=arguments.jobs)
    with stopping() as stop, flow, progress_bar(enabled=True) as progress:
        found = flow.verify_cache(
            arguments.paths,
            processors=arguments.processor,
            percent=percent,
            seed=arguments.seed,
            progress=progress,
            should_stop=stop.is_asked,
        )
    if stop.is_asked():
        raise KeyboardInterrupt
    for message in found.failed:
        say(message)
    write_lines(render_verification(found, arguments.format), None)
    return _status(found)


COMMAND = Command("cache verify", cache_verify, Arguments, _OPTIONS)


def _percent(text: str) -> float:
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        raise UsageError(f"--sample must be above 0% and at most 100%, such as 5%, not {text!r}")
    return percent


def _status(found: Verification) -> int:
    if found.failed:
        return BROKEN
    return DONE if found.is_sound else FINDINGS
