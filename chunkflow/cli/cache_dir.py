"""`chunkflow cache dir`: print where the cache is."""

from chunkflow.cli.cache_options import COMMON, CacheArguments, load_project_settings
from chunkflow.cli.commands import Command
from chunkflow.cli.output import write_lines
from chunkflow.cli.status import SUCCESS
from chunkflow.report.cache import render_directory


def cache_dir(arguments: CacheArguments) -> int:
    """Print the cache's directory, whether it exists or not.

    Example: du -sh "$(chunkflow cache dir)"
    """
    settings = load_project_settings(arguments.cache_dir, arguments.config)
    write_lines(render_directory(settings.cache_dir, arguments.format), None)
    return SUCCESS


COMMAND = Command("cache dir", cache_dir, CacheArguments, COMMON)
