"""Every error that chunkflow raises on purpose.

    ChunkflowError
    ├── UsageError             the call or the command line is wrong
    │   ├── SettingsError      a settings file, a variable or an override is wrong
    │   └── UnknownProcessor   no processor has that name; names the nearest one
    ├── SourceError            one file cannot be read or processed; the run goes on
    │   └── TimeLimitReached   a file takes longer than its limit
    ├── ProcessorError         a processor failed on one chunk; the run goes on
    ├── CacheError             a store cannot be used; the run goes on without it
    └── PoolError              work could not be sent to other processes
        ├── WorkerDied         a worker process ended in the middle of a task
        ├── WorkerSpoiled      a worker process must be replaced before the task goes on
        └── TaskTimeout        a task took longer than its limit

Each is built from plain strings and survives pickling. A message names what failed, where,
and what to do about it. `Terminated` stands beside them, as KeyboardInterrupt does.
"""


class ChunkflowError(Exception):
    """Base of every error that chunkflow raises on purpose."""


class UsageError(ChunkflowError):
    """The call or the command line is wrong; nothing was done."""


class SettingsError(UsageError):
    """A settings file, an environment variable or an override is wrong."""


class UnknownProcessor(UsageError):
    """No processor has that name."""


class SourceError(ChunkflowError):
    """One file cannot be read or processed; the rest of the run goes on."""


class TimeLimitReached(SourceError):
    """A file takes longer than its limit; the rest of the run goes on."""


class ProcessorError(ChunkflowError):
    """A processor failed on one chunk; the rest of the run goes on."""


class CacheError(ChunkflowError):
    """A store cannot be used; the run goes on without it."""


class PoolError(ChunkflowError):
    """Work could not be sent to other processes."""


class WorkerDied(PoolError):
    """A worker process ended in the middle of a task."""


class WorkerSpoiled(PoolError):
    """A worker process must be replaced; the rest of the task counts as a new one."""


class TaskTimeout(PoolError):
    """A task took longer than its limit."""


_REASONS = {
    "FileNotFoundError": "no such file",
    "IsADirectoryError": "it is a directory",
    "NotADirectoryError": "a part of its path is not a directory",
}


def describe_os_error(exc: Exception) -> str:
    """The reason of an operating system's error, to follow a colon in a message."""
    text: str = getattr(exc, "strerror", None) or str(exc)
    return _REASONS.get(type(exc).__name__) or text[:1].lower() + text[1:]


class Terminated(BaseException):
    """A signal asked the process to end; like KeyboardInterrupt it is not to be caught.

    It is raised so that workers are ended and results stored on the way out.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        """The number of the signal."""

    @property
    def status(self) -> int:
        """The exit status of a process that the signal ended, as shells show it."""
        return 128 + self.number

    def __str__(self) -> str:
        from signal import Signals  # noqa: PLC0415 - only for the message

        return f"ended by {Signals(self.number).name}"
